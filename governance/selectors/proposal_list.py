"""The list of proposals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.core.paginator import Page
from django.db.models import (
    BigIntegerField,
    Case,
    Count,
    DateTimeField,
    F,
    IntegerField,
    OuterRef,
    Q,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Now
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from treasury.models import UserToken
from treasury.selectors import holdings

from ..models import Proposal, ProposalQuerySet, TallySlot, Vote
from ..models.proposal_phases import ACTIVE, COMING, IN_PHASE, MISSED
from . import paging, tallies

Status = Proposal.Status
NEEDED_SHOWN = 5
MAX_DIGITS = 18  # of a number that PostgreSQL knows

OPEN, COUNTING = IN_PHASE[Proposal.Phase.OPEN], IN_PHASE[Proposal.Phase.COUNTING]
EVERYTHING = Q()

# The keys stand in addresses. What they call upcoming is COMING, which Phase.OPENING belongs to.
STATUS_FILTERS: dict[str, Q] = {
    "": EVERYTHING,
    "open": OPEN,
    "upcoming": COMING,
    "counting": COUNTING,
    "active": ACTIVE & ~MISSED,
    "passed": Q(status=Status.PASSED),
    "rejected": Q(status=Status.REJECTED),
    "expired": Q(status=Status.EXPIRED) | MISSED,
    "draft": Q(status=Status.DRAFT),
}
TAB_LABELS: dict[str, str | Promise] = {
    "": _("All"),
    "open": _("Open"),
    "upcoming": _("Upcoming"),
    "counting": _("Counting"),
    "active": _("Under way"),
    "passed": _("Passed"),
    "rejected": _("Rejected"),
    "expired": _("No decision"),
    "draft": _("Drafts"),
}
# These tabs are there only when they have something to show.
PASSING_TABS = ("counting", "active", "draft")

SORTS: dict[str, str | Promise] = {
    "": _("Open first"),
    "newest": _("Newest"),
    "ending": _("Ending soonest"),
    "votes": _("Most voters"),
}
UNVOTED = "unvoted"


@dataclass(frozen=True)
class ProposalFilters:
    """What of the list is asked for; whatever is unknown counts as not asked."""

    status: str = ""
    type: str = ""
    words: str = ""
    sort: str = ""
    mine: str = ""

    @property
    def any(self) -> bool:
        return bool(self.status or self.type or self.words or self.mine)


@dataclass(frozen=True)
class ProposalRow:
    """One proposal in a list. ``choice`` is the viewer's own vote, or ""."""

    proposal: Proposal
    standing: tallies.Standing | None
    choice: str

    @property
    def choice_label(self) -> str:
        return str(Vote.Choice(self.choice).label) if self.choice else ""


@dataclass(frozen=True)
class ProposalList:
    """The list as one viewer sees it. ``needed``: open votes that still want theirs."""

    filters: ProposalFilters
    tabs: list[paging.Tab]
    page: Page[Proposal]
    rows: list[ProposalRow]
    needed: list[Proposal]
    more_needed: bool
    holding: UserToken | None


def proposal_list(
    viewer: User | AnonymousUser, filters: ProposalFilters, *, page: str | None = None
) -> ProposalList:
    """One page of the list: at most six queries, however many proposals it shows."""
    found = _found(viewer, filters)
    counts = _counts(found)
    rows = ordered(found.filter(STATUS_FILTERS[filters.status]), filters.sort)
    rows = rows.select_related("proposer").defer(*Proposal.BODIES)
    shown = paging.CountedPaginator(rows, count=counts[filters.status]).get_page(page)
    needed = _needed(viewer)
    return ProposalList(
        filters=filters,
        tabs=_tabs(counts, filters.status),
        page=shown,
        rows=proposal_rows(list(shown), viewer),
        needed=needed[:NEEDED_SHOWN],
        more_needed=len(needed) > NEEDED_SHOWN,
        holding=holdings.current_holding(viewer),
    )


def proposal_rows(proposals: Sequence[Proposal], viewer: User | AnonymousUser) -> list[ProposalRow]:
    """``proposals`` as rows, in their order: one query for the tallies, one for the votes."""
    stands = tallies.standings(proposals)
    choices: dict[Any, str] = {}
    if viewer.is_authenticated and stands:
        mine = Vote.objects.filter(proposal__in=list(stands), voter=viewer)
        choices = dict(mine.values_list("proposal_id", "vote_type"))
    return [
        ProposalRow(proposal, stands.get(proposal.pk), choices.get(proposal.pk, ""))
        for proposal in proposals
    ]


