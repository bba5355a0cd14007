"""NOTIFICATIONS."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from dao_portal.core.actions import action_choices
from dao_portal.core.models import MonthlyModel


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
    data = models.JSONField(_("data"), default=dict, db_default=models.Value({}, models.JSONField()))
    is_read = models.BooleanField(_("read"), default=False, db_default=False)
    updated_at = models.DateTimeField(_("updated"), auto_now=True, db_default=Now())

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
            models.Index(fields=["created_at"], name="notifications_created_ix"),
        )

    def __str__(self) -> str:
        return self.title
