"""Opening: power is counted and the rule frozen, or it is written down that it was too late."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from dao_portal.core.actions import Action
from dao_portal.core.audit.events import record
from dao_portal.core.db.base import database_now
from treasury import power

from ..canonical import canonical_amount
from ..errors import NotPublishable
from ..frozen import FrozenRule
from ..models import PowerSnapshot, Proposal
from ..outcome import Reason
from ..rules import current_rules
from . import locks


@transaction.atomic
def open_proposal(*, proposal_id: UUID) -> bool:
    """Freeze power and rule, and let votes in. True for the one call that did it.

    Late is better than never, but never after the end: see ``expire_proposal``. Takes the
    proposal's advisory lock alone, and so waits for whoever still adds power. Power is counted at
    ``opened_at``, for every holder at once.
    """
    locks.lock_alone(proposal_id)
    proposal = locks.lock_row(proposal_id)
    if not Proposal.objects.due_to_open().filter(pk=proposal_id).exists():
        return False
    rules = current_rules()
    if rules.token is None:
        raise NotPublishable(_("The community has no governance token yet."))
    total_power = snapshot_power(proposal, token_id=rules.token.pk)
    write_opening(proposal, rules.freeze(total_power))
    return True


def write_opening(proposal: Proposal, rule: FrozenRule) -> None:
    """Freeze ``rule`` on ``proposal`` and let votes in; its power is counted. Needs its lock."""
    assert rule.total_power is not None
    proposal.write(**rule.columns(proposal), opened_at=database_now())
    record(
        Action.PROPOSAL_OPENED,
        actor=None,
        resource=proposal,
        new={
            "number": proposal.number,
            "fingerprint": proposal.fingerprint,
            "total_power": canonical_amount(rule.total_power),
            "quorum": canonical_amount(rule.quorum),
        },
    )


def snapshot_power(
    proposal: Proposal, *, token_id: UUID, members: Sequence[UUID] | None = None
) -> Decimal:
    """Count everybody's power (treasury/power.py) in one statement; the sum.

    Only that of ``members`` where they are given: no real opening does that.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO power_snapshots (proposal_id, user_id, own, staked, delegated, power)
            SELECT %(proposal)s, user_id, own, staked, 0, own + staked
            FROM (
                SELECT user_id, {power.OWN} AS own, {power.STAKED} AS staked
                FROM user_tokens
                WHERE token_id = %(token)s
                  AND (%(members)s::uuid[] IS NULL OR user_id = ANY(%(members)s))
            ) AS parts
            WHERE own + staked > 0
            """,  # noqa: S608  (our own words)
            {
                "proposal": proposal.pk,
                "token": token_id,
                "members": None if members is None else list(members),
                **power.weights(),
            },
        )
    total: Decimal = PowerSnapshot.objects.filter(proposal=proposal).aggregate(
        total=Coalesce(Sum("power"), Decimal(0))
    )["total"]
    return total


@transaction.atomic
def expire_proposal(*, proposal_id: UUID) -> bool:
    """Write down that voting could not be opened in time. True for the one call that did it.

    Nobody was counted and nobody could vote, so there is no rule, no digest and nothing to count.
    """
    locks.lock_alone(proposal_id)
    proposal = locks.lock_row(proposal_id)
    if not Proposal.objects.missed().filter(pk=proposal_id).exists():
        return False
    proposal.write(
        status=Proposal.Status.EXPIRED,
        outcome_reason=Reason.NOT_OPENED,
        closed_at=database_now(),
    )
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
