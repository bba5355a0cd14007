"""Taking part in a discussion: comments, answers, likes and dislikes."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from accounts.models import User
from dao_portal.core.actions import Action
from dao_portal.core.audit.events import record
from dao_portal.core.brakes import Limit
from dao_portal.core.db.base import new_keys
from dao_portal.core.markdown import render_markdown
from dao_portal.core.once import claim
from governance.canonical import canonical_hash
from governance.models import Proposal

from ..errors import CommentEmpty, CommentRemoved, CommentTooLong, DiscussionNotOpen, ParentNotFound
from ..models import Comment, CommentReaction

COMMENTS = Limit(
    "social.comments_per_5_minutes",
    timedelta(minutes=5),
    ngettext_lazy(
        "You have posted %(n)s comment in five minutes. You can post the next one in %(wait)s.",
        "You have posted %(n)s comments in five minutes. You can post the next one in %(wait)s.",
        "n",
    ),
)
REACTIONS = Limit(
    "social.reactions_per_5_minutes",
    timedelta(minutes=5),
    ngettext_lazy(
        "You have reacted %(n)s time in five minutes. You can go on in %(wait)s.",
        "You have reacted %(n)s times in five minutes. You can go on in %(wait)s.",
        "n",
    ),
)


@transaction.atomic
def post_comment(
    *,
    actor: User,
    proposal_id: UUID,
    content: str,
    parent_id: UUID | None = None,
    key: UUID | None = None,
) -> Comment:
    """Say something about a published proposal, or answer the comment ``parent_id`` in it.

    The same form again (``key``) posts nothing: the comment that it posted comes back. Locks the
    form's key, then the member's count of comments; members do not wait for each other. An answer
    that crosses the removal of what it answers stands.

    Raises CommentEmpty, CommentTooLong, AlreadySent, TooOften, DiscussionNotOpen, ParentNotFound,
    CommentRemoved, TextTooLarge.
    """
    comment = Comment(proposal_id=proposal_id, user=actor, content=clean_content(content))
    (comment.pk,) = new_keys(1)
    sent = [proposal_id, parent_id, comment.content]
    posted = claim(key, form="comment", actor=actor, sent=sent, result=comment.pk)
    if posted != comment.pk:
        return Comment.objects.get(proposal_id=proposal_id, pk=posted)
    COMMENTS.count(actor)
    if not Proposal.objects.published().filter(pk=proposal_id).exists():
        raise DiscussionNotOpen
    comment.place_under(_find_parent(proposal_id, parent_id) if parent_id else None)
    # Last, because it costs most: nobody has text after text made into HTML to no end.
    comment.content_html = render_markdown(comment.content)
    if not comment.content_html.strip():  # also a link's definition that nothing refers to
        raise CommentEmpty
    comment.save(force_insert=True)
    record(
        Action.COMMENT_POSTED,
        actor=actor,
        resource=comment,
        new={
            "proposal": str(proposal_id),
            "parent": str(parent_id) if parent_id else None,
            "content_sha256": canonical_hash(comment.content),
        },
    )
    return comment


@transaction.atomic
def set_reaction(*, actor: User, comment: Comment, kind: CommentReaction.Kind | None) -> Comment:
    """Let ``actor`` like or dislike ``comment``, or neither (None); it comes back newly counted.

    The same reaction again changes nothing, however often and however simultaneously it is sent.
    Locks the member's count of reactions, their reaction, then through the counting trigger the
    comment. Nothing is audited.

    Raises CommentRemoved, TooOften.
    """
    REACTIONS.count(actor)
    key = {"proposal_id": comment.proposal_id, "comment_id": comment.pk, "user": actor}
    if Comment.objects.filter(
        proposal_id=comment.proposal_id, pk=comment.pk, is_deleted=True
    ).exists():
        raise CommentRemoved
    if kind is None:
        CommentReaction.objects.filter(**key).delete()
    elif not CommentReaction.objects.filter(**key, kind=kind).exists():
        CommentReaction.objects.bulk_create(
            [CommentReaction(**key, kind=kind)],
            update_conflicts=True,
            unique_fields=["proposal", "comment", "user"],
            update_fields=["kind", "updated_at"],
        )
    return Comment.objects.get(proposal_id=comment.proposal_id, pk=comment.pk)


def clean_content(content: str) -> str:
    """``content`` as it is stored: plain line ends, nothing around it, nothing PostgreSQL refuses.

    Raises CommentTooLong.
    """
    content = content.replace("\r\n", "\n").replace("\0", "").strip()
    if len(content) > Comment.MAX_LENGTH:
        raise CommentTooLong(
            _("Keep it to %(most)s characters; these are %(length)s.")
            % {"most": f"{Comment.MAX_LENGTH:,}", "length": f"{len(content):,}"}
        )
    return content


def _find_parent(proposal_id: UUID, parent_id: UUID) -> Comment:
    parent = Comment.objects.filter(proposal_id=proposal_id, pk=parent_id).first()
    if parent is None:
        raise ParentNotFound
    if parent.is_deleted:
        raise CommentRemoved
    return parent
