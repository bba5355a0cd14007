"""Opening counts everybody's power and freezes the rule."""

from decimal import Decimal

import pytest

from governance.canonical import canonical_hash
from governance.models import PowerSnapshot, Proposal
from governance.selectors.proposal_files import fingerprinted
from governance.services.cancelling import cancel_proposal
from governance.services.opening import open_proposal
from tests.factories import (
    HoldingFactory,
    ProposalFactory,
    TokenFactory,
    UserFactory,
    cast,
    close_now,
    give_power,
    open_proposal_with,
    voters_of,
)
from tests.governance.drafting import actions_on, decide_option, last_event

pytestmark = pytest.mark.django_db


# --- withdrawing and cancelling -------------------------------------------------------------------


@pytest.mark.parametrize("traits", [{"upcoming": True}, {"due": True}])
def test_a_withdrawn_or_cancelled_proposal_never_opens(traits):
    TokenFactory()
    proposal = ProposalFactory(**traits)
    cancel_proposal(
        actor=UserFactory(role="moderator"), proposal_id=proposal.pk, note="Sent twice."
    )

    assert open_proposal(proposal_id=proposal.pk) is False


# --- opening --------------------------------------------------------------------------------------


def test_open_counts_everybody_each_part_weighted_and_rounded_down():
    decide_option("power.balance_weight", "0.666666666666666666")
    decide_option("power.staked_weight", "1.5")
    one, unit = Decimal(1), Decimal("0.000000000000000001")
    holding = HoldingFactory(balance=one + unit, staked_balance=one + unit)
    HoldingFactory(balance=unit, staked_balance=0)  # rounds down to nothing: no voter
    HoldingFactory(balance=0, staked_balance=0)
    HoldingFactory(token=TokenFactory(symbol="OTHER"))
    proposal = ProposalFactory(due=True)

    assert open_proposal(proposal_id=proposal.pk) is True

    counted = PowerSnapshot.objects.get(proposal=proposal)
    assert counted.user == holding.user
    assert counted.own == Decimal("0.666666666666666666")
    assert counted.staked == Decimal("1.500000000000000001")
    assert counted.power == Decimal("2.166666666666666667")
    proposal.refresh_from_db()
    assert proposal.total_power == counted.power
    assert proposal.phase == "open"


@pytest.mark.parametrize(
    ("quorum", "stored"),
    [
        ("4000000", "4000000"),
        ("0.5", "0.5"),
        ("0", "0"),
        ("50 %", "0.166666666666666666"),  # of 0.333333333333333333, rounded down
        ("100%", "0.333333333333333333"),
        ("0.000000000000000001 %", "0"),
    ],
)
def test_open_stores_the_quorum_as_an_amount(quorum, stored):
    decide_option("governance.quorum", quorum)

    proposal = open_proposal_with(["0.333333333333333333"])

    assert proposal.quorum_threshold == Decimal(stored)


def test_open_freezes_the_rule_of_that_day():
    decide_option("governance.approval", "2/3")
    decide_option("governance.quorum_mode", "for")
    decide_option("governance.quorum", "50 %")
    proposal = open_proposal_with([60, 40])
    decide_option("governance.approval", "1/2")
    decide_option("governance.quorum_mode", "turnout")
    decide_option("governance.quorum", "1")
    give_power(voters_of(proposal)[1], 1_000_000)
    cast(proposal, voters_of(proposal)[0], "yes")
    cast(proposal, voters_of(proposal)[1], "no")

    close_now(proposal)

    assert (proposal.approval_numerator, proposal.approval_denominator) == (2, 3)
    assert proposal.approval_threshold == Decimal("0.666666666666666667")
    assert (proposal.quorum_mode, proposal.quorum_threshold) == ("for", 50)
    assert (proposal.yes_power, proposal.no_power) == (60, 40)
    assert (proposal.status, proposal.outcome_reason) == ("rejected", "below_threshold")


@pytest.mark.parametrize("powers", [["12480", "0.000000000000000001"], []])
@pytest.mark.parametrize("quorum", ["4 %", "7", "0"])
def test_the_fingerprint_can_be_computed_again_from_the_row(powers, quorum):
    decide_option("governance.quorum", quorum)

    proposal = open_proposal_with(powers)

    again = canonical_hash(fingerprinted(Proposal.objects.get(pk=proposal.pk)))
    assert proposal.fingerprint == f"sha256:{again}"


def test_the_fingerprint_covers_text_window_and_rule():
    proposal = open_proposal_with(["60"], title="A", description="B", metadata={"c": 1})

    utc = "%Y-%m-%dT%H:%M:%S.%fZ"
    assert fingerprinted(proposal) == [
        "A",
        "B",
        "text",
        {"c": 1},
        proposal.voting_start.strftime(utc),
        proposal.voting_end.strftime(utc),
        {
            "version": 1,
            "token": "DPT",
            "quorum_mode": "for_abstain",
            "quorum": "2.400000000000000000",
            "approval": "1/2",
            "total_power": "60.000000000000000000",
        },
    ]


def test_open_twice_is_once():
    proposal = open_proposal_with([60])

    assert open_proposal(proposal_id=proposal.pk) is False

    assert PowerSnapshot.objects.filter(proposal=proposal).count() == 1
    assert actions_on(proposal) == ["proposal.opened"]
    assert last_event(proposal).user is None


@pytest.mark.parametrize("traits", [{}, {"upcoming": True}])
def test_open_waits_for_its_time(traits):
    TokenFactory()
    proposal = ProposalFactory(**traits)

    assert open_proposal(proposal_id=proposal.pk) is False
    assert not PowerSnapshot.objects.exists()
