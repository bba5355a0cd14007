"""Who is told of what: notifications follow from the audit row, never from the actor's door.

``AUDIENCES`` is the whole table. Fan-out is one INSERT ... SELECT for each portion of members. The
ids follow from event and member, so whoever comes up twice is told once; the cursor of the delivery
is the last member who was told, so a portion that was cut off is simply told again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils import dateformat, timezone, translation
from django.utils.translation import gettext as _

from dao_portal.core.actions import Action
from dao_portal.core.db.base import AMOUNT_DIGITS, AMOUNT_PLACES
from dao_portal.core.formats import DATE_AND_TIME
from dao_portal.core.models import AuditLog
from governance.models import Proposal
from governance.outcome import decide
from governance.wording import cancelled_headline, not_opened_headline, result_headline

PORTION = 10_000
CHANNEL = "site"
NOBODY = UUID(int=0)  # below every member's id, and no member's id

# As the page writes it: every digit, thousands separators, no trailing zeros.
AMOUNT_FORMAT = (
    "FM" + "999," * ((AMOUNT_DIGITS - AMOUNT_PLACES) // 3 - 1) + "990." + "9" * AMOUNT_PLACES
)

TELL = """
    WITH audience AS (
        SELECT user_id, power
        FROM power_snapshots
        WHERE proposal_id = %(proposal)s AND power > 0

        UNION ALL

        SELECT proposer_id, 0
        FROM proposals
        WHERE %(with_author)s AND id = %(proposal)s
    ), portion AS (
        SELECT user_id, power
        FROM audience
        WHERE user_id > %(cursor)s AND user_id <> %(actor)s
        ORDER BY user_id
        LIMIT %(portion)s
    ), told AS (
        INSERT INTO notifications (id, user_id, type, title, message, data)
        SELECT notification_id(%(event)s, user_id, %(channel)s),
               user_id,
               %(type)s,
               %(title)s,
               %(message)s || replace(
                   %(power_sentence)s,
                   '{power}',
                   rtrim(to_char(power, %(amount_format)s), '.')
               ),
               %(data)s
        FROM portion
        ON CONFLICT DO NOTHING
    )
    SELECT user_id, count(*) OVER ()
    FROM portion
    ORDER BY user_id DESC
    LIMIT 1
"""


@dataclass(frozen=True)
class Words:
    """What everybody in the audience reads, in one language.

    ``power_sentence`` follows the message with ``{power}`` as each member's own counted power. It
    holds no words of a member, so that nothing in a title can be taken for that mark.
    """

    title: str
    message: str
    power_sentence: str = ""


@dataclass(frozen=True)
class Audience:
    """Everybody whose power was counted, perhaps the author as well, and what they are told.

    ``while_open``: only as long as votes count. Later it would call for what nobody can do.
    """

    words: Callable[[Proposal], Words]
    with_author: bool = False
    while_open: bool = False


def words_for_opened(proposal: Proposal) -> Words:
    """What they can do, until when, and with how much."""
    assert proposal.voting_end
    return Words(
        title=_("A proposal needs your vote"),
        message=_("“%(title)s” is open until %(closes)s.")
        % {"title": proposal.title, "closes": spell_time(proposal.voting_end)},
        power_sentence=_("You have %(power)s power in this vote.") % {"power": "{power}"},
    )


def words_for_closed(proposal: Proposal) -> Words:
    """How it ended, as the proposal's page says it."""
    outcome = decide(proposal.final_tally, proposal.rule)
    headline = result_headline(outcome, proposal.rule, voters=proposal.total_votes)
    return Words(title=headline.title, message=about(proposal, headline.text))


def words_for_cancelled(proposal: Proposal) -> Words:
    """That it is over, with the moderator's public reason."""
    headline = cancelled_headline(proposal.outcome_note)
    return Words(title=headline.title, message=about(proposal, headline.text))


def words_for_not_opened(proposal: Proposal) -> Words:
    """That it came to nothing, and through no fault of its author's."""
    headline = not_opened_headline()
    return Words(title=headline.title, message=about(proposal, headline.text))


# Where voting could not be opened nobody was counted: it is the author who waits for news.
AUDIENCES: dict[Action, Audience] = {
    Action.PROPOSAL_OPENED: Audience(words_for_opened, while_open=True),
    Action.PROPOSAL_NOT_OPENED: Audience(words_for_not_opened, with_author=True),
    Action.PROPOSAL_CLOSED: Audience(words_for_closed, with_author=True),
    Action.PROPOSAL_CANCELLED: Audience(words_for_cancelled, with_author=True),
}


class NotificationSubscriber:
    """Tells the audience of an event on the site; core/audit/delivery.py calls it."""

    actions = frozenset(AUDIENCES)

    def deliver(self, event: AuditLog, cursor: UUID | None) -> UUID | None:
        """Tell the next PORTION of members after ``cursor``; the last of them, or None at the end.

        Nobody is told of what they did themselves, nor called to a vote that is over: how it ended
        is an event of its own.
        """
        assert event.resource_id
        audience = AUDIENCES[Action(event.action)]
        proposal = Proposal.objects.published().defer(*Proposal.BODIES).get(pk=event.resource_id)
        if audience.while_open and not proposal.is_open:
            return None
        # Members choose no language yet; when they do, each language is a portion of its own.
        with translation.override(settings.LANGUAGE_CODE):
            words = audience.words(proposal)
        last, told = tell(
            event,
            words=words,
            url=proposal.get_absolute_url(),
            with_author=audience.with_author,
            after=cursor or NOBODY,
        )
        return last if told == PORTION else None


def tell(
    event: AuditLog, *, words: Words, url: str, with_author: bool, after: UUID
) -> tuple[UUID | None, int]:
    """One INSERT ... SELECT; the last member of the portion and how many members it had."""
    with connection.cursor() as cursor:
        cursor.execute(
            TELL,
            {
                "event": event.pk,
                "proposal": event.resource_id,
                "with_author": with_author,
                "actor": event.user_id or NOBODY,
                "cursor": after,
                "portion": PORTION,
                "channel": CHANNEL,
                "type": event.action,
                "title": words.title,
                "message": words.message,
                "power_sentence": f" {words.power_sentence}" if words.power_sentence else "",
                "amount_format": AMOUNT_FORMAT,
                "data": json.dumps({"url": url}),
            },
        )
        return cursor.fetchone() or (None, 0)


def about(proposal: Proposal, text: str) -> str:
    """``text`` after the proposal's title."""
    return _("“%(title)s”: %(text)s") % {"title": proposal.title, "text": text}


def spell_time(moment: datetime) -> str:
    """The moment with its zone, as the pages write it: 24 Nov 2026, 20:24 UTC.

    In UTC whoever's request this runs in: one text goes to many readers.
    """
    local = timezone.localtime(moment, UTC)
    return f"{dateformat.format(local, DATE_AND_TIME)} {local.tzname()}"
