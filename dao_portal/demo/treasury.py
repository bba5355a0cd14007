"""A year of the demo's treasury: what came in every week, and what was paid out, to whom, for what.

All amounts are the same in every demo; only the days follow from its first start.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from accounts.models import User
from dao_portal.core.db.base import database_now
from dao_portal.core.db.months import ensure_months, first_key_at
from governance.models import Proposal
from treasury.models import Token, Transaction, TransactionHash
from treasury.selectors import transaction_list

from .treasury_texts import DEPOSITS, FEES, PAYMENTS, TOKENS, Payment

WEEKS = 52
NETWORK = "ethereum"
ON_CHAIN = {"ETH", "USDC"}  # the others live in the portal only, and have no hashes
TYPES = Transaction.Type


@dataclass(frozen=True)
class Movement:
    """One row to be: ``change`` is what the treasury has more, or less, once it is confirmed."""

    days_ago: int
    type: Transaction.Type
    currency: str
    change: Decimal
    description: str
    party: str = ""
    member: str = ""
    status: Transaction.Status = Transaction.Status.CONFIRMED
    extra: Mapping[str, int] = field(default_factory=dict)


def fill_treasury(people: Mapping[str, User]) -> int:
    """Write the demo's year into a treasury that has never moved; how many movements it has now.

    A treasury with movements is left alone. Makes the months' partitions that it needs.
    """
    if transaction_list.treasury_movements().exists():
        return 0
    _add_tokens()
    now = database_now()
    movements = sorted(_movements(), key=lambda movement: -movement.days_ago)
    ensure_months(since=now - timedelta(days=movements[0].days_ago))
    rows = [_row(number, movement, people, now=now) for number, movement in enumerate(movements, 1)]
    with transaction.atomic():
        Transaction.objects.bulk_create(rows)
        TransactionHash.objects.bulk_create(
            TransactionHash(transaction=row, network=NETWORK, hash=row.transaction_hash)
            for row in rows
            if row.transaction_hash
        )
    return len(rows)


def _add_tokens() -> None:
    for symbol, name, description in TOKENS:
        Token.objects.get_or_create(
            symbol=symbol,
            defaults={"name": name, "description": description, "network": NETWORK},
        )


def _movements() -> Iterator[Movement]:
    yield from _deposits()
    numbers = dict(
        Proposal.objects.filter(source=Proposal.Source.DEMO).values_list("source_id", "number")
    )
    for payment in PAYMENTS:
        yield _paid(payment, numbers)


def _deposits() -> Iterable[Movement]:
    for deposit in DEPOSITS:
        yield Movement(
            days_ago=deposit.days_ago,
            type=TYPES.DEPOSIT,
            currency=deposit.currency,
            change=Decimal(deposit.amount),
            description=deposit.description,
            party=deposit.party,
        )
    for currency, (least, step) in FEES.items():
        for week in range(WEEKS):
            yield Movement(
                days_ago=2 + 7 * week,
                type=TYPES.DEPOSIT,
                currency=currency,
                change=Decimal(least) + Decimal(step) * (week * 7 % 13),  # no two weeks alike
                description="Fees of one week",
                party="Protocol fees",
            )


def _paid(payment: Payment, numbers: Mapping[str, int]) -> Movement:
    decided = numbers.get(payment.decided_in)
    return Movement(
        days_ago=payment.days_ago,
        type=TYPES.WITHDRAWAL if payment.member else TYPES.TRANSFER,
        currency=payment.currency,
        change=-Decimal(payment.amount),
        description=payment.description,
        party=payment.party,
        member=payment.member,
        status=Transaction.Status(payment.status),
        extra={"proposal": decided} if decided else {},
    )


def _row(
    number: int, movement: Movement, people: Mapping[str, User], *, now: datetime
) -> Transaction:
    moment = now - timedelta(days=movement.days_ago)
    confirmed = movement.status == Transaction.Status.CONFIRMED
    on_chain = confirmed and movement.currency in ON_CHAIN
    party = {"party": movement.party} if movement.party else {}
    return Transaction(
        # The key says when; its last bits keep apart what moved in the same millisecond.
        id=UUID(int=first_key_at(moment).int + number),
        user=people[movement.member] if movement.member else None,
        type=movement.type,
        status=movement.status,
        amount=abs(movement.change),
        currency=movement.currency,
        treasury_change=movement.change,
        description=movement.description,
        metadata={**party, **movement.extra},
        transaction_hash=_hash(number) if on_chain else "",
    )


def _hash(number: int) -> str:
    """Looks like one of the chain's, and is on none."""
    return "0x" + hashlib.sha256(f"demo {number}".encode()).hexdigest()
