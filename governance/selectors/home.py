"""The first page: what is being decided, and for a member what still needs them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import cast

from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.db.models import Count, DecimalField, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce

from accounts.models import User
from accounts.selectors import members
from treasury.models import UserToken
from treasury.selectors import holdings

from ..models import PowerSnapshot, Proposal
from ..models.proposal_phases import ACTIVE, COMING_PHASES, IN_PHASE
from . import proposal_list

Phase = Proposal.Phase

MAX_ACTIVE = 100  # fetched; a community with more open at once has other troubles
MAX_OPEN = 6
MAX_COMING = 3
MAX_RESULTS = 3
MAX_DRAFTS = 3
MEMBERS_SECONDS = 60  # counting a million of them takes a while

DECISIONS = IN_PHASE[Phase.PASSED] | IN_PHASE[Phase.REJECTED]


@dataclass(frozen=True)
class Needed:
    """An open vote without this member's, and the power that was counted for them in it."""

    row: proposal_list.ProposalRow
    power: Decimal


@dataclass(frozen=True)
class Facts:
    """The community in numbers, for a visitor."""

    open_votes: int
    decisions: int
    votes_counted: int
    members: int


@dataclass(frozen=True)
class PublicHome:
    """What a visitor sees. ``spotlight`` is the open vote that closes next, with votes in it."""

    spotlight: proposal_list.ProposalRow | None
    facts: Facts
    open: list[proposal_list.ProposalRow]
    coming: list[proposal_list.ProposalRow]
    results: list[proposal_list.ProposalRow]


@dataclass(frozen=True)
class MemberHome:
    """What a member sees.

    ``needed`` are the first of ``n_needed``; ``others`` are open votes in which they have no power.
    ``held_share`` is what they hold without staking it, in hundredths of both.
    """

    needed: list[Needed]
    n_needed: int
    voted: list[proposal_list.ProposalRow]
    others: list[proposal_list.ProposalRow]
    coming: list[proposal_list.ProposalRow]
    results: list[proposal_list.ProposalRow]
    drafts: list[Proposal]
    holding: UserToken | None
    held_share: Fraction | None


def public_home() -> PublicHome:
    """The first page for a visitor, in five queries."""
    active, results = _rows(AnonymousUser())
    open_rows = [row for row in active if row.proposal.is_open]
    return PublicHome(
        spotlight=open_rows[0] if open_rows else None,
        facts=_facts(),
        open=open_rows[:MAX_OPEN],
        coming=_coming(active),
        results=results,
    )


def member_home(member: User) -> MemberHome:
    """The first page for ``member``, in six queries."""
    active, results = _rows(member)
    open_rows = [row for row in active if row.proposal.is_open]
    unvoted = [row for row in open_rows if not row.choice]
    needed = [Needed(row, _power_in(row)) for row in unvoted if _power_in(row)]
    holding = holdings.current_holding(member)
    return MemberHome(
        needed=needed[:MAX_OPEN],
        n_needed=len(needed),
        voted=[row for row in open_rows if row.choice][:MAX_OPEN],
        others=[row for row in unvoted if not _power_in(row)][:MAX_OPEN],
        coming=_coming(active),
        results=results,
        drafts=list(
            Proposal.objects.filter(proposer=member, status=Proposal.Status.DRAFT)
            .defer(*Proposal.BODIES)
            .order_by("-updated_at")[:MAX_DRAFTS]
        ),
        holding=holding,
        held_share=_held_share(holding) if holding else None,
    )


def _rows(
    viewer: User | AnonymousUser,
) -> tuple[list[proposal_list.ProposalRow], list[proposal_list.ProposalRow]]:
    """Those under way, the next to close first, and the latest results."""
    published = Proposal.objects.published().select_related("proposer").defer(*Proposal.BODIES)
    active = published.filter(ACTIVE).order_by("voting_end", "number")
    if viewer.is_authenticated:
        active = active.annotate(power_of_viewer=_counted_power(viewer))
    decided = published.with_result().order_by("-closed_at", "-number")
    under_way, results = list(active[:MAX_ACTIVE]), list(decided[:MAX_RESULTS])
    rows = proposal_list.proposal_rows([*under_way, *results], viewer)
    return rows[: len(under_way)], rows[len(under_way) :]


def _counted_power(member: User) -> Coalesce:
    counted = PowerSnapshot.objects.filter(proposal=OuterRef("pk"), user=member).values("power")
    return Coalesce(Subquery(counted), Decimal(0), output_field=DecimalField())


def _power_in(row: proposal_list.ProposalRow) -> Decimal:
    power: Decimal = row.proposal.power_of_viewer  # type: ignore[attr-defined]  # annotated above
    return power


def _coming(active: list[proposal_list.ProposalRow]) -> list[proposal_list.ProposalRow]:
    """The next to open first."""
    coming = [row for row in active if row.proposal.phase in COMING_PHASES]
    coming.sort(key=lambda row: row.proposal.voting_start or row.proposal.now)
    return coming[:MAX_COMING]


def _facts() -> Facts:
    counts = Proposal.objects.aggregate(
        open_votes=Count("pk", filter=IN_PHASE[Phase.OPEN]),
        decisions=Count("pk", filter=DECISIONS),
        votes_counted=Coalesce(Sum("total_votes"), 0),
    )
    count = cache.get_or_set("members:active", _count_members, MEMBERS_SECONDS)
    return Facts(members=cast("int", count), **counts)


def _count_members() -> int:
    return members.shown_members().filter(is_active=True).count()


def _held_share(holding: UserToken) -> Fraction | None:
    held, staked = Fraction(holding.balance), Fraction(holding.staked_balance)
    return held * 100 / (held + staked) if held + staked else None
