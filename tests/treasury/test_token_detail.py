"""A token's page: who holds how much, and how evenly."""

from decimal import Decimal
from fractions import Fraction

import pytest
from django.core.cache import cache

from tests.factories import HoldingFactory, TokenFactory
from treasury.charts import lorenz_path
from treasury.selectors.holdings import total_power
from treasury.selectors.token_detail import concentration, largest_holders, supply_parts

pytestmark = pytest.mark.django_db


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


def test_lorenz_path_runs_from_corner_to_corner():
    assert lorenz_path([(Fraction(0), Fraction(0)), (Fraction(100), Fraction(100))]) == (
        "M0 1000L1000 0"
    )
