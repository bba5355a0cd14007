"""What is asked about tokens, holdings and the community's treasury."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import Coalesce, TruncMonth
from django.utils import timezone

from accounts.models import Profile, User
from dao_portal.core.db.base import EXACT, under
from dao_portal.core.options import get_option
from dao_portal.core.web.cache import keep

from .models import Token, Transaction, UserToken

MONTHS = 12
KEPT_SECONDS = 60  # what is added up over all holders
NOTHING = Decimal(0)


# --- one member ---------------------------------------------------------------------------------


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
    return keep(f"total-power:{token_id}", KEPT_SECONDS, lambda: _total_power(token_id))


def _total_power(token_id: UUID) -> Decimal:
    total: Decimal = UserToken.objects.filter(token=token_id).aggregate(
        total=Coalesce(Sum("voting_power"), NOTHING)
    )["total"]
    return total


# --- the treasury -------------------------------------------------------------------------------


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
        return _total(flow.came_in for flow in self.months)

    @property
    def went_out(self) -> Decimal:
        return _total(flow.went_out for flow in self.months)


def treasury_tokens() -> list[TreasuryToken]:
    """The treasury, the governance token first: two queries, whatever there is in it."""
    sums = (
        treasury_movements()
        .filter(status=Transaction.Status.CONFIRMED)
        .annotate(month=TruncMonth("created_at", tzinfo=UTC))
        .values("currency", "month")
        .annotate(
            came_in=Coalesce(Sum("treasury_change", filter=Q(treasury_change__gt=0)), NOTHING),
            went_out=Coalesce(Sum("treasury_change", filter=Q(treasury_change__lt=0)), NOTHING),
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
    WHERE treasury_change <> 0 AND status = 'confirmed'
) AS movement ON movement.currency = token.symbol
WHERE token.is_active
GROUP BY token.id
ORDER BY token.symbol <> %(governance_token)s, token.symbol
"""


def treasury_balances() -> list[Balance]:
    """The treasury at a glance, the governance token first: one query."""
    with connection.cursor() as cursor:
        cursor.execute(BALANCES_SQL, {"governance_token": get_option("governance.token")})
        return [Balance(*row) for row in cursor.fetchall()]


def _twelve_months(rows: list[Any]) -> tuple[MonthFlow, ...]:
    """The last twelve months from rows of any age; what lies before is in the balance."""
    months = _last_months(timezone.now())
    balance = _total(
        EXACT.add(row["came_in"], row["went_out"])
        for row in rows
        if row["month"].date() < months[0]
    )
    by_month = {row["month"].date(): row for row in rows}
    flows = []
    for month in months:
        row = by_month.get(month, {"came_in": NOTHING, "went_out": NOTHING})
        balance = EXACT.add(balance, EXACT.add(row["came_in"], row["went_out"]))
        flows.append(MonthFlow(month, row["came_in"], row["went_out"].copy_abs(), balance))
    return tuple(flows)


