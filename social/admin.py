"""Comments, reactions and notifications for moderators: to look at."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.text import Truncator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.admin import OfMemberAdmin
from dao_portal.core.admin.links import key_in, link_to, list_address, yes_or_no
from dao_portal.core.admin.period import PeriodFilter
from governance.admin import OfProposalAdmin

from .models import Comment, CommentReaction, Notification

MAX_ANSWERS = 20  # that a comment's page shows; the rest is one link away, on the portal


class RemovedFilter(admin.SimpleListFilter):
    """Comments whose text is gone: few rows, with an index of their own."""

    title = _("text")
    parameter_name = "text"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("removed", _("Removed"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Comment]) -> QuerySet[Comment]:
        return queryset.filter(is_deleted=True) if self.value() == "removed" else queryset


@admin.register(Comment)
class CommentAdmin(OfProposalAdmin):
    """What members said, in its thread."""

    list_display = ("excerpt", "member", "about", "created_at")
    not_listed = (*OfProposalAdmin.not_listed, "content_html")
    list_filter = (RemovedFilter, PeriodFilter)
    search_help_text = _(
        "A member's whole username, the number of a proposal, or the address of a comment."
    )
    fieldsets = (
        (None, {"fields": ("thread",)}),
        (
            _("Who and when"),
            {"fields": ("member", "about", "created_at", "edited_at", "removed")},
        ),
        (_("Reactions"), {"fields": (("likes", "dislikes"),)}),
    )
    readonly_fields = ("thread", "member", "about", "created_at", "removed")

    def find(self, request: HttpRequest, rows: QuerySet[Any], words: str) -> QuerySet[Any]:
        if key := key_in(words):
            return rows.filter(pk=key)
        return super().find(request, rows, words)

    def heading(self, row: Comment) -> str:
        words = {"member": row.user, "number": row.proposal.number}
        return gettext("Comment of %(member)s on #%(number)s") % words

    def see_also(self, row: Comment) -> list[tuple[Any, str]]:
        reactions = list_address("social", "commentreaction", str(row.pk))
        return [*super().see_also(row), (_("Who reacted"), reactions)]

    @admin.display(description=_("comment"))
    def excerpt(self, comment: Comment) -> str:
        return Truncator(comment.content).chars(100) or gettext("(removed)")

    @admin.display(description=_("removed"))
    def removed(self, comment: Comment) -> str:
        return yes_or_no(comment.is_deleted)

    @admin.display(description=_("in its thread"))
    def thread(self, comment: Comment) -> str:
        """What it answers, itself, and the first of its answers."""
        of_proposal = Comment.objects.filter(proposal=comment.proposal_id).select_related("user")
        above = [UUID(part) for part in comment.path.split(".")[:-1]]
        before = of_proposal.filter(pk__in=above).order_by("path") if above else ()
        answers = of_proposal.filter(parent=comment).order_by("created_at")[:MAX_ANSWERS]
        return render_to_string(
            "admin/parts/thread.html", {"before": before, "comment": comment, "answers": answers}
        )


@admin.register(CommentReaction)
class CommentReactionAdmin(OfProposalAdmin):
    """Who likes what."""

    list_display = ("reaction", "member", "to", "about", "created_at")
    list_select_related = ("user", "proposal", "comment")
    not_listed = (*OfProposalAdmin.not_listed, "comment__content_html")
    search_help_text = _(
        "A member's whole username, the number of a proposal, or the address of a comment."
    )
    fields = ("reaction", "member", "to", "about", "created_at")
    readonly_fields = ("reaction", "member", "to", "about", "created_at")

    def find(self, request: HttpRequest, rows: QuerySet[Any], words: str) -> QuerySet[Any]:
        key = key_in(words)
        if key is None:
            return super().find(request, rows, words)
        proposal = Comment.objects.filter(pk=key).values_list("proposal", flat=True).first()
        return rows.filter(proposal_id=proposal, comment_id=key) if proposal else rows.none()

    def heading(self, row: CommentReaction) -> str:
        return f"{row.user}: {row.get_kind_display()}"

    def on_portal(self, row: CommentReaction) -> str | None:
        return row.comment.get_absolute_url()

    def see_also(self, row: CommentReaction) -> list[tuple[Any, str]]:
        return []  # reactions leave no trace in the audit log

    @admin.display(description=_("reaction"))
    def reaction(self, reaction: CommentReaction) -> str:
        return str(reaction.get_kind_display())

    @admin.display(description=_("comment"))
    def to(self, reaction: CommentReaction) -> str | None:
        words = Truncator(reaction.comment.content).chars(60) or gettext("(removed)")
        return link_to(reaction.comment, words)


@admin.register(Notification)
class NotificationAdmin(OfMemberAdmin):
    """Who was told what, for the member who says "nobody told me"."""

    list_display = ("title", "member", "seen", "created_at")
    list_filter = ("is_read", PeriodFilter)
    fields = ("title", "message", "type", "member", "seen", "created_at")
    readonly_fields = ("member", "seen", "created_at")

    def on_portal(self, row: Notification) -> str | None:
        return None  # only the member themselves sees it

    def see_also(self, row: Notification) -> list[tuple[Any, str]]:
        return []  # nor does the audit log know of it

    @admin.display(description=_("read or not"))
    def seen(self, notification: Notification) -> str:
        return gettext("read") if notification.is_read else gettext("unread")
