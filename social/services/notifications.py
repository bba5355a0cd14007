"""Reading one's notifications."""

from collections.abc import Collection
from uuid import UUID

from django.db.models.functions import Now

from accounts.models import User

from ..models import Notification


def mark_read(*, actor: User, ids: Collection[UUID] | None = None) -> int:
    """Mark ``actor``'s own notifications read: those of ``ids``, or all. How many were unread."""
    unread = Notification.objects.filter(user=actor, is_read=False)
    if ids is not None:
        unread = unread.filter(pk__in=ids)
    return unread.update(is_read=True, updated_at=Now())
