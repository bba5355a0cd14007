"""What social does when something happens: who is to hear of it, hears of it."""

from __future__ import annotations

from uuid import UUID

from dao_portal.core.models import AuditLog

from .notices import fan_out
from .notices.registry import NOTICES


class NoticeSubscriber:
    """Tells the audience of an event on the site; core/audit/delivery.py calls it."""

    actions = frozenset(NOTICES)

    def deliver(self, event: AuditLog, cursor: UUID | None) -> UUID | None:
        """Tell the next portion of members after ``cursor``; the last of them, or None."""
        return fan_out.tell(NOTICES[event.action], event, after=cursor)
