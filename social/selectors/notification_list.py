"""What is asked about notifications."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import AnonymousUser
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User

from ..models import Notification

PER_PAGE = 20
A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Period:
    """The notifications of a page that came today, this week or earlier; never none."""

    label: str | Promise
    notifications: list[Notification]


@dataclass(frozen=True)
class Inbox:
    """One page of a member's inbox. ``unread`` counts all of theirs, whatever the page shows."""

    unread_only: bool
    unread: int
    page: Page[Notification]
    periods: list[Period]


def notifications_of(user: User, *, unread_only: bool = False) -> QuerySet[Notification]:
    """A member's notifications, newest first."""
    inbox = Notification.objects.filter(user=user)
    return inbox.filter(is_read=False) if unread_only else inbox


def unread_count(user: User | AnonymousUser) -> int:
    """How many notifications ``user`` has not read: the number at the bell."""
    if not user.is_authenticated:
        return 0
    return notifications_of(user, unread_only=True).count()


def notification_list(user: User, *, unread_only: bool = False, page: str | None = None) -> Inbox:
    """One page of the inbox in three queries; a page that does not exist is the nearest one."""
    shown = Paginator(notifications_of(user, unread_only=unread_only), PER_PAGE).get_page(page)
    return Inbox(
        unread_only=unread_only,
        unread=unread_count(user),
        page=shown,
        periods=_by_period(shown, timezone.localtime()),
    )


def _by_period(notifications: Iterable[Notification], now: datetime) -> list[Period]:
    """``notifications`` under the headings of the viewer's day, in their order."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    starts = ((_("Today"), midnight), (_("This week"), midnight - 6 * A_DAY))
    periods: dict[str | Promise, list[Notification]] = {}
    for notification in notifications:
        labels = (label for label, start in starts if notification.created_at >= start)
        periods.setdefault(next(labels, _("Earlier")), []).append(notification)
    return [Period(label, members) for label, members in periods.items()]
