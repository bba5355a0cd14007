"""What members hold, and the power that follows from it."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from django.db import connection, transaction

from accounts.models import User

from .. import power
from ..models import Token, UserToken

RECOUNT = f"""
UPDATE user_tokens SET voting_power = {power.POWER}, updated_at = now()
WHERE token_id = %(token)s AND voting_power IS DISTINCT FROM {power.POWER}
"""  # noqa: S608  (our own words)


@transaction.atomic
def set_holding(*, user: User, token: Token, balance: Decimal, staked: Decimal) -> UserToken:
    """Let ``user`` hold exactly this much of ``token``; the power follows.

    Locks the token, then the holding's row.
    """
    lock_token(token.pk)
    holding, _created = UserToken.objects.update_or_create(
        user=user, token=token, defaults={"balance": balance, "staked_balance": staked}
    )
    recount_power(token_id=token.pk, user_id=user.pk)
    holding.refresh_from_db()
    return holding


@transaction.atomic
def recount_power(*, token_id: UUID, user_id: UUID | None = None) -> int:
    """Let every holding of a token, or only that of one member, have the power that it should.

    How many were written: what was right stays as it is. One statement for a million. Locks the
    token: whoever writes power reads the weights behind that lock, so that the last one to hold it
    has read the last ones.
    """
    lock_token(token_id)
    whose = "" if user_id is None else " AND user_id = %(user)s"
    with connection.cursor() as cursor:
        cursor.execute(RECOUNT + whose, {"token": token_id, "user": user_id, **power.weights()})
        return int(cursor.rowcount)


def lock_token(token_id: UUID) -> None:
    """Keep others from writing holdings of this token until this transaction ends."""
    Token.objects.select_for_update(no_key=True).get(pk=token_id)
