"""Closing counts the votes and writes down what they say."""

import logging
from hashlib import sha256

import pytest

from governance.models import TallySlot, Vote
from governance.services.closing import close_proposal
from tests.factories import (
    cast,
    close_now,
    decided_proposal,
    open_proposal_with,
    unguarded,
    voters_of,
)
from tests.governance.drafting import actions_on, last_event

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("choices", "status", "reason"),
    [
        ("yes no yes", "passed", "approved"),
        ("no yes abstain", "rejected", "below_threshold"),
        ("yes no no", "rejected", "tie"),
        ("no", "rejected", "support_quorum"),
        ("abstain", "rejected", "tie"),
        ("", "expired", "no_votes"),
    ],
)
def test_close_writes_down_what_the_votes_say(choices, status, reason):
    proposal = open_proposal_with([50, 30, 20])
    voters, choices = voters_of(proposal), choices.split()
    for voter, choice in zip(voters, choices, strict=False):
        cast(proposal, voter, choice)

    close_now(proposal)

    assert (proposal.status, proposal.outcome_reason) == (status, reason)
    powers = dict.fromkeys(Vote.Choice.values, 0)
    for choice, power in zip(choices, [50, 30, 20], strict=False):
        powers[choice] += power
    assert proposal.yes_power == powers["yes"]
    assert proposal.no_power == powers["no"]
    assert proposal.abstain_power == powers["abstain"]
    assert proposal.yes_votes == choices.count("yes")
    assert proposal.no_votes == choices.count("no")
    assert proposal.abstain_votes == choices.count("abstain")
    assert proposal.total_votes == len(choices)


def test_close_expires_what_missed_the_quorum():
    proposal = open_proposal_with([3, 97])
    cast(proposal, voters_of(proposal)[0], "yes")  # 3 of 100, where 4 % were asked for

    close_now(proposal)

    assert (proposal.status, proposal.outcome_reason) == ("expired", "turnout")


def test_close_is_exact_at_60_digits():
    most, unit = "9" * 59, "0.000000000000000001"
    proposal = open_proposal_with([most, f"{most}.000000000000000001"])
    against, for_it = voters_of(proposal)
    cast(proposal, against, "no")
    cast(proposal, for_it, "yes")

    close_now(proposal)

    assert proposal.status == "passed"
    assert str(proposal.yes_power) == f"{most}{unit[1:]}"
    assert str(proposal.no_power) == f"{most}.000000000000000000"


def test_close_anchors_the_votes_in_a_digest():
    proposal = open_proposal_with([60, 40])
    votes = [cast(proposal, voter, "yes") for voter in voters_of(proposal)]

    close_now(proposal)

    receipts = sorted(vote.receipt(proposal.fingerprint) for vote in votes)
    assert proposal.votes_digest == sha256("\n".join(receipts).encode()).hexdigest()
    event = last_event(proposal)
    assert (event.action, event.user) == ("proposal.closed", None)
    assert event.old_values == {"status": "active"}
    assert event.new_values == {
        "number": proposal.number,
        "status": "passed",
        "reason": "approved",
        "yes": "100.000000000000000000",
        "no": "0.000000000000000000",
        "abstain": "0.000000000000000000",
        "voters": 2,
        "votes_digest": proposal.votes_digest,
    }


def test_close_twice_is_once():
    proposal = decided_proposal("passed")

    assert close_proposal(proposal_id=proposal.pk) is False
    assert actions_on(proposal).count("proposal.closed") == 1


def test_close_waits_for_the_end():
    proposal = open_proposal_with([60])

    assert close_proposal(proposal_id=proposal.pk) is False
    proposal.refresh_from_db()
    assert proposal.status == "active"


def test_the_votes_win_over_a_wrong_live_tally_and_somebody_hears_of_it(caplog):
    proposal = open_proposal_with([60, 40])
    for voter, choice in zip(voters_of(proposal), ["yes", "no"], strict=True):
        cast(proposal, voter, choice)
    with unguarded():
        TallySlot.objects.filter(proposal=proposal).update(no_power=1000)

    with caplog.at_level(logging.CRITICAL, "governance"):
        close_now(proposal)

    assert proposal.status == "passed"
    assert proposal.no_power == 40
    (alarm,) = caplog.records
    assert alarm.levelname == "CRITICAL"
    assert f"#{proposal.number}" in alarm.getMessage()


def test_a_right_live_tally_raises_no_alarm(caplog):
    with caplog.at_level(logging.INFO, "governance"):
        decided_proposal("passed")

    assert caplog.records == []
