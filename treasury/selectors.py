"""What is asked about tokens and holdings."""

from decimal import Decimal

from django.contrib.auth.models import AnonymousUser

from accounts.models import User
from dao_portal.core.options import get_option

from .models import UserToken


def current_holding(user: User | AnonymousUser) -> UserToken | None:
    """What ``user`` holds of the governance token right now, with the token."""
    if not user.is_authenticated:
        return None
    return (
        UserToken.objects.select_related("token")
        .filter(user=user, token__symbol=get_option("governance.token"))
        .first()
    )


def current_power(user: User | AnonymousUser) -> Decimal:
    """The voting power that ``user`` would have in a vote that opened now."""
    holding = current_holding(user)
    return holding.voting_power if holding else Decimal(0)
