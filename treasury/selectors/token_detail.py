"""One token: where its supply is, and how evenly its power is spread."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import cast

from django.core.cache import cache
from django.db import connection
from django.db.models import Sum
from django.db.models.functions import Coalesce

from accounts.models import Profile
from dao_portal.core.db.base import EXACT, exact_sum, under

from ..models import Token, UserToken
from . import holdings


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
    spread: Concentration | None = cache.get_or_set(
        f"concentration:{token.pk}", lambda: _concentration(token), holdings.KEPT_SECONDS
    )
    return spread


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
    kept = cache.get_or_set(
        f"supply:{token.pk}", lambda: _held_and_staked(token), holdings.KEPT_SECONDS
    )
    sums = cast("dict[str, Decimal]", kept)
    inside = exact_sum((sums["held"], sums["staked"], treasury))
    amounts = {
        "held": sums["held"],
        "staked": sums["staked"],
        "treasury": treasury,
        "outside": max(EXACT.subtract(token.total_supply, inside), Decimal(0)),
    }
    whole = Fraction(exact_sum(amounts.values())) or Fraction(1)
    parts, before = [], Fraction(0)
    for key, amount in amounts.items():
        share = Fraction(amount) / whole * 100
        parts.append(SupplyPart(key, amount, share, before))
        before += share
    return parts


def _held_and_staked(token: Token) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = UserToken.objects.filter(token=token).aggregate(
        held=Coalesce(Sum("balance"), Decimal(0)),
        staked=Coalesce(Sum("staked_balance"), Decimal(0)),
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
