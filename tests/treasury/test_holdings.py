"""set_holding: the power follows from what is held, to the last digit."""

from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from dao_portal.core import options
from dao_portal.core.audit.delivery import deliver_due_events
from dao_portal.core.models import Setting
from dao_portal.core.options import clear_option_cache, get_option
from dao_portal.core.services.options import set_option
from governance.services.opening import open_proposal
from tests.factories import (
    HoldingFactory,
    ProposalFactory,
    TokenFactory,
    UserFactory,
    open_proposal_with,
    voters_of,
)
from tests.threads import second_session, wait_until_blocked
from treasury.models import UserToken
from treasury.power import weights
from treasury.selectors.holdings import current_power
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
    assert recount_power(token_id=token.pk) == 1
    assert UserToken.objects.get(user=user).voting_power == 26
    assert recount_power(token_id=token.pk) == 0


def test_weights_are_those_of_the_database_and_options_stay_remembered(
    monkeypatch, django_assert_num_queries
):
    monkeypatch.setattr(options, "SECONDS_KEPT", 3600)
    weigh("1", "3")
    before = get_option("power.staked_weight")
    Setting.objects.filter(key="power.staked_weight").update(value="2.5")

    with django_assert_num_queries(1):
        assert weights() == {"balance_weight": 1, "staked_weight": Decimal("2.5")}
        assert get_option("power.staked_weight") == before


def test_recount_of_one_member_leaves_the_others():
    one, other = HoldingFactory(), HoldingFactory()
    weigh("3", "1")
    assert recount_power(token_id=one.token_id, user_id=one.user_id) == 1
    assert [UserToken.objects.get(pk=holding.pk).voting_power for holding in (one, other)] == [
        300,
        100,
    ]


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


# --- a weight changes -----------------------------------------------------------------------------


def decide_weights(held: str, staked: str) -> None:
    """As a community does, with everything that follows."""
    weigh(held, staked)
    deliver_due_events()


def counted_at_an_opening() -> dict[object, Decimal]:
    proposal = ProposalFactory(due=True)
    assert open_proposal(proposal_id=proposal.pk)
    return dict(proposal.snapshots.values_list("user", "power"))


def test_a_member_sees_what_an_opening_counts():
    ada = HoldingFactory(balance=100).user
    decide_weights("3", "1")
    assert current_power(ada) == 300
    assert counted_at_an_opening() == {ada.pk: 300}


def test_every_token_is_counted_again():
    holdings = [HoldingFactory(token=TokenFactory(symbol=symbol)) for symbol in ("DPT", "A", "B")]
    decide_weights("2", "1")
    powers = UserToken.objects.filter(pk__in=[holding.pk for holding in holdings])
    assert list(powers.values_list("voting_power", flat=True)) == [200, 200, 200]


def test_another_setting_recounts_nobody():
    holding = HoldingFactory(voting_power=7)
    set_option("governance.quorum", "7 %", actor=None)
    deliver_due_events()
    assert UserToken.objects.get(pk=holding.pk).voting_power == 7


WEIGHT = st.decimals(0, 1000, places=18).map("{:f}".format)
AMOUNT = st.decimals(0, 10**12, places=18)


@settings(max_examples=25)
@given(
    weights=st.tuples(WEIGHT, WEIGHT),
    held=st.lists(st.tuples(AMOUNT, AMOUNT), min_size=1, max_size=4),
)
def test_badge_and_opening_agree_whatever_the_weights(weights, held):
    with transaction.atomic():
        token = TokenFactory()
        members = [
            HoldingFactory(token=token, balance=balance, staked_balance=staked).user
            for balance, staked in held
        ]
        decide_weights(*weights)
        seen = {member.pk: current_power(member) for member in members}
        assert counted_at_an_opening() == {pk: power for pk, power in seen.items() if power}
        transaction.set_rollback(True)


def test_weights_are_read_from_the_database_and_not_from_memory():
    """Another process changed them a second ago, and this one has not noticed."""
    get_option("power.balance_weight")
    set_option("power.balance_weight", "3", actor=None)  # its on_commit never comes in a test
    assert power(Decimal(100)) == 300


@pytest.mark.django_db(transaction=True)
def test_a_holding_written_while_weights_change_is_counted_by_the_new_ones():
    """It read the old weight and has not committed when everybody is counted again."""
    token, ada = TokenFactory(), UserFactory()
    with second_session() as start:
        with transaction.atomic():
            set_holding(user=ada, token=token, balance=Decimal(100), staked=Decimal(0))
            change = start(set_option, "power.balance_weight", "3", actor=None)
            wait_until_blocked()  # its commit wakes the subscriber, which counts everybody
        change.result()
    assert current_power(ada) == 300
