"""Who holds how much, and what power that is."""

from __future__ import annotations

from decimal import Decimal
from typing import cast
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.db.models import Sum
from django.db.models.functions import Coalesce

from accounts.models import User
from dao_portal.core.options import get_option

from ..models import Token, UserToken

KEPT_SECONDS = 60  # what is added up over all holders


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


def greatest_holding() -> UserToken | None:
    """Whoever holds most power right now, by the governance token."""
    token = Token.objects.filter(symbol=get_option("governance.token"))
    return (
        UserToken.objects.filter(token=token.values("pk")[:1], voting_power__gt=0)
        .order_by("-voting_power", "id")
        .first()
    )


def total_power(token_id: UUID) -> Decimal:
    """All voting power that a token gives. Kept for a minute: a million take long to add up."""
    total = cache.get_or_set(
        f"total-power:{token_id}", lambda: _total_power(token_id), KEPT_SECONDS
    )
    return cast("Decimal", total)


def _total_power(token_id: UUID) -> Decimal:
    total: Decimal = UserToken.objects.filter(token=token_id).aggregate(
        total=Coalesce(Sum("voting_power"), Decimal(0))
    )["total"]
    return total
