"""Every vote on one proposal: the page and the file."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from django.contrib.auth.models import AnonymousUser
from django.core.paginator import Page
from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Profile, User
from dao_portal.core.db.base import under

from ..models import PowerSnapshot, Proposal, Vote
from ..outcome import to_units
from . import paging, tallies, turnout_chart

SORTS: dict[str, str | Promise] = {
    "power": _("Most power"),
    "newest": _("Newest"),
    "oldest": _("Oldest"),
    "name": _("Name"),
}
# The key makes an order of those that are alike, so that no vote is on two pages or on none.
ORDERS = {
    "power": ("-voting_power", "pk"),
    "newest": ("-cast_at", "-pk"),
    "oldest": ("cast_at", "pk"),
    "name": ("voter__username", "pk"),
}


@dataclass(frozen=True)
class VoteFilters:
    """What of the votes is asked for; whatever is unknown counts as not asked."""

    choice: str = ""
    sort: str = "power"
    with_reason: bool = False


@dataclass(frozen=True)
class VoteRow:
    """One vote: ``width`` in hundredths of the largest listed, ``share`` of all that voted."""

    vote: Vote
    width: Fraction
    share: Fraction
    is_mine: bool


@dataclass(frozen=True)
class VoteList:
    """The votes as one viewer sees them. ``may_vote``: they have power and have not voted."""

    proposal: Proposal
    standing: tallies.Standing | None
    filters: VoteFilters
    tabs: list[paging.Tab]
    page: Page[Vote]
    rows: list[VoteRow]
    chart: turnout_chart.TurnoutChart | None
    mine: Vote | None
    receipt: str
    may_vote: PowerSnapshot | None


def vote_list(
    proposal: Proposal,
    viewer: User | AnonymousUser,
    filters: VoteFilters,
    *,
    page: str | None = None,
    with_chart: bool = True,
) -> VoteList:
    """One page of the votes on a published ``proposal``; the queries do not grow with the rows."""
    standing = tallies.standing_of(proposal)
    tabs = _tabs(standing)
    listed = _listed(proposal, filters)
    known = None if filters.with_reason else _count(tabs, filters.choice)
    votes = listed.select_related("voter__profile").order_by(*ORDERS[filters.sort])
    votes = votes.defer(*under("voter__profile", Profile.BODIES))
    shown = paging.CountedPaginator(votes, count=known).get_page(page)
    mine = _own_vote(proposal, viewer)
    return VoteList(
        proposal=proposal,
        standing=standing,
        filters=filters,
        tabs=tabs,
        page=shown,
        rows=_rows(shown, listed, standing, mine),
        chart=turnout_chart.turnout_chart(proposal, standing) if standing and with_chart else None,
        mine=mine,
        receipt=mine.receipt(proposal.fingerprint) if mine else "",
        may_vote=_unused_power(proposal, viewer, mine),
    )


def _listed(proposal: Proposal, filters: VoteFilters) -> QuerySet[Vote]:
    votes = Vote.objects.filter(proposal=proposal)
    if filters.choice:
        votes = votes.filter(vote_type=filters.choice)
    return votes.exclude(reason="") if filters.with_reason else votes


def _tabs(standing: tallies.Standing | None) -> list[paging.Tab]:
    if standing is None:
        return []
    choices = [paging.Tab(choice.key, choice.label, choice.heads) for choice in standing.choices]
    return [paging.Tab("", _("All"), standing.voters), *choices]


def _count(tabs: list[paging.Tab], choice: str) -> int:
    return next((tab.count for tab in tabs if tab.key == choice), 0)


def _rows(
    shown: Page[Vote], listed: QuerySet[Vote], standing: tallies.Standing | None, mine: Vote | None
) -> list[VoteRow]:
    votes = list(shown)
    if not votes or standing is None:
        return []
    largest: Decimal | None = (
        listed.order_by("-voting_power").values_list("voting_power", flat=True).first()
    )
    return [
        VoteRow(
            vote=vote,
            width=_hundredths(vote.voting_power, to_units(largest or 0)),
            share=_hundredths(vote.voting_power, standing.tally.turnout),
            is_mine=mine is not None and vote.pk == mine.pk,
        )
        for vote in votes
    ]


def _hundredths(power: Decimal, whole: int) -> Fraction:
    return Fraction(to_units(power) * 100, whole) if whole else Fraction(0)


def _own_vote(proposal: Proposal, viewer: User | AnonymousUser) -> Vote | None:
    if not viewer.is_authenticated:
        return None
    return Vote.objects.filter(proposal=proposal, voter=viewer).first()


def _unused_power(
    proposal: Proposal, viewer: User | AnonymousUser, mine: Vote | None
) -> PowerSnapshot | None:
    if mine or not viewer.is_authenticated or not proposal.is_open:
        return None
    return PowerSnapshot.objects.filter(proposal=proposal, user=viewer, power__gt=0).first()
