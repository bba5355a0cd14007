"""One member's part in decisions, for their page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.core.paginator import Page
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Now

from accounts.models import User
from dao_portal.core.db.base import under

from ..models import Proposal, Vote
from . import paging

LATEST = 7


@dataclass(frozen=True)
class RecentVote:
    """A proposal that was voted on, and this member's choice, "" when there was none."""

    proposal: Proposal
    choice: str

    @property
    def choice_label(self) -> str:
        return str(Vote.Choice(self.choice).label) if self.choice else ""


@dataclass(frozen=True)
class MemberDetail:
    """What a member did, in numbers. ``both`` and ``same`` compare with the viewer's own votes."""

    recent: list[RecentVote]
    votes: int
    with_reason: int
    proposals: int
    both: int
    same: int

    @property
    def voted_recently(self) -> int:
        return sum(bool(entry.choice) for entry in self.recent)


def member_detail(member: User, viewer: User | AnonymousUser) -> MemberDetail:
    """What ``member`` did, as ``viewer`` sees it: four queries."""
    opened = Proposal.objects.filter(opened_at__isnull=False).order_by("-opened_at", "-number")
    recent = list(opened.defer(*Proposal.BODIES)[:LATEST])
    choices = dict(
        Vote.objects.filter(voter=member, proposal__in=recent).values_list("proposal", "vote_type")
    )
    counts = _votes_beside(member, viewer).aggregate(
        votes=Count("pk"),
        with_reason=Count("pk", filter=~Q(reason="")),
        both=Count("viewer_choice"),
        same=Count("pk", filter=Q(viewer_choice=F("vote_type"))),
    )
    return MemberDetail(
        recent=[
            RecentVote(proposal, choices.get(proposal.pk, "")) for proposal in reversed(recent)
        ],
        proposals=member_proposals(member).count(),
        **counts,
    )


def member_votes(
    member: User, viewer: User | AnonymousUser, *, count: int, page: str | None
) -> Page[Any]:
    """``member``'s votes, latest first, each with ``viewer_choice``, the viewer's own or None.

    ``count`` is how many there are: MemberDetail has counted them.
    """
    votes = _votes_beside(member, viewer).select_related("proposal")
    votes = votes.defer(*under("proposal", Proposal.BODIES)).order_by("-created_at")
    return paging.CountedPaginator(votes, count=count).get_page(page)


def member_proposals(member: User) -> QuerySet[Proposal]:
    """What ``member`` published, latest first; drafts are nobody's business."""
    return (
        Proposal.objects.filter(proposer=member)
        .exclude(status=Proposal.Status.DRAFT)
        .select_related("proposer")
        .defer(*Proposal.BODIES)
        .annotate(db_now=Now())
        .order_by("-published_at")
    )


def _votes_beside(member: User, viewer: User | AnonymousUser) -> QuerySet[Vote]:
    """``member``'s votes, each with ``viewer_choice``: None where there is none to compare."""
    viewer_id = None if viewer == member else viewer.pk
    own = Vote.objects.filter(proposal=OuterRef("proposal"), voter=viewer_id)
    return Vote.objects.filter(voter=member).annotate(
        viewer_choice=Subquery(own.values("vote_type")[:1])
    )
