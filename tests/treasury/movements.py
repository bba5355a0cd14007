"""Movements of the treasury at a moment of one's own."""

from datetime import datetime
from decimal import Decimal

from dao_portal.core.db.months import first_key_at
from tests.factories import TransactionFactory


def moved(amount: str, *, at: datetime | None = None, **fields):
    """A confirmed movement of the treasury; its key carries the time."""
    key = {"id": first_key_at(at)} if at else {}
    change = Decimal(amount)
    kind = "deposit" if change > 0 else "transfer"
    return TransactionFactory(
        **({"type": kind, "amount": abs(change), "treasury_change": change} | fields | key)
    )
