"""set_holding: the power follows from what is held, to the last digit."""

from decimal import Decimal

import pytest

from dao_portal.core.options import clear_option_cache
from dao_portal.core.services.options import set_option
from tests.factories import TokenFactory, UserFactory, open_proposal_with, voters_of
from treasury.models import UserToken
from treasury.services.holdings import recount_power, set_holding

pytestmark = pytest.mark.django_db

WEI = Decimal("1e-18")
LONG = Decimal(f"{'9' * 58}.{'9' * 18}")  # 76 digits; Python's own context keeps 28


def weigh(held: str, staked: str) -> None:
    set_option("power.balance_weight", held, actor=None)
    set_option("power.staked_weight", staked, actor=None)
    clear_option_cache()  # on_commit never comes in a test


def power(balance: Decimal, staked: Decimal = Decimal(0)) -> Decimal:
    holding = set_holding(user=UserFactory(), token=TokenFactory(), balance=balance, staked=staked)
    return holding.voting_power


def test_power_is_held_plus_staked():
    assert power(Decimal(8200), Decimal(4280)) == 12480


def test_power_is_exact_at_76_digits():
    weigh("1", "0")
    assert power(LONG) == LONG


def test_each_part_is_cut_before_they_are_added():
    """Half a base unit twice is nothing, not one."""
    weigh("0.5", "0.5")
    assert power(WEI, WEI) == 0
    assert power(3 * WEI, 3 * WEI) == 2 * WEI


def test_weights_are_exact():
    weigh("1.000000000000000001", "2.5")
    assert power(Decimal("0.999999999999999999"), Decimal("0.1")) == Decimal("1.249999999999999999")


def test_second_call_replaces_the_first():
    user, token = UserFactory(), TokenFactory()
    set_holding(user=user, token=token, balance=Decimal(5), staked=Decimal(5))
    set_holding(user=user, token=token, balance=Decimal(1), staked=Decimal(2))
    holding = UserToken.objects.get(user=user)
    assert (holding.balance, holding.staked_balance, holding.voting_power) == (1, 2, 3)


def test_recount_follows_new_weights():
    user, token = UserFactory(), TokenFactory()
    set_holding(user=user, token=token, balance=Decimal(5), staked=Decimal(7))
    weigh("1", "3")
    assert recount_power(UserToken.objects.all()) == 1
    assert UserToken.objects.get(user=user).voting_power == 26


def test_an_opening_counts_the_same_power():
    weigh("0.333333333333333333", "0.5")
    holding = set_holding(
        user=UserFactory(),
        token=TokenFactory(),
        balance=Decimal("1234567890123456789.987654321987654321"),
        staked=3 * WEI,
    )
    proposal = open_proposal_with([])
    assert voters_of(proposal) == [holding.user]
    assert proposal.snapshots.get().power == holding.voting_power == proposal.total_power
