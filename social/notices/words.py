"""What notices say, in the language that is active, and what they are about."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.utils import dateformat, timezone
from django.utils.translation import gettext as _

from dao_portal.core.formats import DATE_AND_TIME
from dao_portal.core.models import AuditLog
from governance.models import Proposal
from governance.outcome import decide
from governance.wording import Headline, cancelled_headline, not_opened_headline, result_headline

OWN_AMOUNT = "{amount}"


@dataclass(frozen=True)
class Words:
    """What everybody in the audience reads, in one language.

    ``own`` is a sentence that follows the message, with OWN_AMOUNT where each member's own amount
    goes; who has none does not read it. It holds no words of a member, so that nothing in a title
    can be taken for that mark. ``parameters`` is JSON, the same in every language: what the words
    name, with amounts as strings and times in ISO 8601.
    """

    title: str
    message: str
    own: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)


# --- subjects: what the words of an event are about, or None when it is too late for them ---------


def published_proposal(event: AuditLog) -> Proposal:
    """The proposal that the event happened to."""
    assert event.resource_id
    return Proposal.objects.published().defer(*Proposal.BODIES).get(pk=event.resource_id)


def open_proposal(event: AuditLog) -> Proposal | None:
    """The same while votes count. Later it would call for what nobody can do."""
    proposal = published_proposal(event)
    return proposal if proposal.is_open else None


# --- words --------------------------------------------------------------------------------------


def words_for_opened(proposal: Proposal) -> Words:
    """What they can do, until when, and with how much."""
    assert proposal.voting_end
    return Words(
        title=_("A proposal needs your vote"),
        message=_("“%(title)s” is open until %(closes)s.")
        % {"title": proposal.title, "closes": spell_time(proposal.voting_end)},
        own=_("You have %(power)s power in this vote.") % {"power": OWN_AMOUNT},
        parameters={**named(proposal), "closes": proposal.voting_end.isoformat()},
    )


def words_for_closed(proposal: Proposal) -> Words:
    """How it ended, as the proposal's page says it."""
    outcome = decide(proposal.final_tally, proposal.rule)
    return over(proposal, result_headline(outcome, proposal.rule, voters=proposal.total_votes))


def words_for_cancelled(proposal: Proposal) -> Words:
    """That it is over, with the moderator's public reason."""
    return over(proposal, cancelled_headline(proposal.outcome_note))


def words_for_not_opened(proposal: Proposal) -> Words:
    """That it came to nothing, and through no fault of its author's."""
    return over(proposal, not_opened_headline())


def over(proposal: Proposal, headline: Headline) -> Words:
    """The headline of a proposal that is over, after its title."""
    return Words(
        title=headline.title,
        message=_("“%(title)s”: %(text)s") % {"title": proposal.title, "text": headline.text},
        parameters=named(proposal) | {"reason": proposal.outcome_reason},
    )


def named(proposal: Proposal) -> dict[str, Any]:
    """By what people and programs know a proposal."""
    return {"number": proposal.number, "title": proposal.title}


def spell_time(moment: datetime) -> str:
    """The moment with its zone, as the pages write it: 24 Nov 2026, 20:24 UTC.

    In UTC whoever's request this runs in: one text goes to many readers.
    """
    local = timezone.localtime(moment, UTC)
    return f"{dateformat.format(local, DATE_AND_TIME)} {local.tzname()}"
