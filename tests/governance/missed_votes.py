"""A proposal whose window was slept through, and the words of its page."""

import re
from html import unescape

from django.utils import timezone

from tests.factories import DAY, HOUR, ProposalFactory, UserFactory, give_power


def missed(**fields):
    """Published in time, and nobody was there to open it: its window ended an hour ago."""
    give_power(UserFactory(), 60)
    now = timezone.now()
    window = {"voting_start": now - 3 * DAY, "voting_end": now - HOUR}
    return ProposalFactory(due=True, published_at=now - 4 * DAY, **window | fields)


def words(response):
    """What the main part of a page says, without markup."""
    main = response.content.decode().partition('id="main"')[2].partition("</main>")[0]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main.partition(">")[2])).split())
