"""Telling an audience: one INSERT ... SELECT for each portion of members.

Whoever comes up twice is told once, with the amount that is known of them. The ids follow from
event and member; the cursor of the delivery is the last member who was told, so a portion that was
cut off is simply told again. A portion holds members of every language: each gets the row of words
that is theirs.
"""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils import translation

from dao_portal.core.db.base import AMOUNT_DIGITS, AMOUNT_PLACES
from dao_portal.core.models import AuditLog

from .registry import Notice
from .words import OWN_AMOUNT

PORTION = 10_000
CHANNEL = "site"
NOBODY = UUID(int=0)  # below every member's id, and no member's id

# As the page writes it: every digit, thousands separators, no trailing zeros.
AMOUNT_FORMAT = (
    "FM" + "999," * ((AMOUNT_DIGITS - AMOUNT_PLACES) // 3 - 1) + "990." + "9" * AMOUNT_PLACES
)

TELL = """
    WITH audience AS ({audience}), portion AS (
        SELECT DISTINCT ON (member_id) member_id, language, amount
        FROM audience
        WHERE member_id > %(after)s AND member_id <> %(actor)s
        ORDER BY member_id, amount DESC NULLS LAST
        LIMIT %(portion)s
    ), words AS (
        SELECT *
        FROM jsonb_to_recordset(%(words)s::jsonb)
            AS words (language text, title text, message text, own text)
    ), told AS (
        INSERT INTO notifications (id, user_id, type, title, message, data)
        SELECT notification_id(%(event)s, member_id, %(channel)s),
               member_id,
               %(type)s,
               title,
               message || coalesce(
                   replace(own, %(own_amount)s, rtrim(to_char(amount, %(amount_format)s), '.')), ''
               ),
               %(data)s::jsonb || jsonb_strip_nulls(
                   jsonb_build_object('amount', trim_scale(amount)::text)
               )
        FROM portion
        JOIN words ON words.language = CASE
            WHEN portion.language = ANY (%(languages)s) THEN portion.language
            ELSE %(site_language)s
        END
        ON CONFLICT DO NOTHING
    )
    SELECT member_id, count(*) OVER ()
    FROM portion
    ORDER BY member_id DESC
    LIMIT 1
"""


def tell(notice: Notice[Any], event: AuditLog, *, after: UUID | None) -> UUID | None:
    """Tell the next PORTION of the notice's audience; the last of them, or None at the end.

    Nobody is told of what they did themselves. Safe to repeat.
    """
    subject = notice.subject(event)
    if subject is None:
        return None
    words = {}
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            words[language] = notice.words(subject)
    site = words[settings.LANGUAGE_CODE]
    with connection.cursor() as cursor:
        cursor.execute(
            TELL.format(audience=notice.audience),
            {
                "event": event.pk,
                "resource": event.resource_id,
                "actor": event.user_id or NOBODY,
                "after": after or NOBODY,
                "portion": PORTION,
                "channel": CHANNEL,
                "type": notice.action,
                "words": json.dumps(
                    [
                        {
                            "language": language,
                            "title": said.title,
                            "message": said.message,
                            "own": f" {said.own}" if said.own else "",
                        }
                        for language, said in words.items()
                    ]
                ),
                "languages": list(words),
                "site_language": settings.LANGUAGE_CODE,
                "own_amount": OWN_AMOUNT,
                "amount_format": AMOUNT_FORMAT,
                "data": json.dumps({"url": notice.address(subject), **site.parameters}),
            },
        )
        last, told = cursor.fetchone() or (None, 0)
    return last if told == PORTION else None