def _found(viewer: User | AnonymousUser, filters: ProposalFilters) -> ProposalQuerySet:
    """What every filter but the status leaves."""
    found = Proposal.objects.visible_to(viewer)
    if filters.type:
        found = found.filter(type=filters.type)
    if filters.mine == UNVOTED and viewer.is_authenticated:
        found = found.filter(pk__in=Proposal.objects.unvoted_by(viewer).values("pk"))
    if filters.words:
        found = _search(found, filters.words)
    return found


def _search(found: ProposalQuerySet, words: str) -> ProposalQuerySet:
    """By words of title and text, or by number: "#42" is what people say to each other."""
    number = words.removeprefix("#")
    if number.isascii() and number.isdigit() and len(number) <= MAX_DIGITS:
        by_words = Proposal.objects.search(number).values("pk")
        return found.filter(Q(number=int(number)) | Q(pk__in=by_words))
    return found.search(words)


def _counts(found: ProposalQuerySet) -> dict[str, int]:
    """How many proposals each status filter leaves: all in one query."""
    names = {status or "all": condition for status, condition in STATUS_FILTERS.items()}
    counts = found.aggregate(
        **{
            f"n_{name}": Count("pk", filter=condition) if condition else Count("pk")
            for name, condition in names.items()
        }
    )
    return {status: counts[f"n_{status or 'all'}"] for status in STATUS_FILTERS}


def _tabs(counts: dict[str, int], current: str) -> list[paging.Tab]:
    return [
        paging.Tab(key, label, counts[key])
        for key, label in TAB_LABELS.items()
        if key not in PASSING_TABS or key == current or (counts[key] and key != "active")
    ]


def ordered(proposals: ProposalQuerySet, sort: str) -> ProposalQuerySet:
    """``proposals`` in one of SORTS."""
    if sort == "newest":
        return proposals.order_by("-published_at", "-number")  # drafts, which have no date, first
    if sort == "ending":
        return proposals.annotate(closing=_closing()).order_by(
            F("closing").asc(nulls_last=True), "-voting_end", "-number"
        )
    if sort == "votes":
        return proposals.annotate(voters_now=_voters()).order_by("-voters_now", "-number")
    return proposals.annotate(rank=_rank(), soon=_soon()).order_by(
        "rank", "soon", "-closed_at", "-number"
    )


def _rank() -> Case:
    """Open, then being counted, then upcoming, then drafts, then decided."""
    return Case(
        When(OPEN, then=Value(0)),
        When(COUNTING, then=Value(1)),
        When(COMING, then=Value(2)),
        When(status=Status.DRAFT, then=Value(3)),
        default=Value(4),
        output_field=IntegerField(),
    )


def _soon() -> Case:
    """The next thing that will happen to it: closing, or opening."""
    return Case(
        When(OPEN, then=F("voting_end")),
        When(COMING, then=F("voting_start")),
        default=None,
        output_field=DateTimeField(),
    )


def _closing() -> Case:
    return Case(
        When(ACTIVE & Q(voting_end__gt=Now()), then=F("voting_end")),
        default=None,
        output_field=DateTimeField(),
    )


def _voters() -> Coalesce:
    """Members who voted, from the slots: the columns are written at closing only."""
    heads = (
        TallySlot.objects.filter(proposal=OuterRef("pk"))
        .values("proposal")
        .annotate(heads=Sum(F("yes_votes") + F("no_votes") + F("abstain_votes")))
        .values("heads")
    )
    return Coalesce(Subquery(heads, output_field=BigIntegerField()), 0)


def _needed(viewer: User | AnonymousUser) -> list[Proposal]:
    """The next to close of those that still want ``viewer``'s vote; one more than is shown."""
    if not viewer.is_authenticated:
        return []
    unvoted = Proposal.objects.published().unvoted_by(viewer)
    in_turn = unvoted.defer(*Proposal.BODIES).order_by("voting_end", "number")
    return list(in_turn[: NEEDED_SHOWN + 1])
