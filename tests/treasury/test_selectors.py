"""The treasury's balances, its months, and how a token is spread, to the last digit."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from django.core.cache import cache
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from dao_portal.core.db.months import ensure_months, first_key_at
from tests.factories import HoldingFactory, TokenFactory, TransactionFactory, UserFactory
from tests.looking import some
from treasury.charts import flow_chart, lorenz_path, sparkline
from treasury.selectors.holdings import current_power, total_power
from treasury.selectors.token_detail import concentration, largest_holders, supply_parts
from treasury.selectors.transaction_list import find_movements
from treasury.selectors.treasury_overview import (
    MonthFlow,
    TreasuryToken,
    treasury_balances,
    treasury_tokens,
)

pytestmark = pytest.mark.django_db


def days_ago(days: int) -> datetime:
    return timezone.now() - timedelta(days=days)


def moved(amount: str, *, at: datetime | None = None, **fields):
    """A confirmed movement of the treasury; its key carries the time."""
    key = {"id": first_key_at(at)} if at else {}
    change = Decimal(amount)
    kind = "deposit" if change > 0 else "transfer"
    return TransactionFactory(
        **({"type": kind, "amount": abs(change), "treasury_change": change} | fields | key)
    )


def test_balance_is_exact_beyond_28_digits():
    TokenFactory()
    moved("123456789012345678901234567890.000000000000000001")
    moved("-0.000000000000000002")

    [entry] = treasury_tokens()

    assert entry.balance == Decimal("123456789012345678901234567889.999999999999999999")


def test_balance_ignores_what_is_not_confirmed():
    TokenFactory()
    moved("10")
    moved("-3", status="pending")
    moved("-4", status="failed")
    moved("5", status="cancelled")

    [entry] = treasury_tokens()

    assert (entry.balance, entry.came_in, entry.went_out) == (10, 10, 0)


def test_months_are_those_of_utc_wherever_the_reader_is():
    TokenFactory()
    first = timezone.now().replace(day=1, hour=0, minute=30)
    ensure_months(since=first)
    moved("7", at=first)

    with timezone.override("America/Los_Angeles"):  # where it is still the month before
        [entry] = treasury_tokens()

    assert entry.months[-1].came_in == 7


def test_balances_say_what_moved_in_thirty_days_and_nothing_else():
    TokenFactory(symbol="ZZZ", name="Last")
    TokenFactory()
    ensure_months(since=days_ago(40))
    moved("100", at=days_ago(40))
    moved("0.000000000000000003")
    moved("-0.000000000000000001")
    moved("50", status="pending")
    moved("5", currency="ZZZ")
    moved("9", currency="UNKNOWN")

    first, second = treasury_balances()

    assert (first.symbol, first.amount) == ("DPT", Decimal("100.000000000000000002"))
    assert first.came_in == Decimal("0.000000000000000003")
    assert first.went_out == Decimal("0.000000000000000001")
    assert (second.symbol, second.name, second.amount) == ("ZZZ", "Last", 5)


def test_balances_and_months_agree():
    TokenFactory()
    ensure_months(since=days_ago(400))
    for amount, age in (("12.5", 400), ("-3.25", 45), ("8", 3)):
        moved(amount, at=days_ago(age))

    [months], [balance] = treasury_tokens(), treasury_balances()

    assert months.balance == balance.amount == Decimal("17.25")


def test_months_start_from_what_was_there_before():
    TokenFactory()
    long_ago = days_ago(500)
    ensure_months(since=long_ago)
    moved("100", at=long_ago)
    moved("-30", at=days_ago(70))

    [entry] = treasury_tokens()

    assert len(entry.months) == 12
    assert entry.months[0].end == 100
    assert entry.came_in == 0
    assert entry.went_out == 30
    assert entry.balance == 70


def test_months_end_with_this_one():
    TokenFactory()
    now = datetime.now(UTC)

    [entry] = treasury_tokens()

    assert (entry.months[-1].month.year, entry.months[-1].month.month) == (now.year, now.month)


def test_tokens_begin_with_the_governance_token(django_assert_num_queries):
    for symbol in ("AAA", "DPT", "ZZZ"):
        TokenFactory(symbol=symbol)
    TokenFactory(symbol="OLD", is_active=False)
    moved("1", currency="ZZZ")

    with django_assert_num_queries(3):  # sums, settings, tokens
        symbols = [entry.token.symbol for entry in treasury_tokens()]

    assert symbols == ["DPT", "AAA", "ZZZ"]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, ["c", "b", "a"]),
        ({"words": "B GRANT"}, ["b"]),
        ({"words": "guild"}, ["c"]),
        ({"currency": "ETH"}, ["c"]),
        ({"kind": "deposit"}, ["b", "a"]),
        ({"status": "pending"}, ["a"]),
        ({"sort": "amount"}, ["b", "c", "a"]),
        ({"words": "%"}, []),
    ],
)
def test_movements_by_filter(filters, found):
    moved("1", description="a", status="pending")
    moved("3", description="b grant")
    moved("-2", description="c", currency="ETH", metadata={"party": "Node guild"})
    TransactionFactory(amount=9, treasury_change=0, description="between members")

    assert [movement.description[0] for movement in find_movements(**filters)] == found


def test_concentration_of_equal_holders():
    token = TokenFactory()
    for _ in range(4):
        HoldingFactory(token=token, balance=5)

    spread = concentration(token)

    assert spread is not None
    assert (spread.holders, spread.half, spread.gini) == (4, 3, 0)
    assert spread.smaller_half == 50
    assert [(band.first, band.last, band.share) for band in spread.bands] == [
        (1, 1, 25),
        (2, 4, 75),
    ]


def test_concentration_of_one_who_has_nearly_all():
    token = TokenFactory()
    for balance in (97, 1, 1, 1):
        HoldingFactory(token=token, balance=balance)
    HoldingFactory(token=token, balance=0)

    spread = concentration(token)

    assert spread is not None
    assert (spread.holders, spread.half) == (4, 1)
    assert spread.smaller_half == 2
    # By definition: 2 x (1x1 + 2x1 + 3x1 + 4x97) / (4 x 100) - 5/4
    assert spread.gini == Fraction(2 * 394, 400) - Fraction(5, 4)
    assert spread.lorenz[0] == (0, 0)
    assert spread.lorenz[-1] == (100, 100)


def test_concentration_without_holders_is_none():
    assert concentration(TokenFactory()) is None


def test_concentration_is_kept_for_a_minute(django_assert_num_queries):
    token = TokenFactory()
    HoldingFactory(token=token)
    concentration(token)

    with django_assert_num_queries(0):
        again = concentration(token)

    cache.clear()
    assert again == concentration(token)


def test_supply_parts_add_up_to_the_whole():
    token = TokenFactory(total_supply=1000)
    HoldingFactory(token=token, balance=100, staked_balance=50)

    parts = supply_parts(token, Decimal(250))

    assert [(part.key, part.amount, part.share) for part in parts] == [
        ("held", 100, 10),
        ("staked", 50, 5),
        ("treasury", 250, 25),
        ("outside", 600, 60),
    ]


def test_what_members_have_is_added_up_once_a_minute(django_assert_num_queries):
    token = TokenFactory()
    HoldingFactory(token=token, balance=30)
    first = supply_parts(token, Decimal(0)), total_power(token.pk)

    with django_assert_num_queries(0):
        again = supply_parts(token, Decimal(0)), total_power(token.pk)
    HoldingFactory(token=token, balance=12)
    cache.clear()

    assert again == first
    assert total_power(token.pk) == 42
    assert supply_parts(token, Decimal(0))[0].amount == 42


def test_supply_parts_never_go_below_nothing():
    token = TokenFactory(total_supply=0)
    HoldingFactory(token=token, balance=30)

    parts = supply_parts(token, Decimal(10))

    assert [part.share for part in parts] == [75, 0, 25, 0]


def test_largest_holders_come_first_and_without_the_empty():
    token = TokenFactory()
    small, large = HoldingFactory(token=token, balance=1), HoldingFactory(token=token, balance=2)
    HoldingFactory(token=token, balance=0)

    assert largest_holders(token) == [large, small]
    assert largest_holders(token, most=1) == [large]


def test_current_power_of_who_holds_nothing_is_zero():
    TokenFactory()

    assert current_power(UserFactory()) == 0


amounts = st.decimals(min_value=0, max_value=10**30, places=18)


@given(flows=st.lists(st.tuples(amounts, amounts), min_size=12, max_size=12))
def test_chart_stays_within_its_box(flows):
    month = datetime(2026, 1, 1, tzinfo=UTC).date()
    token = TreasuryToken(
        TokenFactory.build(), tuple(MonthFlow(month, *flow, end=flow[0]) for flow in flows)
    )

    chart = flow_chart(token)

    for bar in some(chart.bars):
        assert 0 <= bar.x <= 100 - bar.width
        assert 0 <= bar.top <= 50
        assert bar.top + bar.came_in == 50
        assert 0 <= bar.went_out <= 50
    assert bool(chart.grid) == any(any(flow) for flow in flows)
    for line in chart.grid:
        assert 0 <= line.above < 50 < line.below <= 100
    assert sparkline(token).area.startswith("M0.0 ")


def test_lorenz_path_runs_from_corner_to_corner():
    assert lorenz_path([(Fraction(0), Fraction(0)), (Fraction(100), Fraction(100))]) == (
        "M0 1000L1000 0"
    )
