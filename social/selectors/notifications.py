"""What is asked about notifications."""

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from accounts.models import User

from ..models import Notification


def notifications_of(user: User, *, unread_only: bool = False) -> QuerySet[Notification]:
    """A member's inbox, newest first."""
    inbox = Notification.objects.filter(user=user)
    return inbox.filter(is_read=False) if unread_only else inbox


def unread_count(user: User | AnonymousUser) -> int:
    """How many notifications ``user`` has not read: the number at the bell."""
    if not user.is_authenticated:
        return 0
    return notifications_of(user, unread_only=True).count()
