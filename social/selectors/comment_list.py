"""A discussion as one viewer sees it: a page of threads, or one thread from its first answer on.

Each is one query along ``comments_thread_ix``; the tree is built from what that query returned.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.core.paginator import Page, Paginator
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, TextChoices
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import User
from dao_portal.core.db.base import under
from governance.models import Proposal

from ..models import Comment, CommentReaction

THREADS = 20  # on a page
SHARE = 26  # comments that each thread of a full page has room for
ROOM = THREADS * SHARE  # comments on a page; what short threads leave over, long ones take
THREAD_ROOM = 500  # comments on a page that shows one thread alone
MAX_PAGES = 10**9  # so that no number is too large for PostgreSQL
SHOWN_DEPTH = 3  # deeper answers stand beside each other


class Sort(TextChoices):
    """The order of the threads. Within a thread it is always the order of talking."""

    TOP = "top", pgettext_lazy("order of comments", "Top")
    NEWEST = "newest", _("Newest")
    OLDEST = "oldest", _("Oldest")


ORDERS = {
    Sort.TOP: ("-likes", "-pk"),
    Sort.NEWEST: ("-pk",),
    Sort.OLDEST: ("pk",),
}

# All that a page shows of a comment and its author: half of what they have, and no text twice.
SHOWN = (
    "proposal",
    "parent",
    "root_id",
    "path",
    "depth",
    "content_html",
    "likes",
    "dislikes",
    "is_deleted",
    "edited_at",
    "created_at",
    "user__username",
    "user__first_name",
    "user__last_name",
    "user__role",
    "user__profile__picture",
)

# The first comments of each thread, in turn, until the room is used up: a thread of ten thousand
# does not push the others off the page, and each thread reads no more rows than it may show.
# By way of the array PostgreSQL fetches these few by their key, instead of reading all of the
# discussion to pick them out.
FIRST_COMMENTS = """
    SELECT unnest(ARRAY(
        SELECT id
        FROM unnest(%s::uuid[]) AS root
        CROSS JOIN LATERAL (
            SELECT id, row_number() OVER (ORDER BY path) AS place
            FROM comments
            WHERE proposal_id = %s AND root_id = root
            ORDER BY path
            LIMIT %s
        ) AS thread
        ORDER BY place
        LIMIT %s
    ))
