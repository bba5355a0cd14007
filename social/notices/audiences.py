"""Whom a notice goes to: an audience is one question in SQL, about whatever the event is about.

It answers with rows of three columns: ``member_id``; ``language``, in which they are told (one that
the portal does not speak stands for the site's own); ``amount``, the member's own, such as their
power, or NULL. It may ask for ``%(resource)s``, the key of what the event happened to, for
``%(event)s``, the event's own, and for ``%(site_language)s``.

Whoever comes up twice is told once, and nobody is told of what they did themselves.
"""

# Members choose no language yet. When they do, this expression finds it.
LANGUAGE = "%(site_language)s"

# ruff: noqa: S608  (put together from the constants of this file)

COUNTED = f"""
    SELECT user_id AS member_id, {LANGUAGE} AS language, power AS amount
    FROM power_snapshots
    WHERE proposal_id = %(resource)s AND power > 0
"""

# Where voting could not be opened nobody was counted: it is the author who waits for news.
COUNTED_AND_AUTHOR = f"""
    {COUNTED}
    UNION ALL
    SELECT proposer_id, {LANGUAGE}, NULL
    FROM proposals
    WHERE id = %(resource)s
"""
