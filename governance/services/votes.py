"""Casting and changing a vote."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils.translation import ngettext, ngettext_lazy

from accounts.models import User
from dao_portal.core.actions import Action
from dao_portal.core.audit.events import record
from dao_portal.core.brakes import Limit

from ..canonical import canonical_amount, reason_hash
from ..errors import (
    AnotherVoteStands,
    NotEligible,
    ReasonTooLong,
    UnknownChoice,
    VotingClosed,
    VotingNotOpen,
)
from ..models import MAX_REASON, PowerSnapshot, Proposal, Vote
from ..models.proposal_phases import COMING_PHASES
from . import locks

BEFORE_VOTING = (Proposal.Phase.DRAFT, *COMING_PHASES)

CHANGES = Limit(
    "governance.vote_changes_per_hour",
    timedelta(hours=1),
    ngettext_lazy(
        "You have changed your votes %(n)s time within an hour. What stands counts; you can change"
        " it in %(wait)s.",
        "You have changed your votes %(n)s times within an hour. What stands counts; you can"
        " change it in %(wait)s.",
        "n",
    ),
)


@transaction.atomic
def cast_vote(
    *, actor: User, proposal_id: UUID, choice: str, reason: str = "", replaces: str = ""
) -> Vote:
    """Cast ``actor``'s vote, or change the one whose receipt is ``replaces``; "" where none stands.

    Whoever votes names what they saw, so that a request which was overtaken on its way never
    takes the place of a newer vote. What stands already is never refused and changes nothing.

    Takes the proposal's advisory lock (shared), then the voter's own snapshot row, so that one
    member's requests queue and different members' do not. Window, power and tally are the
    database's: its guard judges by its own clock inside this transaction.

    Raises VotingNotOpen, VotingClosed, NotEligible; then, as choosing again would not have helped
    there, UnknownChoice and ReasonTooLong; AnotherVoteStands, and TooOften for a change.
    """
    locks.lock_shared(proposal_id)
    proposal = Proposal.objects.annotate(db_now=Now()).get(pk=proposal_id)
    _require_open(proposal)
    if not _lock_power(proposal_id, actor):
        raise NotEligible
    reason = reason.strip()
    _require_valid(choice, reason)

    standing = Vote.objects.filter(proposal_id=proposal_id, voter=actor).first()
    if standing and _says(standing, choice, reason):
        return standing
    _require_replaced(standing, proposal, replaces)
    if standing:  # each change stays in the audit log; a first vote is never one too many
        CHANGES.count(actor)
    try:
        vote = _write_vote(proposal, actor, choice, reason)
    except IntegrityError as error:
        raise _refusal(error) from error
    record(
        Action.VOTE_CHANGED if standing else Action.VOTE_CAST,
        actor=actor,
        resource=proposal,
        old=_audit_values(standing, proposal) if standing else None,
        new=_audit_values(vote, proposal),
    )
    return vote


def check_ballot(
    *, actor: User, proposal_id: UUID, choice: str, reason: str = "", replaces: str = ""
) -> None:
    """Raise what ``cast_vote`` would raise now, before the member looks once more.

    Locks and writes nothing.
    """
    proposal = Proposal.objects.annotate(db_now=Now()).get(pk=proposal_id)
    _require_open(proposal)
    if not _counted_power(proposal_id, actor).exists():
        raise NotEligible
    reason = reason.strip()
    _require_valid(choice, reason)
    standing = Vote.objects.filter(proposal_id=proposal_id, voter=actor).first()
    if not (standing and _says(standing, choice, reason)):
        _require_replaced(standing, proposal, replaces)


def _require_valid(choice: str, reason: str) -> None:
    if choice not in Vote.Choice.values:
        raise UnknownChoice
    if len(reason) > MAX_REASON:
        raise ReasonTooLong(
            ngettext(
                "Keep your reason to %(n)s character.",
                "Keep your reason to %(n)s characters.",
                MAX_REASON,
            )
            % {"n": MAX_REASON}
        )


def _require_open(proposal: Proposal) -> None:
    """What can be known before the guard judges by its own clock."""
    if proposal.phase in BEFORE_VOTING:
        raise VotingNotOpen
    if not proposal.is_open:
        raise VotingClosed


def _says(vote: Vote, choice: str, reason: str) -> bool:
    """By the hash of the reason: it stays when a reason is hidden."""
    return (vote.vote_type, vote.reason_sha256) == (choice, reason_hash(reason))


def _require_replaced(standing: Vote | None, proposal: Proposal, replaces: str) -> None:
    """AnotherVoteStands unless ``replaces`` is the receipt of ``standing``, or "" for none."""
    receipt = standing.receipt(proposal.fingerprint) if standing else ""
    if receipt != replaces:
        raise AnotherVoteStands(receipt)


def _lock_power(proposal_id: UUID, voter: User) -> bool:
    """Lock the voter's counted power; False when there is none."""
    return _counted_power(proposal_id, voter).select_for_update(no_key=True).exists()


def _counted_power(proposal_id: UUID, voter: User) -> QuerySet[PowerSnapshot]:
    return PowerSnapshot.objects.filter(proposal_id=proposal_id, user=voter, power__gt=0)


def _write_vote(proposal: Proposal, voter: User, choice: str, reason: str) -> Vote:
    """One upsert; the guard sets power and time, so the row is read back."""
    Vote.objects.bulk_create(
        [
            Vote(
                proposal=proposal,
                voter=voter,
                vote_type=choice,
                voting_power=Decimal(0),  # the guard fills it in
                reason=reason,
                reason_sha256=reason_hash(reason),
            )
        ],
        update_conflicts=True,
        unique_fields=["proposal", "voter"],
        update_fields=["vote_type", "reason", "reason_sha256", "updated_at"],
    )
    return Vote.objects.get(proposal=proposal, voter=voter)


def _refusal(error: IntegrityError) -> Exception:
    """The guard's refusal in a member's words; anything else stays what it was."""
    diagnostics = getattr(error.__cause__, "diag", None)
    constraint = getattr(diagnostics, "constraint_name", None)
    return VotingClosed() if constraint == "votes_window" else error


def _audit_values(vote: Vote, proposal: Proposal) -> dict[str, Any]:
    return {
        "choice": vote.vote_type,
        "power": canonical_amount(vote.voting_power),
        "receipt": vote.receipt(proposal.fingerprint),
    }
