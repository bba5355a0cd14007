"""The list of members: who is a member, what power they have, and how often they vote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, FilteredRelation, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Concat, Lower
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import ACTIVE, LOWER_NAME, MODERATING, User
from accounts.selectors import members
from treasury.selectors import holdings

from ..models import Proposal, Vote
from . import paging

PER_PAGE = 24
# Counting a million members, or skipping them to show the page behind, takes seconds. So counting
# ends here, and of whatever is more only the first pages can be turned: fewer of a search, which
# may have to look at a hundred members for each one that it finds.
MAX_COUNTED = 10_000
PAGES_OF_MANY = 100
PAGES_OF_A_VAGUE_SEARCH = 5

EVERYBODY = Q()
SHOWN: dict[str, Q] = {"": EVERYBODY, "moderators": MODERATING}
TAB_LABELS: dict[str, str | Promise] = {"": _("Everyone"), "moderators": _("Moderators")}
SORTS: dict[str, str | Promise] = {"": _("Most power"), "newest": _("Newest"), "name": _("Name")}


# Whoever a search found is sorted by what no index has. PostgreSQL would take the index of that
# order where there is one, and look through a million members for the only one who was found.
ORDERS_OF_FEW: dict[str, tuple[Any, ...]] = {
    "": (Coalesce("power", Value(Decimal(0))).desc(), "-created_at", "-id"),
    "newest": ((F("created_at") + timedelta(0)).desc(), "-id"),
    "name": (Concat(LOWER_NAME, Value(" ")), "id"),
}


@dataclass(frozen=True)
class MemberFilters:
    """Which members are asked for; whatever is unknown counts as not asked."""

    show: str = ""
    words: str = ""
    sort: str = ""


@dataclass(frozen=True)
class MemberCard:
    """One member in the list; ``share`` is hundredths of the greatest power that is held."""

    member: User
    power: Decimal
    share: Fraction
    votes: int


@dataclass(frozen=True)
class MemberList:
    """The list as it was asked for. ``votes_held``: how many votes there ever were.

    A tab's count above ``most_counted`` says only that there are more.
    """

    filters: MemberFilters
    tabs: list[paging.Tab]
    page: Page[Any]
    cards: list[MemberCard]
    votes_held: int
    most_counted: int = MAX_COUNTED


class MemberPages(Paginator[Any]):
    """Pages of those who are listed; ``more_than`` is not 0 when others can be found by name."""

    def __init__(self, count: int, *, searched: bool) -> None:
        self.more_than = MAX_COUNTED if count > MAX_COUNTED else 0
        if self.more_than:
            count = PER_PAGE * (PAGES_OF_A_VAGUE_SEARCH if searched else PAGES_OF_MANY)
        super().__init__(range(count), PER_PAGE)


def member_list(filters: MemberFilters, *, page: str | None = None) -> MemberList:
    """One page of the active members: at most eight queries, whoever they are."""
    greatest = holdings.greatest_holding()
    found = _found(filters.words)
    tabs = [
        paging.Tab(key, label, _count(found.filter(SHOWN[key])))
        for key, label in TAB_LABELS.items()
    ]
    count = next(tab.count for tab in tabs if tab.key == filters.show)
    shown = MemberPages(count, searched=bool(filters.words)).get_page(page)
    first, last = (shown.number - 1) * PER_PAGE, shown.end_index()
    listed = _with_power(found.filter(SHOWN[filters.show]), greatest.token_id if greatest else None)
    if filters.words and count <= MAX_COUNTED:
        ordered = list(listed.order_by(*ORDERS_OF_FEW[filters.sort])[first:last])
    else:
        ordered = _in_order(listed, filters.sort, first, last)
    return MemberList(
        filters=filters,
        tabs=tabs,
        page=shown,
        cards=_cards(ordered, greatest.voting_power if greatest else Decimal(0)),
        votes_held=Proposal.objects.filter(opened_at__isnull=False).count(),
    )


def _found(words: str) -> QuerySet[User]:
    """Active members whose name, last name or username begins with ``words``; @ asks for usernames.

    Each beginning has its index (accounts.models), so a million members take milliseconds.
    """
    found = members.shown_members().filter(ACTIVE)
    begins = words.removeprefix("@").lower()
    if not begins:
        return found
    found = found.alias(
        lower_username=Lower("username"), lower_name=LOWER_NAME, lower_last=Lower("last_name")
    )
    username = Q(lower_username__startswith=begins)
    if words.startswith("@"):
        return found.filter(username)
    names = Q(lower_name__startswith=begins) | Q(lower_last__startswith=begins)
    return found.filter(username | names)


def _count(found: QuerySet[User]) -> int:
    """How many there are; one more than MAX_COUNTED means that there are more than that."""
    return found[: MAX_COUNTED + 1].count()


def _with_power(listed: QuerySet[User], token_id: UUID | None) -> QuerySet[Any]:
    """``listed`` with profile and ``power``, which is None for whoever holds nothing."""
    return (
        listed.select_related("profile")
        .defer("profile__bio")
        .annotate(
            holding=FilteredRelation("holdings", condition=Q(holdings__token=token_id)),
            power=F("holding__voting_power"),
        )
    )


def _in_order(listed: QuerySet[Any], sort: str, first: int, last: int) -> list[User]:
    """Those from ``first`` to ``last``, read from an index that has their order."""
    newest = listed.order_by("-created_at", "-id")
    if sort == "newest":
        return list(newest[first:last])
    if sort == "name":
        return list(listed.order_by(LOWER_NAME, "id")[first:last])
    # Who has power, by its index; after them everybody else, by the index of the newest.
    holders = listed.filter(power__gt=0).order_by("-power", "holding__id")
    shown = list(holders[first:last])
    if len(shown) == last - first:
        return shown
    count = first + len(shown) if shown else holders[:first].count()
    others = newest.filter(Q(power__isnull=True) | Q(power=0))
    return [*shown, *others[max(first - count, 0) : last - count]]


def _cards(listed: Sequence[User], greatest: Decimal) -> list[MemberCard]:
    """``listed`` as cards, in their order: one query for the votes of all of them."""
    votes = dict(
        Vote.objects.filter(voter__in=listed).values_list("voter").annotate(count=Count("pk"))
    )
    return [
        MemberCard(
            member=member,
            power=power,
            share=Fraction(power) / Fraction(greatest) * 100 if greatest else Fraction(0),
            votes=votes.get(member.pk, 0),
        )
        for member in listed
        for power in [getattr(member, "power", None) or Decimal(0)]
    ]
