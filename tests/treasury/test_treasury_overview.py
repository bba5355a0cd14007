"""The treasury's balances and months, exact beyond 28 digits."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from dao_portal.core.db.months import ensure_months
from tests.factories import TokenFactory
from tests.looking import some
from tests.treasury.movements import moved
from treasury.charts import flow_chart, sparkline
from treasury.selectors.treasury_overview import (
    MonthFlow,
    TreasuryToken,
    treasury_balances,
    treasury_tokens,
)

pytestmark = pytest.mark.django_db


def days_ago(days: int) -> datetime:
    return timezone.now() - timedelta(days=days)


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
