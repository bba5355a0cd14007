"""Casting a vote and changing it."""

from datetime import timedelta
from decimal import Decimal
from hashlib import sha256

import pytest
from django.db import IntegrityError

from dao_portal.core.models import AuditLog
from governance.errors import NotEligible, ReasonTooLong, UnknownChoice, VotingClosed, VotingNotOpen
from governance.models import PowerSnapshot, TallySlot, Vote
from governance.services.opening import open_proposal
from governance.services.votes import cast_vote, check_ballot
from tests.factories import (
    ProposalFactory,
    TokenFactory,
    UserFactory,
    cast,
    close_now,
    give_power,
    open_proposal_with,
    shift_window,
    voters_of,
)
from tests.governance.drafting import actions_on, last_event
from tests.sql import sql

pytestmark = pytest.mark.django_db


def test_cast_vote_keeps_choice_power_reason_and_says_so():
    proposal = open_proposal_with(["12480.5"])
    (voter,) = voters_of(proposal)

    vote = cast(proposal, voter, "yes", "  Rain is free. ")

    assert (vote.vote_type, vote.reason) == ("yes", "Rain is free.")
    assert vote.voting_power == Decimal("12480.5")
    assert vote.reason_sha256 == sha256(b"Rain is free.").hexdigest()
    event = last_event(proposal)
    assert (event.action, event.user, event.old_values) == ("vote.cast", voter, None)
    assert event.new_values == {
        "choice": "yes",
        "power": "12480.500000000000000000",
        "receipt": vote.receipt(proposal.fingerprint),
    }


def test_a_receipt_can_be_computed_by_anybody():
    proposal = open_proposal_with(["12480.5"])
    (voter,) = voters_of(proposal)

    vote = cast(proposal, voter, "abstain", "Ünsicher")

    cast_at = vote.cast_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    reason = sha256("Ünsicher".encode()).hexdigest()
    text = (
        f'["{proposal.fingerprint}","{voter.pk}","abstain","12480.500000000000000000",'
        f'"{cast_at}","{reason}"]'
    )
    assert vote.receipt(proposal.fingerprint) == sha256(text.encode()).hexdigest()[:20]


def test_change_vote_replaces_it_and_keeps_both_in_the_audit_log():
    proposal = open_proposal_with([60])
    (voter,) = voters_of(proposal)
    first = cast(proposal, voter, "yes")

    second = cast(proposal, voter, "no", "I read the budget.")

    assert Vote.objects.get(proposal=proposal) == second == first
    assert (second.vote_type, second.voting_power) == ("no", 60)
    assert second.cast_at > first.cast_at
    event = last_event(proposal)
    assert event.action == "vote.changed"
    assert event.old_values["receipt"] == first.receipt(proposal.fingerprint)
    assert event.new_values["receipt"] == second.receipt(proposal.fingerprint)


def test_the_same_vote_again_changes_nothing():
    proposal = open_proposal_with([60])
    (voter,) = voters_of(proposal)
    first = cast(proposal, voter, "yes", "Rain is free.")

    again = cast(proposal, voter, "yes", " Rain is free. ")

    assert again.cast_at == first.cast_at
    assert actions_on(proposal) == ["proposal.opened", "vote.cast"]
    assert TallySlot.objects.get(proposal=proposal).version == 1


def test_another_reason_is_another_vote():
    proposal = open_proposal_with([60])
    (voter,) = voters_of(proposal)
    cast(proposal, voter, "yes", "Rain is free.")

    vote = cast(proposal, voter, "yes")

    assert (vote.reason, vote.reason_sha256) == ("", sha256(b"").hexdigest())
    assert actions_on(proposal)[-1] == "vote.changed"


@pytest.mark.parametrize("choice", ["", "maybe", "YES", "For"])
def test_an_unknown_choice_is_refused(choice):
    proposal = open_proposal_with([60])

    refused_vote(proposal, *voters_of(proposal), UnknownChoice, choice=choice)


def test_a_reason_has_its_length():
    proposal = open_proposal_with([60])
    (voter,) = voters_of(proposal)

    refused_vote(proposal, voter, ReasonTooLong, reason="x" * 501)
    assert cast(proposal, voter, "yes", "x" * 500).reason == "x" * 500


def test_no_vote_without_power():
    proposal = open_proposal_with([60])
    latecomer = UserFactory()
    give_power(latecomer, 1000)

    refused_vote(proposal, latecomer, NotEligible)


def test_no_vote_with_zero_power():
    proposal, voter = ProposalFactory(due=True), UserFactory()
    TokenFactory()
    PowerSnapshot.objects.create(proposal=proposal, user=voter, power=0)
    open_proposal(proposal_id=proposal.pk)

    refused_vote(proposal, voter, NotEligible)


@pytest.mark.parametrize("traits", [{}, {"upcoming": True}, {"due": True}])
def test_no_vote_before_opening(traits):
    proposal = ProposalFactory(**traits)

    refused_vote(proposal, proposal.proposer, VotingNotOpen)


def test_no_vote_after_the_end_decided_or_not():
    proposal = open_proposal_with([60, 40])
    voter, other = voters_of(proposal)
    cast(proposal, voter, "yes")

    shift_window(proposal, end=timedelta(0))
    refused_vote(proposal, other, VotingClosed)
    refused_vote(proposal, voter, VotingClosed)  # not even the same vote again
    close_now(proposal)
    refused_vote(proposal, other, VotingClosed)


def test_what_the_database_refuses_for_another_reason_is_not_called_the_end():
    proposal = open_proposal_with([7])
    (voter,) = voters_of(proposal)
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    sql("ALTER TABLE votes ADD CONSTRAINT nobody_agrees CHECK (vote_type <> 'yes')")

    with pytest.raises(IntegrityError, match="nobody_agrees"):
        cast(proposal, voter, "yes")
    assert cast(proposal, voter, "no").vote_type == "no"


def test_a_vote_that_never_opened_is_closed_when_its_end_has_come():
    proposal = ProposalFactory(due=True)
    shift_window(proposal, end=timedelta(0))

    refused_vote(proposal, proposal.proposer, VotingClosed)


def refused_vote(proposal, voter, error, *, choice="yes", reason=""):
    """Both doors of a ballot say ``error``, and nothing was recorded."""
    before = list(Vote.objects.values_list("pk", "cast_at")), AuditLog.objects.count()
    arguments = {"actor": voter, "proposal_id": proposal.pk, "choice": choice, "reason": reason}
    for service in (check_ballot, cast_vote):
        with pytest.raises(error) as refusal:
            service(**arguments)
        assert str(refusal.value)
    assert (list(Vote.objects.values_list("pk", "cast_at")), AuditLog.objects.count()) == before