def _last_months(now: datetime) -> list[date]:
    index = now.year * 12 + now.month - 1
    return [
        date(number // 12, number % 12 + 1, 1) for number in range(index - MONTHS + 1, index + 1)
    ]


def treasury_movements() -> QuerySet[Transaction]:
    """Everything that moved, or is to move, the treasury; newest first."""
    return Transaction.objects.exclude(treasury_change=0).order_by("-id")


def find_movements(
    *, words: str = "", currency: str = "", kind: str = "", status: str = "", sort: str = ""
) -> QuerySet[Transaction]:
    """Movements by filter; ``sort`` is "amount" (largest first) or newest first.

    ``words`` are looked for in the description and in the name of the other side.
    """
    movements = treasury_movements().select_related("user")
    if words:
        movements = movements.filter(
            Q(description__icontains=words) | Q(metadata__party__icontains=words)
        )
    exact = {"currency": currency, "type": kind, "status": status}
    movements = movements.filter(**{field: value for field, value in exact.items() if value})
    return movements.order_by("-amount", "-id") if sort == "amount" else movements


# --- one token ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Band:
    """The holders from one rank to another: how many, and their hundredths of all power."""

    first: int
    last: int
    share: Fraction
    together: Fraction


@dataclass(frozen=True)
class Concentration:
    """How evenly the power of one token is spread.

    ``half`` is how many of the largest holders have more than half of it. ``lorenz`` has pairs of
    hundredths: the smallest x % of the holders have y % of the power. ``gini`` is 0 when all hold
    the same and near 1 when one holds all.
    """

    holders: int
    half: int
    smaller_half: Fraction
    gini: Fraction
    bands: list[Band]
    lorenz: list[tuple[Fraction, Fraction]]


# Ranked once, largest first; kept are the ranks that the page shows: the edges of the bands, the
# first that together have more than half, and about sixty points of the curve.
CONCENTRATION_SQL = """
WITH ranked AS (
    SELECT voting_power AS power,
           row_number() OVER holders AS rank,
           sum(voting_power) OVER holders AS together,
           count(*) OVER () AS n,
           sum(voting_power) OVER () AS total
    FROM user_tokens WHERE token_id = %(token)s AND voting_power > 0
    WINDOW holders AS (ORDER BY voting_power DESC, id ROWS UNBOUNDED PRECEDING)
)
SELECT rank, n, together, total, together * 2 > total AND (together - power) * 2 <= total,
       (SELECT sum((n + 1 - rank) * power) FROM ranked)
FROM ranked
WHERE rank IN (1, 5, 10, 50, n, n - n / 2)
   OR (together * 2 > total AND (together - power) * 2 <= total)
   OR rank * 60 / n <> (rank - 1) * 60 / n
ORDER BY rank
"""
BAND_EDGES = (1, 5, 10, 50)


def concentration(token: Token) -> Concentration | None:
    """How the power of ``token`` is spread; None when nobody holds any. Kept for a minute."""
    return keep(f"concentration:{token.pk}", KEPT_SECONDS, lambda: _concentration(token))


def _concentration(token: Token) -> Concentration | None:
    with connection.cursor() as cursor:
        cursor.execute(CONCENTRATION_SQL, {"token": token.pk})
        rows = cursor.fetchall()
    if not rows:
        return None
    _rank, n, _together, total, _crosses, weighted = rows[0]
    share = {rank: Fraction(together) / Fraction(total) * 100 for rank, _n, together, *_ in rows}
    share[0] = Fraction(0)
    edges = [0, *(edge for edge in BAND_EDGES if edge < n), n]
    return Concentration(
        holders=n,
        half=next(rank for rank, *_middle, crosses, _weighted in rows if crosses),
        smaller_half=100 - share[n - n // 2],
        gini=Fraction(2 * Fraction(weighted), n * Fraction(total)) - Fraction(n + 1, n),
        bands=[
            Band(first + 1, last, share[last] - share[first], share[last])
            for first, last in pairwise(edges)
        ],
        lorenz=[
            (Fraction(n - rank, n) * 100, 100 - share[rank]) for rank in sorted(share, reverse=True)
        ],
    )


@dataclass(frozen=True)
class SupplyPart:
    """A part of a token's supply: its amount, and its hundredths of the whole."""

    key: str
    amount: Decimal
    share: Fraction
    before: Fraction


def supply_parts(token: Token, treasury: Decimal) -> list[SupplyPart]:
    """Where the supply is: held and staked by members, in the treasury, outside of the portal.

    What members have is added up once a minute.
    """
    sums = keep(f"supply:{token.pk}", KEPT_SECONDS, lambda: _held_and_staked(token))
    inside = _total((sums["held"], sums["staked"], treasury))
    amounts = {
        "held": sums["held"],
        "staked": sums["staked"],
        "treasury": treasury,
        "outside": max(EXACT.subtract(token.total_supply, inside), NOTHING),
    }
    whole = Fraction(_total(amounts.values())) or Fraction(1)
    parts, before = [], Fraction(0)
    for key, amount in amounts.items():
        share = Fraction(amount) / whole * 100
        parts.append(SupplyPart(key, amount, share, before))
        before += share
    return parts


def _held_and_staked(token: Token) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = UserToken.objects.filter(token=token).aggregate(
        held=Coalesce(Sum("balance"), NOTHING), staked=Coalesce(Sum("staked_balance"), NOTHING)
    )
    return sums


def largest_holders(token: Token, *, most: int = 10) -> list[UserToken]:
    """Who has most power in ``token``, largest first."""
    return list(
        UserToken.objects.filter(token=token, voting_power__gt=0)
        .select_related("user__profile")
        .defer(*under("user__profile", Profile.BODIES))
        .order_by("-voting_power", "id")[:most]
    )


def _total(amounts: Any) -> Decimal:
    """The exact sum: ``sum()`` would round at 28 digits."""
    total = NOTHING
    for amount in amounts:
        total = EXACT.add(total, amount)
    return total
