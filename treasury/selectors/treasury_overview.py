"""What the community owns, and what came and went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Q, Sum
from django.db.models.functions import Coalesce, TruncMonth
from django.utils import timezone

from dao_portal.core.db.base import EXACT, exact_sum
from dao_portal.core.options import get_option

from ..models import Token, Transaction
from . import transaction_list

MONTHS = 12
ZERO = Decimal(0)


@dataclass(frozen=True)
class MonthFlow:
    """What came in and went out in one month, and what there was at its end."""

    month: date
    came_in: Decimal
    went_out: Decimal
    end: Decimal

    @property
    def change(self) -> Decimal:
        return EXACT.subtract(self.came_in, self.went_out)


@dataclass(frozen=True)
class TreasuryToken:
    """The treasury in one token over the last twelve months, this month last."""

    token: Token
    months: tuple[MonthFlow, ...]

    @property
    def balance(self) -> Decimal:
        return self.months[-1].end

    @property
    def came_in(self) -> Decimal:
        return exact_sum(flow.came_in for flow in self.months)

    @property
    def went_out(self) -> Decimal:
        return exact_sum(flow.went_out for flow in self.months)


def treasury_tokens() -> list[TreasuryToken]:
    """The treasury, the governance token first: two queries, whatever there is in it."""
    sums = (
        transaction_list.treasury_movements()
        .filter(status=Transaction.Status.CONFIRMED)
        .annotate(month=TruncMonth("created_at", tzinfo=UTC))
        .values("currency", "month")
        .annotate(
            came_in=Coalesce(Sum("treasury_change", filter=Q(treasury_change__gt=0)), ZERO),
            went_out=Coalesce(Sum("treasury_change", filter=Q(treasury_change__lt=0)), ZERO),
        )
        .order_by("currency", "month")
    )
    by_currency: dict[str, list[Any]] = {}
    for row in sums:
        by_currency.setdefault(row["currency"], []).append(row)
    governance_token = get_option("governance.token")
    tokens = sorted(
        Token.objects.filter(is_active=True),
        key=lambda token: (token.symbol != governance_token, token.symbol),
    )
    return [
        TreasuryToken(token, _twelve_months(by_currency.get(token.symbol, []))) for token in tokens
    ]


@dataclass(frozen=True)
class Balance:
    """The treasury in one token, and what came in and went out in the last thirty days."""

    symbol: str
    name: str
    amount: Decimal
    came_in: Decimal
    went_out: Decimal


# Tokens first: whatever else moved, the index of the treasury's movements answers for each.
BALANCES_SQL = """
SELECT token.symbol, token.name, sum(change),
       coalesce(sum(change) FILTER (WHERE change > 0 AND lately), 0),
       coalesce(-sum(change) FILTER (WHERE change < 0 AND lately), 0)
FROM tokens AS token
JOIN (
    SELECT currency, treasury_change AS change, created_at >= now() - interval '30 days' AS lately
    FROM transactions
    WHERE treasury_change <> 0 AND status = %(confirmed)s
) AS movement ON movement.currency = token.symbol
WHERE token.is_active
GROUP BY token.id
ORDER BY token.symbol <> %(governance_token)s, token.symbol
"""


def treasury_balances() -> list[Balance]:
    """The treasury at a glance, the governance token first: one query."""
    with connection.cursor() as cursor:
        cursor.execute(
            BALANCES_SQL,
            {
                "confirmed": Transaction.Status.CONFIRMED,
                "governance_token": get_option("governance.token"),
            },
        )
        return [Balance(*row) for row in cursor.fetchall()]


def _twelve_months(rows: list[Any]) -> tuple[MonthFlow, ...]:
    """The last twelve months from rows of any age; what lies before is in the balance."""
    months = _last_months(timezone.now())
    balance = exact_sum(
        EXACT.add(row["came_in"], row["went_out"])
        for row in rows
        if row["month"].date() < months[0]
    )
    by_month = {row["month"].date(): row for row in rows}
    flows = []
    for month in months:
        row = by_month.get(month, {"came_in": ZERO, "went_out": ZERO})
        balance = EXACT.add(balance, EXACT.add(row["came_in"], row["went_out"]))
        flows.append(MonthFlow(month, row["came_in"], row["went_out"].copy_abs(), balance))
    return tuple(flows)


def _last_months(now: datetime) -> list[date]:
    index = now.year * 12 + now.month - 1
    return [
        date(number // 12, number % 12 + 1, 1) for number in range(index - MONTHS + 1, index + 1)
    ]