"""


@dataclass(slots=True)
class Node:
    """A comment in its place on the page.

    ``answers`` are the comments below it, ``below`` is how many there are in all depths, and
    ``hidden`` how many more its thread has for which this page has no room (roots only).
    ``mine`` is the viewer's own reaction: 1, -1 or 0.
    """

    comment: Comment
    mine: int
    depth: int = 0
    parent: Comment | None = None
    answers: list[Node] = field(default_factory=list)
    below: int = 0
    hidden: int = 0

    @property
    def is_flattened(self) -> bool:
        """It stands beside what it answers, so it has to say whom it answers."""
        return self.depth == SHOWN_DEPTH and self.comment.depth > SHOWN_DEPTH


@dataclass(frozen=True)
class Discussion:
    """One page of it. ``count``: all comments; ``only``: the root of the thread shown alone."""

    proposal: Proposal
    sort: Sort
    count: int
    roots: list[Node]
    page: Page[int]
    only: UUID | None = None


@dataclass(frozen=True)
class Place:
    """Where a comment can be read: a page of the discussion, or of ``thread`` alone."""

    page: int
    thread: UUID | None = None


def discussion(
    proposal: Proposal,
    viewer: User | AnonymousUser,
    *,
    sort: Sort,
    page: str | int | None = None,
    thread: UUID | None = None,
) -> Discussion:
    """The page of the discussion that was asked for; of ``thread`` alone where there is one."""
    only = thread and thread_page(proposal, viewer, thread, sort=sort, page=page)
    return only or discussion_page(proposal, viewer, sort=sort, page=page)


def discussion_page(
    proposal: Proposal, viewer: User | AnonymousUser, *, sort: Sort, page: str | int | None
) -> Discussion:
    """A page of threads in the order of ``sort``, or the last one. Two statements."""
    everything = Comment.objects.filter(proposal=proposal)
    threads = everything.filter(parent__isnull=True)
    number = read_number(page)
    roots = list(
        threads.order_by(*ORDERS[sort])
        .annotate(
            size=number_of(everything.filter(root_id=OuterRef("pk")), by="root_id"),
            comments=number_of(everything),
            threads=number_of(threads),
        )
        .values_list("pk", "size", "comments", "threads")[(number - 1) * THREADS : number * THREADS]
    )
    if not roots and number > 1:
        last = page_number(max(threads.count(), 1), THREADS)
        return discussion_page(proposal, viewer, sort=sort, page=last)
    root_ids = [root_id for root_id, *_counts in roots]
    first = RawSQL(FIRST_COMMENTS, (root_ids, proposal.pk, ROOM, ROOM))  # noqa: S611  # no input
    rows = seen_by(viewer, proposal, everything.filter(pk__in=first)) if roots else []
    nodes = {node.comment.pk: node for node in build_trees(rows)}
    for root_id, size, *_counts in roots:
        # an answer may have come between the two statements
        nodes[root_id].hidden = max(size - 1 - nodes[root_id].below, 0)
    comments, shown = roots[0][2:] if roots else (0, 0)
    return Discussion(
        proposal=proposal,
        sort=sort,
        count=comments,
        roots=[nodes[root_id] for root_id in root_ids],
        page=Paginator(range(shown), THREADS).page(number),
    )


def thread_page(
    proposal: Proposal,
    viewer: User | AnonymousUser,
    root_id: UUID,
    *,
    sort: Sort,
    page: str | int | None,
) -> Discussion | None:
    """One thread alone, THREAD_ROOM comments at a time; None when there is no such thread.

    A later page begins with the comments that its first one stands under.
    """
    everything = Comment.objects.filter(proposal=proposal)
    counted = everything.aggregate(
        comments=Count("root_id"), thread=Count("root_id", filter=Q(root_id=root_id))
    )
    if not counted["thread"]:
        return None
    shown = Paginator(range(counted["thread"]), THREAD_ROOM).get_page(page)
    thread = seen_by(viewer, proposal, everything.filter(root_id=root_id))
    rows = list(thread[shown.start_index() - 1 : shown.end_index()])
    above = [UUID(key) for key in rows[0].path.split(".")[:-1]]
    if above:
        rows = [*thread.filter(pk__in=above), *rows]
    return Discussion(
        proposal=proposal,
        sort=sort,
        count=counted["comments"],
        roots=build_trees(rows),
        page=shown,
        only=root_id,
    )


def place_of(comment: Comment, sort: Sort) -> Place:
    """Where to find ``comment`` when threads are in the order of ``sort``.

    On the page of its thread, as long as it is among those for which there is always room.
    """
    everything = Comment.objects.filter(proposal=comment.proposal_id)
    in_thread = everything.filter(root_id=comment.root_id, path__lte=comment.path).count()
    if in_thread > SHARE:
        return Place(page=page_number(in_thread, THREAD_ROOM), thread=comment.root_id)
    roots = everything.filter(parent__isnull=True)
    root = comment if comment.parent_id is None else roots.get(pk=comment.root_id)
    before = {
        Sort.TOP: Q(likes__gt=root.likes) | Q(likes=root.likes, pk__gt=root.pk),
        Sort.NEWEST: Q(pk__gt=root.pk),
        Sort.OLDEST: Q(pk__lt=root.pk),
    }[sort]
    return Place(page=page_number(roots.filter(before).count() + 1, THREADS))


def page_number(place: int, per_page: int) -> int:
    """The page of the ``place``-th of a list; both count from 1."""
    return (place - 1) // per_page + 1


def read_number(page: str | int | None) -> int:
    """``page`` as a number from 1 on; whatever makes no sense is the first."""
    try:
        return min(max(int(page or 1), 1), MAX_PAGES)
    except ValueError:
        return 1


def number_of(comments: QuerySet[Comment], *, by: str = "proposal_id") -> Subquery:
    """How many ``comments`` there are, inside of another statement; ``by`` is alike in them all."""
    return Subquery(comments.values(by).annotate(number=Count("*")).values("number"))


def seen_by(
    viewer: User | AnonymousUser, proposal: Proposal, comments: QuerySet[Comment]
) -> QuerySet[Comment]:
    """``comments`` in reading order, with their authors and the viewer's own reactions."""
    reactions = CommentReaction.objects.filter(
        proposal=proposal, comment=OuterRef("pk"), user=viewer.pk
    )
    return (
        comments.select_related("user__profile")
        .only(*SHOWN)
        .annotate(mine=Subquery(reactions.values("kind")))
        .order_by("path")
    )


def reaction_of(member: User, comment: Comment) -> int | None:
    """How ``member`` reacted to ``comment``: 1, -1, or None. One query."""
    mine = CommentReaction.objects.filter(
        proposal_id=comment.proposal_id, comment=comment, user=member
    )
    return mine.values_list("kind", flat=True).first()


def build_trees(rows: Iterable[Comment]) -> list[Node]:
    """The roots of ``rows``, which are ``seen_by`` somebody, with what stands below them.

    Answers below SHOWN_DEPTH follow what they answer, in the same list.
    """
    nodes: dict[UUID, Node] = {}
    holders: dict[UUID, Node] = {}  # comment -> the node in whose answers it stands
    for row in rows:
        node = nodes[row.pk] = Node(comment=row, mine=getattr(row, "mine", None) or 0)
        if row.parent_id is None:
            continue
        if row.parent_id in nodes:  # else it is on an earlier page
            node.parent = nodes[row.parent_id].comment
        above = nodes[UUID(row.path.split(".")[-2])]
        holder = holders[above.comment.pk] if above.depth == SHOWN_DEPTH else above
        holders[row.pk] = holder
        holder.answers.append(node)
        node.depth = holder.depth + 1
    for pk in reversed(nodes):
        if pk in holders:
            holders[pk].below += 1 + nodes[pk].below
    return [node for node in nodes.values() if node.comment.parent_id is None]


def comments_of_member(member: User) -> QuerySet[Comment]:
    """What ``member`` said and what still stands, latest first, with its proposal."""
    return (
        Comment.objects.filter(user=member, is_deleted=False)
        .select_related("proposal")
        .defer("content", *under("proposal", Proposal.BODIES))
        .order_by("-created_at")
    )
