"""Opening, closing and cancelling: what the clock decided, written down once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext as _

from accounts.models import User
from dao_portal.core.actions import Action
from dao_portal.core.audit.events import record
from dao_portal.core.db.base import database_now
from dao_portal.core.options import get_option

from ..canonical import canonical_amount, canonical_hash, votes_digest
from ..errors import NothingToCancel, NotPublishable
from ..models import RULE_VERSION, PowerSnapshot, Proposal, TallySlot, Vote
from ..outcome import Outcome, decide
from ..rules import Rules, current_rules
from ..selectors.files import fingerprinted

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Advanced:
    """The numbers of the proposals that one sweep opened, closed, found too late, and failed on."""

    opened: list[int]
    closed: list[int]
    expired: list[int]
    failed: list[int]


def advance_proposals() -> Advanced:
    """Open and close all that is due, one transaction each: one failure stops no other.

    What could not be opened in time expires, also when its end came while this sweep tried.
    """
    failed: list[int] = []
    return Advanced(
        opened=_each(Proposal.objects.due_to_open(), open_proposal, failed),
        closed=_each(Proposal.objects.due_to_close(), close_proposal, failed),
        expired=_each(Proposal.objects.missed(), expire_proposal, failed),
        failed=failed,
    )


def _each(due: Any, service: Callable[..., bool], failed: list[int]) -> list[int]:
    done = []
    for proposal_id, number in list(due.values_list("pk", "number")):
        try:
            if service(proposal_id=proposal_id):
                done.append(number)
        except Exception:
            logger.exception("proposal #%s: %s failed", number, service.__name__)
            failed.append(number)
    return done


@transaction.atomic
def open_proposal(*, proposal_id: UUID) -> bool:
    """Freeze power and rule, and let votes in. True for the one call that did it.

    Late is better than never, but never after the end: see ``expire_proposal``. Takes the
    proposal's advisory lock alone, and so waits for whoever still adds power. Power is counted at
    ``opened_at``, for every holder at once.
    """
    lock_alone(proposal_id)
    proposal = _lock(proposal_id)
    if not Proposal.objects.due_to_open().filter(pk=proposal_id).exists():
        return False
    rules = current_rules()
    if rules.token is None:
        raise NotPublishable(_("The community has no governance token yet."))
    write_opening(proposal, rules, total_power=snapshot_power(proposal, token_id=rules.token.pk))
    return True


def write_opening(proposal: Proposal, rules: Rules, *, total_power: Decimal) -> None:
    """Freeze ``rules`` on ``proposal`` and let votes in; its power is counted. Needs its lock."""
    set_rule(proposal, rules, total_power=total_power)
    freeze_rule(proposal)
    proposal.opened_at = database_now()
    proposal.save()
    record(
        Action.PROPOSAL_OPENED,
        actor=None,
        resource=proposal,
        new={
            "number": proposal.number,
            "fingerprint": proposal.fingerprint,
            "total_power": canonical_amount(total_power),
            "quorum": canonical_amount(rules.quorum_of(total_power)),
        },
    )


def snapshot_power(
    proposal: Proposal, *, token_id: UUID, members: Sequence[UUID] | None = None
) -> Decimal:
    """Count everybody's power in one statement; the sum. Each part is rounded down, then added.

    Only that of ``members`` where they are given: no real opening does that.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO power_snapshots (proposal_id, user_id, own, staked, delegated, power)
            SELECT %(proposal)s, user_id, own, staked, 0, own + staked
            FROM (
                SELECT user_id,
                       trunc(balance * %(balance_weight)s, 18) AS own,
                       trunc(staked_balance * %(staked_weight)s, 18) AS staked
                FROM user_tokens
                WHERE token_id = %(token)s
                  AND (%(members)s::uuid[] IS NULL OR user_id = ANY(%(members)s))
            ) AS parts
            WHERE own + staked > 0
            """,
            {
                "proposal": proposal.pk,
                "token": token_id,
                "members": None if members is None else list(members),
                "balance_weight": get_option("power.balance_weight"),
                "staked_weight": get_option("power.staked_weight"),
            },
        )
    total: Decimal = PowerSnapshot.objects.filter(proposal=proposal).aggregate(
        total=Coalesce(Sum("power"), Decimal(0))
    )["total"]
    return total


def set_rule(proposal: Proposal, rules: Rules, *, total_power: Decimal) -> None:
    """Let ``proposal`` be judged by ``rules``, among so much power; saves nothing."""
    proposal.token = rules.token
    proposal.total_power = total_power
    proposal.quorum_mode = rules.quorum_mode
    proposal.quorum_threshold = rules.quorum_of(total_power)
    proposal.approval_numerator = rules.approval.numerator
    proposal.approval_denominator = rules.approval.denominator


def freeze_rule(proposal: Proposal) -> None:
    """Set what follows from the rule that is already on ``proposal``; saves nothing."""
    proposal.rule_version = RULE_VERSION
    rule = proposal.rule
    places = Decimal(1).scaleb(-18)
    proposal.approval_threshold = (
        Decimal(rule.approval_numerator) / Decimal(rule.approval_denominator)
    ).quantize(places)
    proposal.fingerprint = f"sha256:{canonical_hash(fingerprinted(proposal))}"


@transaction.atomic
def expire_proposal(*, proposal_id: UUID) -> bool:
    """Write down that voting could not be opened in time. True for the one call that did it.

    Nobody was counted and nobody could vote, so there is no rule, no digest and nothing to count.
    """
    lock_alone(proposal_id)
    proposal = _lock(proposal_id)
    if not Proposal.objects.missed().filter(pk=proposal_id).exists():
        return False
    proposal.status = Proposal.Status.EXPIRED
    proposal.outcome_reason = Proposal.Phase.NOT_OPENED
    proposal.closed_at = database_now()
    proposal.save()
    record(
        Action.PROPOSAL_NOT_OPENED,
        actor=None,
        resource=proposal,
        old={"status": Proposal.Status.ACTIVE},
        new={
            "number": proposal.number,
            "status": proposal.status,
            "reason": proposal.outcome_reason,
        },
    )
    return True


@transaction.atomic
def close_proposal(*, proposal_id: UUID) -> bool:
    """Count the votes and write the result. True for the one call that did it.

    Takes the proposal's advisory lock alone, and so waits for every vote under way; only then a
    new statement reads the status, and sees a close that came first.
    """
    lock_alone(proposal_id)
    proposal = _lock(proposal_id)
    if not Proposal.objects.due_to_close().filter(pk=proposal_id).exists():
        return False
    outcome = write_result(proposal)
    proposal.closed_at = database_now()
    proposal.save()
    record(
        Action.PROPOSAL_CLOSED,
        actor=None,
        resource=proposal,
        old={"status": Proposal.Status.ACTIVE},
        new={
            "number": proposal.number,
            "status": outcome.status,
            "reason": outcome.reason,
            "yes": canonical_amount(proposal.yes_power),
            "no": canonical_amount(proposal.no_power),
            "abstain": canonical_amount(proposal.abstain_power),
            "voters": proposal.total_votes,
            "votes_digest": proposal.votes_digest,
        },
    )
    return True


def write_result(proposal: Proposal) -> Outcome:
    """Set tally, digest, status and reason from the votes; saves nothing. Needs the lock."""
    counted = count_votes(proposal.pk)
    slots = live_counts(proposal.pk)
    if counted != slots:
        logger.critical("proposal #%s: slots %s, votes %s", proposal.number, slots, counted)
    for name, value in counted.items():
        setattr(proposal, name, value)
    proposal.total_votes = proposal.yes_votes + proposal.no_votes + proposal.abstain_votes
    proposal.votes_digest = votes_digest(
        vote.receipt(proposal.fingerprint)
        for vote in Vote.objects.filter(proposal=proposal).iterator()
    )
    outcome = decide(proposal.final_tally, proposal.rule)
    proposal.status = outcome.status
    proposal.outcome_reason = outcome.reason
    return outcome


def count_votes(proposal_id: UUID) -> dict[str, Any]:
    """Heads and power per choice, from the votes themselves."""
    choices = Vote.Choice.values
    heads = {f"{choice}_votes": Count("pk", filter=Q(vote_type=choice)) for choice in choices}
    power = {
        f"{choice}_power": Coalesce(Sum("voting_power", filter=Q(vote_type=choice)), Decimal(0))
        for choice in choices
    }
    return Vote.objects.filter(proposal_id=proposal_id).aggregate(**heads, **power)


def live_counts(proposal_id: UUID) -> dict[str, Any]:
    """The same counts, from the sixteen slots that the trigger keeps."""
    zero = {"votes": 0, "power": Decimal(0)}
    return TallySlot.objects.filter(proposal_id=proposal_id).aggregate(
        **{
            f"{choice}_{unit}": Coalesce(Sum(f"{choice}_{unit}"), start)
            for unit, start in zero.items()
            for choice in Vote.Choice.values
        }
    )


@transaction.atomic
def cancel_proposal(*, actor: User, proposal_id: UUID, note: str) -> Proposal:
    """Stop a published proposal, with a public reason. Takes the same locks as closing.

    For moderators and administrators; the door checks the role.
    """
    note = note.strip()
    if not note:
        raise NothingToCancel(_("Give the public reason for cancelling."))
    lock_alone(proposal_id)
    proposal = _lock(proposal_id)
    if proposal.status != Proposal.Status.ACTIVE:
        raise NothingToCancel
    proposal.status = Proposal.Status.REJECTED
    proposal.outcome_reason = "cancelled"
    proposal.outcome_note = note
    proposal.closed_at = database_now()
    proposal.save()
    record(
        Action.PROPOSAL_CANCELLED,
        actor=actor,
        resource=proposal,
        old={"status": Proposal.Status.ACTIVE},
        new={"status": Proposal.Status.REJECTED, "note": note},
    )
    return proposal


def lock_alone(proposal_id: UUID) -> None:
    """Wait for every vote under way and keep new ones out until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(proposal_lock_key(%s))", [proposal_id])


def _lock(proposal_id: UUID) -> Proposal:
    return (
        Proposal.objects.select_for_update(of=("self",), no_key=True)
        .annotate(db_now=Now())
        .get(pk=proposal_id)
    )
