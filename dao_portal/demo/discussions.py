"""Writes the demo's discussions, as of the days on which they would have been held."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.models import User
from dao_portal.core.db.months import first_key_at
from dao_portal.core.markdown import render_markdown
from governance.models import Proposal
from social.models import Comment, CommentReaction

from .discussion_texts import DISCUSSIONS
from .texts import Remark

MARK = "demo-"  # how source_id begins on what the demo itself has published


def start_discussions(people: Mapping[str, User], *, now: datetime) -> int:
    """Write each discussion that has not begun; how many comments that makes.

    Like votes of the past, comments of the past come without the service: it would date them
    today, and stop their authors after a few. A discussion with any comment is left alone.
    """
    comments: list[Comment] = []
    reactions: list[CommentReaction] = []
    for proposal in _silent():
        remarks = DISCUSSIONS[_slug(proposal)]
        for comment, remark in _comments(proposal, remarks, people, now=now):
            comments.append(comment)
            reactions += [
                CommentReaction(
                    proposal=proposal,
                    comment=comment,
                    user=people[username],
                    kind=CommentReaction.Kind.LIKE,
                    created_at=comment.created_at,
                )
                for username in remark.liked_by
            ]
    Comment.objects.bulk_create(comments)
    CommentReaction.objects.bulk_create(reactions)  # a trigger counts them
    return len(comments)


def _silent() -> QuerySet[Proposal]:
    """The proposals whose discussion is here in ``DISCUSSIONS`` and has not begun."""
    decided = Q(source=Proposal.Source.DEMO, source_id__in=DISCUSSIONS)
    published = Q(
        source=Proposal.Source.PORTAL, source_id__in=[f"{MARK}{slug}-1" for slug in DISCUSSIONS]
    )
    return (
        Proposal.objects.filter(decided | published)
        .filter(comments__isnull=True, published_at__isnull=False)
        .order_by("number")
    )


def _slug(proposal: Proposal) -> str:
    return proposal.source_id.removeprefix(MARK).removesuffix("-1")


def _comments(
    proposal: Proposal, remarks: tuple[Remark, ...], people: Mapping[str, User], *, now: datetime
) -> Iterator[tuple[Comment, Remark]]:
    """Each remark as a comment, spread evenly from the publication until the end, or ``now``."""
    assert proposal.published_at  # _silent asks for it
    start = proposal.published_at
    end = min(proposal.voting_end or now, now)
    ordered = list(_in_order(remarks, None))
    written: dict[int, Comment] = {}
    for number, (remark, parent) in enumerate(ordered, 1):
        moment = start + (end - start) * number / (len(ordered) + 1)
        content = remark.text.strip()
        comment = Comment(
            # The key says when, as everywhere; its last bits keep the order within a millisecond.
            id=UUID(int=first_key_at(moment).int + (proposal.number << 16) + number),
            proposal=proposal,
            user=people[remark.author],
            content=content,
            content_html=render_markdown(content),
            created_at=moment,
        )
        comment.place_under(written[id(parent)] if parent else None)
        written[id(remark)] = comment
        yield comment, remark


def _in_order(
    remarks: tuple[Remark, ...], parent: Remark | None
) -> Iterator[tuple[Remark, Remark | None]]:
    """Each remark with what it answers, in reading order."""
    for remark in remarks:
        yield remark, parent
        yield from _in_order(remark.answers, remark)
