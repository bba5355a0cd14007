"""What members hold, and the power that follows from it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from django.db import models, transaction
from django.db.models import F

from accounts.models import User
from dao_portal.core.db.base import AMOUNT_PLACES, AmountField
from dao_portal.core.options import get_option

from ..models import Token, UserToken


class WeightedPower(models.Func):
    """An amount times its weight, cut to 18 places; the database multiplies exactly."""

    template = f"TRUNC(%(expressions)s, {AMOUNT_PLACES})"
    arg_joiner = " * "
    arity = 2
    output_field: ClassVar[models.Field[Any, Any]] = AmountField()


@transaction.atomic
def set_holding(*, user: User, token: Token, balance: Decimal, staked: Decimal) -> UserToken:
    """Let ``user`` hold exactly this much of ``token``; the power follows.

    Locks the holding's row.
    """
    holding, _created = UserToken.objects.update_or_create(
        user=user, token=token, defaults={"balance": balance, "staked_balance": staked}
    )
    recount_power(UserToken.objects.filter(pk=holding.pk))
    holding.refresh_from_db()
    return holding


def recount_power(holdings: models.QuerySet[UserToken]) -> int:
    """Write the voting power of ``holdings`` anew from what they hold, by today's weights.

    Each part is cut to 18 places, then added, as an opening counts it. How many were written.
    """
    return holdings.update(
        voting_power=WeightedPower(F("balance"), weight("balance"))
        + WeightedPower(F("staked_balance"), weight("staked"))
    )


def weight(part: str) -> models.Value:
    """What one token counts: ``part`` is "balance" or "staked"."""
    return models.Value(get_option(f"power.{part}_weight"), AmountField())
