"""What treasury does when something happens."""

from __future__ import annotations

from uuid import UUID

from accounts.models import User
from dao_portal.core.actions import Action
from dao_portal.core.models import AuditLog

from .models import Token
from .power import WEIGHTS
from .services import holdings, waiting_holdings


class WaitingHoldingsSubscriber:
    """Gives a member who verified an e-mail address what the list of holders says of it."""

    actions = frozenset({Action.MEMBER_VERIFIED})

    def deliver(self, event: AuditLog, cursor: UUID | None) -> None:
        assert event.resource_id  # the member
        member = User.objects.filter(pk=event.resource_id, email_verified=True).first()
        if member and member.email:
            waiting_holdings.give_waiting_holdings(member=member, holder=member.email)


class WeightsSubscriber:
    """Counts everybody's power again when a weight has changed: one token a portion."""

    actions = frozenset({Action.SETTING_CHANGED})

    def deliver(self, event: AuditLog, cursor: UUID | None) -> UUID | None:
        if (event.new_values or {}).get("key") not in WEIGHTS.values():
            return None
        tokens = Token.objects.order_by("pk")
        token = (tokens.filter(pk__gt=cursor) if cursor else tokens).first()
        if token is None:
            return None
        holdings.recount_power(token_id=token.pk)
        return token.pk
