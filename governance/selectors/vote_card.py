"""The vote card: which of its states a viewer sees, and what it shows them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from django.contrib.auth.models import AnonymousUser

from accounts.models import User
from treasury.selectors import holdings

from ..models import MAX_REASON, PowerSnapshot, Proposal, Vote

Phase = Proposal.Phase

State = Literal[
    "choose",
    "closed",
    "history",
    "no_power",
    "opening",
    "refused",
    "review",
    "rival",
    "signed_out",
    "stopped",
    "upcoming",
    "voted",
]
# Phases in which the card says the same to everybody.
FIXED_STATES: dict[Phase, State] = {
    Phase.UPCOMING: "upcoming",
    Phase.OPENING: "opening",
    Phase.CANCELLED: "stopped",
    Phase.WITHDRAWN: "stopped",
    Phase.NOT_OPENED: "stopped",
}


@dataclass(frozen=True)
class VoteCard:
    """One state of the card, whose words are in governance/vote/<state>.html.

    upcoming, opening, stopped, history, closed: nobody votes. signed_out, no_power: not this
    viewer. choose, review, voted: the three steps. rival: another vote of theirs stands than they
    meant to change. refused: the vote came too late or in vain.

    ``vote`` and ``receipt`` are what stands. ``choice``, ``reason``, ``error`` and ``replaces``
    (the receipt that the viewer has seen standing) belong to the form that was sent; ``focus``
    says that the card has just taken the place of another one.
    """

    state: State
    vote: Vote | None = None
    receipt: str = ""
    snapshot: PowerSnapshot | None = None
    power_now: Decimal | None = None
    choice: str = ""
    reason: str = ""
    error: str = ""
    replaces: str = ""
    focus: bool = False

    @property
    def template(self) -> str:
        return f"governance/vote/{self.state}.html"

    @property
    def choices(self) -> list[tuple[str, str]]:
        return [(choice.value, str(choice.label)) for choice in Vote.Choice]

    @property
    def most_characters(self) -> int:
        return MAX_REASON

    @property
    def choice_label(self) -> str:
        return dict(self.choices).get(self.choice, "")


def vote_card(
    proposal: Proposal, viewer: User | AnonymousUser, *, changing: bool = False
) -> VoteCard:
    """What ``viewer`` can do about ``proposal`` now; ``changing`` shows the form to who has voted.

    ``proposal`` is published. Two queries at most.
    """
    phase = proposal.phase
    if phase == Phase.UPCOMING and viewer.is_authenticated:
        return VoteCard("upcoming", power_now=holdings.current_power(viewer))
    if not viewer.is_authenticated or not proposal.opened_at:
        return VoteCard(_state_for_anyone(proposal))
    vote = Vote.objects.filter(proposal=proposal, voter=viewer).first()
    snapshot = PowerSnapshot.objects.filter(proposal=proposal, user=viewer, power__gt=0).first()
    receipt = vote.receipt(proposal.fingerprint) if vote else ""
    return VoteCard(
        _state_for_member(proposal, vote, snapshot, changing=changing),
        vote=vote,
        receipt=receipt,
        replaces=receipt,
        snapshot=snapshot,
        choice=vote.vote_type if vote else "",
        reason=vote.reason if vote else "",
    )


def voted_card(proposal: Proposal, vote: Vote) -> VoteCard:
    """The card of whoever has just cast ``vote``. No query."""
    return VoteCard("voted", vote=vote, receipt=vote.receipt(proposal.fingerprint))


def _state_for_anyone(proposal: Proposal) -> State:
    if proposal.phase in FIXED_STATES:
        return FIXED_STATES[proposal.phase]
    if proposal.source != Proposal.Source.PORTAL:
        return "history"
    return "signed_out" if proposal.is_open else "closed"


def _state_for_member(
    proposal: Proposal, vote: Vote | None, snapshot: PowerSnapshot | None, *, changing: bool
) -> State:
    state = _state_for_anyone(proposal)
    if state != "signed_out":
        return state
    if snapshot is None:
        return "no_power"
    return "voted" if vote and not changing else "choose"
