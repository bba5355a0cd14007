"""What was promised by a list of holders, until the holder comes."""

from __future__ import annotations

from django.db import models, transaction

from accounts.models import User
from dao_portal.core.actions import Action
from dao_portal.core.audit.events import record

from ..models import UserToken, WaitingHolding
from . import holdings


@transaction.atomic
def give_waiting_holdings(*, member: User, holder: str) -> int:
    """Give ``member`` what waits for ``holder``, which they have proved to be theirs; how many.

    Locks the tokens in the order of their keys, as whoever brings in a list locks one, and only
    then the waiting rows. Where the member holds some of it already, the amounts add up.
    """
    waiting = WaitingHolding.objects.filter(holder=holder.lower()).order_by("token_id")
    tokens = list(waiting.values_list("token_id", flat=True))
    for token in tokens:
        holdings.lock_token(token)
    given = 0
    for entry in (
        waiting.filter(token__in=tokens).select_for_update(of=("self",)).select_related("token")
    ):
        held = UserToken.objects.filter(user=member, token=entry.token)
        if held.update(
            balance=models.F("balance") + entry.balance,
            staked_balance=models.F("staked_balance") + entry.staked_balance,
        ):
            holdings.recount_power(token_id=entry.token_id, user_id=member.pk)
        else:
            holdings.set_holding(
                user=member,
                token=entry.token,
                balance=entry.balance,
                staked=entry.staked_balance,
            )
        record(Action.HOLDING_CLAIMED, actor=member, resource=entry.token)
        entry.delete()
        given += 1
    return given
