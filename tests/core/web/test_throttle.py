"""Counts that hold under many at once, with the cache and without it."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.cache import cache

from dao_portal.core.web.throttle import Rate, give_back, network_of, take

HOUR = 3600
WHEN = ["with the cache", "without it"]


@pytest.fixture(params=WHEN)
def _cache_or_not(request):
    if request.param == WHEN[1]:
        cache.leave_alone()


pytestmark = pytest.mark.usefixtures("_cache_or_not")


def passed(*counts, times=1):
    return [take(counts) is not None for _ in range(times)]


def test_limit_holds():
    assert passed(("a", Rate(2, HOUR)), times=4) == [True, True, False, False]
    assert passed(("b", Rate(2, HOUR))) == [True]


def test_what_is_given_back_was_never_taken():
    for _ in range(5):
        give_back(take([("a", Rate(1, HOUR))]))

    assert passed(("a", Rate(1, HOUR)), times=2) == [True, False]


def test_refused_try_fills_no_wider_count():
    """Whoever hammers from one place must not use up what everybody else has."""
    narrow, wide = ("narrow", Rate(1, HOUR)), ("wide", Rate(3, HOUR))

    assert passed(narrow, wide, times=50) == [True] + 49 * [False]
    assert passed(wide, times=3) == [True, True, False]


def test_try_refused_by_a_wide_count_fills_no_narrow_one():
    narrow, wide = ("narrow", Rate(3, HOUR)), ("wide", Rate(1, HOUR))

    assert passed(narrow, wide, times=50) == [True] + 49 * [False]
    assert passed(narrow, times=3) == [True, True, False]


def test_fifty_at_once_pass_as_few_as_fifty_in_a_row():
    with ThreadPoolExecutor(50) as pool:
        outcomes = list(pool.map(lambda _: take([("a", Rate(5, HOUR))]), range(50)))

    assert sum(outcome is not None for outcome in outcomes) == 5


def test_giving_back_what_is_over_is_no_error():
    taken = take([("a", Rate(1, HOUR))])
    cache.clear()

    give_back(taken)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.77"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("", ""),
    ],
)
def test_network_of(address, network):
    assert network_of(address) == network
