"""COMMENTS, their reactions, and NOTIFICATIONS."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from dao_portal.core.actions import action_choices
from dao_portal.core.db.base import BaseModel, ChangedAtField, bounded_html, new_keys
from dao_portal.core.db.hashes import HashPartitionedModel
from dao_portal.core.models import MonthlyModel
from governance.models import Proposal


class Notification(MonthlyModel):
    """One thing that one member was told. Its id follows from the event and the member."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        db_index=False,
        related_name="notifications",
        verbose_name=_("member"),
    )
    type = models.CharField(_("kind"), max_length=50, choices=action_choices)
    title = models.CharField(_("title"), max_length=200)
    message = models.TextField(_("message"), blank=True, db_default="")
    data = models.JSONField(
        _("data"), default=dict, db_default=models.Value({}, models.JSONField())
    )
    is_read = models.BooleanField(_("read"), default=False, db_default=False)
    updated_at = ChangedAtField(_("updated"), auto_now=True, db_default=Now())

    class Meta:
        db_table = "notifications"
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        ordering = ("-id",)
        indexes = (
            # the inbox, newest first; also what a member's erasure looks up
            models.Index(fields=["user", "-id"], name="notifications_inbox_ix"),
            # the bell's count and "unread only": few rows a member, so a walk over them
            models.Index(fields=["user", "is_read"], name="notifications_unread_ix"),
            # moderators' list, filtered by read and unread, newest first
            models.Index(fields=["is_read", "-id"], name="notifications_read_ix"),
            models.Index(fields=["created_at"], name="notifications_created_ix"),
        )

    def __str__(self) -> str:
        return self.title


class CommentQuerySet(models.QuerySet["Comment"]):
    """Filters that compose. Visibility is one of them: authorise by fetching."""

    def published(self) -> CommentQuerySet:
        """What everybody may read: all but the discussion of a draft."""
        return self.exclude(proposal__status=Proposal.Status.DRAFT)


class Comment(HashPartitionedModel, BaseModel):
    """One contribution to a proposal's discussion.

    ``root`` and ``path`` make a whole thread one index range: ``path`` is the keys of a comment's
    ancestors and its own, in hex, joined by dots. Below MAX_DEPTH a path grows no longer; such
    answers stand beside each other, in order of time.
    """

    MAX_DEPTH = 8
    MAX_LENGTH = 10_000

    partition_key = "proposal_id"

    proposal = models.ForeignKey(
        Proposal, on_delete=models.RESTRICT, db_index=False, related_name="comments"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.RESTRICT,
        db_index=False,
        related_name="comments",
        verbose_name=_("member"),
    )
    # The database's own key is (proposal, parent): an answer cannot land in another discussion.
    parent = models.ForeignKey(
        "self",
        on_delete=models.RESTRICT,
        null=True,
        blank=True,
        db_constraint=False,
        db_index=False,
        related_name="replies",
    )
    root_id = models.UUIDField(editable=False)
    path = models.TextField(editable=False, db_collation="C")
    depth = models.PositiveSmallIntegerField(editable=False, db_default=0)
    content = models.TextField(_("comment"))
    content_html = models.TextField(editable=False, blank=True, db_default="")
    likes = models.IntegerField(_("likes"), default=0, db_default=0)
    dislikes = models.IntegerField(_("dislikes"), default=0, db_default=0)
    is_deleted = models.BooleanField(_("removed"), default=False, db_default=False)
    edited_at = models.DateTimeField(_("edited"), null=True, blank=True)

    objects: ClassVar[CommentQuerySet] = CommentQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "comments"
        verbose_name = _("comment")
        verbose_name_plural = _("comments")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(likes__gte=0, dislikes__gte=0), name="comments_counters_ck"
            ),
            bounded_html("content_html", "content", "comments_content_html_ck"),
            models.CheckConstraint(
                condition=models.Q(is_deleted=True) | ~models.Q(content=""),
                name="comments_content_ck",
            ),
            models.CheckConstraint(
                condition=models.Q(parent__isnull=True, depth=0)
                | models.Q(parent__isnull=False, depth__gt=0),
                name="comments_depth_ck",
            ),
            models.CheckConstraint(
                condition=models.Q(parent__isnull=False) | models.Q(root_id=models.F("id")),
                name="comments_root_ck",
            ),
        )
        indexes = (
            # a page of the discussion: the threads of twenty roots, each in reading order
            models.Index(fields=["proposal", "root_id", "path"], name="comments_thread_ix"),
            # the roots of that page: newest, oldest, most liked
            models.Index(
                fields=["proposal", "-id"],
                condition=models.Q(parent__isnull=True),
                name="comments_newest_ix",
            ),
            models.Index(
                fields=["proposal", "-likes", "-id"],
                condition=models.Q(parent__isnull=True),
                name="comments_top_ix",
            ),
            models.Index(fields=["proposal", "created_at"], name="comments_proposal_created_ix"),
            # answers of one comment; the composite foreign key looks here too
            models.Index(fields=["parent", "created_at"], name="comments_parent_ix"),
            # a member's comments
            models.Index(fields=["user", "-created_at"], name="comments_user_ix"),
            models.Index(fields=["created_at"], name="comments_created_ix"),
            # the admin's filter, newest first: few rows among many
            models.Index(
                fields=["-id"],
                condition=models.Q(is_deleted=True),
                name="comments_removed_ix",
            ),
        )

    def __str__(self) -> str:
        return f"{self.user_id} on {self.proposal_id}"

    def get_absolute_url(self) -> str:
        """The address that stays, on whichever page of the discussion the comment is."""
        return reverse("social:comment_detail", args=[self.pk])

    def place_under(self, parent: Comment | None) -> None:
        """Set parent, root, path and depth; before the first save."""
        self.parent = parent
        unknown: Any = self.pk
        if not isinstance(unknown, UUID):
            (self.pk,) = new_keys(1)  # the path holds it
        if parent is None:
            self.root_id, self.path, self.depth = self.pk, self.pk.hex, 0
            return
        before = parent.path
        if parent.depth == self.MAX_DEPTH:
            before = before.rpartition(".")[0]
        self.root_id = parent.root_id
        self.path = f"{before}.{self.pk.hex}"
        self.depth = min(parent.depth + 1, self.MAX_DEPTH)


class CommentReaction(HashPartitionedModel, BaseModel):
    """One member's like or dislike of one comment. The counters follow by a trigger."""

    class Kind(models.IntegerChoices):
        LIKE = 1, _("like")
        DISLIKE = -1, _("dislike")

    partition_key = "proposal_id"

    proposal = models.ForeignKey(
        Proposal, on_delete=models.RESTRICT, db_index=False, related_name="+"
    )
    # Real in the database as (proposal, comment), with ON DELETE CASCADE.
    comment = models.ForeignKey(
        Comment,
        on_delete=models.CASCADE,
        db_constraint=False,
        db_index=False,
        related_name="reactions",
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="reactions"
    )
    kind = models.SmallIntegerField(_("kind"), choices=Kind.choices)

    class Meta:
        db_table = "comment_reactions"
        verbose_name = _("reaction")
        verbose_name_plural = _("reactions")
        constraints = (
            models.UniqueConstraint(
                fields=["proposal", "comment", "user"], name="comment_reactions_once_uniq"
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=[1, -1]), name="comment_reactions_kind_ck"
            ),
        )
        indexes = (models.Index(fields=["created_at"], name="comment_reactions_created_ix"),)

    def __str__(self) -> str:
        return f"{self.user_id} {self.kind:+d} {self.comment_id}"
