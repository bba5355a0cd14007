"""Closing: the votes are counted, and the result is written down once."""

from __future__ import annotations

import logging
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce

from dao_portal.core.actions import Action
from dao_portal.core.audit.events import record
from dao_portal.core.db.base import database_now

from ..canonical import votes_digest
from ..frozen import Result
from ..models import Proposal, TallySlot, Vote
from ..outcome import Rule, Tally, decide, to_units
from . import locks

logger = logging.getLogger(__name__)


@transaction.atomic
def close_proposal(*, proposal_id: UUID) -> bool:
    """Count the votes and write the result. True for the one call that did it.

    Takes the proposal's advisory lock alone, and so waits for every vote under way; only then a
    new statement reads the status, and sees a close that came first.
    """
    locks.lock_alone(proposal_id)
    proposal = locks.lock_row(proposal_id)
    if not Proposal.objects.due_to_close().filter(pk=proposal_id).exists():
        return False
    result = count_result(proposal, fingerprint=proposal.fingerprint, rule=proposal.rule)
    proposal.write(**result.columns, closed_at=database_now())
    record(
        Action.PROPOSAL_CLOSED,
        actor=None,
        resource=proposal,
        old={"status": Proposal.Status.ACTIVE},
        new={"number": proposal.number, **result.audit_values},
    )
    return True


def count_result(proposal: Proposal, *, fingerprint: str, rule: Rule) -> Result:
    """What the votes of ``proposal`` come to under ``rule``. Needs its lock."""
    counted = count_votes(proposal.pk)
    slots = live_counts(proposal.pk)
    if counted != slots:
        logger.critical("proposal #%s: slots %s, votes %s", proposal.number, slots, counted)
    votes = Vote.objects.filter(proposal=proposal).iterator()
    tally = Tally(**{choice: to_units(counted[f"{choice}_power"]) for choice in Vote.Choice.values})
    return Result(
        counts=counted,
        votes_digest=votes_digest(vote.receipt(fingerprint) for vote in votes),
        outcome=decide(tally, rule),
    )


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
