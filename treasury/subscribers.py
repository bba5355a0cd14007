"""What treasury does when something happens: a proven owner gets what waited for them."""

from __future__ import annotations

from uuid import UUID

from accounts.models import User
from dao_portal.core.actions import Action
from dao_portal.core.models import AuditLog

from .services import holders


class WaitingHoldingsSubscriber:
    """Gives a member who verified an e-mail address what the list of holders says of it."""

    actions = frozenset({Action.MEMBER_VERIFIED})

    def deliver(self, event: AuditLog, cursor: UUID | None) -> None:
        assert event.resource_id  # the member
        member = User.objects.filter(pk=event.resource_id, email_verified=True).first()
        if member and member.email:
            holders.give_waiting_holdings(member=member, holder=member.email)
