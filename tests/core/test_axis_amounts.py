"""Round amounts for an axis, and the time in a key: asked by several pages, said once."""

from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dao_portal.core.db.months import EPOCH, first_key_at, time_of_key
from dao_portal.core.formats import round_above, round_below

LIMITS = st.fractions(Fraction(1, 10**18), 10**60)


@pytest.mark.parametrize(
    ("limit", "below", "above"),
    [(1, 1, 1), (3, 2, 5), (7, 5, 10), (50, 50, 50), (99, 50, 100), ("0.03", "0.02", "0.05")],
)
def test_an_axis_has_round_amounts(limit, below, above):
    limit = Fraction(limit)
    assert (round_below(limit), round_above(limit)) == (Fraction(below), Fraction(above))


def is_round(amount: Fraction) -> bool:
    digits = str(amount.numerator * 10**60 // amount.denominator).rstrip("0")
    return digits in ("1", "2", "5")


@given(LIMITS)
def test_round_amounts_enclose_the_limit(limit):
    below, above = round_below(limit), round_above(limit)
    assert below <= limit <= above
    assert is_round(below)
    assert is_round(above)
    assert above <= below * Fraction(5, 2)
    assert below == limit == above or below < limit < above


@given(st.integers(0, 2**47), st.integers(0, 999))
def test_a_key_knows_its_millisecond(milliseconds, microseconds):
    moment = EPOCH + timedelta(milliseconds=milliseconds)
    later = moment + timedelta(microseconds=microseconds)
    assert time_of_key(first_key_at(later)) == moment
