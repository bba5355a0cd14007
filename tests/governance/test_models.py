"""What a proposal is right now, and which list it stands in."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from governance.models import Proposal
from governance.services.cancelling import cancel_proposal
from governance.services.opening import expire_proposal, open_proposal
from governance.services.proposals import withdraw_proposal
from tests.factories import (
    HOUR,
    ProposalFactory,
    TokenFactory,
    UserFactory,
    cast,
    decided_proposal,
    give_power,
    open_proposal_with,
    shift_window,
    voters_of,
)

pytestmark = pytest.mark.django_db

MODERATOR = {"role": "moderator"}


def draft():
    return ProposalFactory()


def upcoming():
    return ProposalFactory(upcoming=True)


def opening():
    return ProposalFactory(due=True)


def open_now():
    return open_proposal_with([60])


def counting():
    return shift_window(open_proposal_with([60]), end=timedelta(0))


def slept_through():
    """Its whole window passed and no worker was there to open it."""
    return shift_window(ProposalFactory(due=True), end=timedelta(0))


def never_opened():
    """The same after the next sweep."""
    proposal = slept_through()
    assert expire_proposal(proposal_id=proposal.pk)
    proposal.refresh_from_db()
    return proposal


def passed():
    return decided_proposal("passed")


def rejected():
    return decided_proposal("rejected")


def expired():
    return decided_proposal("expired")


def cancelled():
    proposal = open_proposal_with([60])
    moderator = UserFactory(**MODERATOR)
    cancel_proposal(actor=moderator, proposal_id=proposal.pk, note="Sent twice.")
    proposal.refresh_from_db()
    return proposal


def withdrawn():
    proposal = ProposalFactory(upcoming=True)
    withdraw_proposal(actor=proposal.proposer, proposal_id=proposal.pk)
    proposal.refresh_from_db()
    return proposal


LISTS = (
    "open",
    "missed",
    "decided",
    "due_to_open",
    "due_to_close",
)

# how it was made -> its phase, and the lists that it stands in
TABLE = [
    (draft, "draft", set()),
    (upcoming, "upcoming", set()),
    (opening, "opening", {"due_to_open"}),
    (open_now, "open", {"open"}),
    (counting, "counting", {"due_to_close"}),
    (slept_through, "not_opened", {"missed"}),
    (passed, "passed", {"decided"}),
    (rejected, "rejected", {"decided"}),
    (expired, "expired", {"decided"}),
    (cancelled, "cancelled", {"decided"}),
    (withdrawn, "withdrawn", {"decided"}),
    (never_opened, "not_opened", {"decided"}),
]


@pytest.mark.parametrize(("make", "phase", "lists"), TABLE)
def test_phase_and_lists(make, phase, lists):
    proposal = make()

    assert Proposal.objects.published().filter(pk=proposal.pk).exists() == (phase != "draft")
    assert Proposal.objects.visible_to(proposal.proposer).get(pk=proposal.pk).phase == phase
    found = {
        name for name in LISTS if getattr(Proposal.objects, name)().filter(pk=proposal.pk).exists()
    }
    assert found == lists


@pytest.mark.parametrize(("make", "phase", "_lists"), TABLE)
def test_what_can_be_done_in_each_phase(make, phase, _lists):
    proposal = make()

    assert proposal.is_open == (phase == "open")
    assert proposal.is_editable == (phase in {"draft", "upcoming"})
    assert proposal.is_decided == (
        phase in {"passed", "rejected", "expired", "cancelled", "withdrawn"} or make is never_opened
    )
    assert proposal.may_come_back == (
        phase in {"rejected", "expired", "cancelled", "withdrawn", "not_opened"}
    )


def test_the_phase_is_judged_by_the_databases_clock():
    proposal = open_proposal_with([60])

    proposal.db_now = proposal.voting_end
    assert proposal.phase == "counting"
    proposal.db_now = proposal.voting_end - timedelta(microseconds=1)
    assert proposal.phase == "open"


def test_an_opened_proposal_is_open_even_by_a_clock_that_was_read_before():
    proposal = open_proposal_with([60])

    proposal.db_now = proposal.voting_start - HOUR

    assert proposal.phase == "open"


@pytest.mark.parametrize("role", ["user", "moderator", "admin"])
def test_a_draft_is_the_authors_alone(role):
    proposal = ProposalFactory()

    assert Proposal.objects.visible_to(proposal.proposer).get() == proposal
    assert not Proposal.objects.visible_to(UserFactory(role=role)).exists()
    assert not Proposal.objects.visible_to(AnonymousUser()).exists()


def test_unvoted_are_the_open_ones_with_power_and_without_a_vote():
    ada, mira = UserFactory(), UserFactory()
    voted, unvoted, closed = (open_proposal_with({ada: 60}) for _ in range(3))
    cast(voted, ada, "abstain")
    shift_window(closed, end=timedelta(0))
    ProposalFactory(upcoming=True)

    assert Proposal.objects.unvoted_by(ada).get() == unvoted
    assert not Proposal.objects.unvoted_by(mira).exists()


def test_zero_power_owes_no_vote():
    TokenFactory()
    proposal, member = ProposalFactory(due=True), UserFactory()
    give_power(member, 0)
    proposal.snapshots.create(user=member, power=0)
    open_proposal(proposal_id=proposal.pk)

    assert not Proposal.objects.unvoted_by(member).exists()


def test_numbers_are_given_by_the_database_and_never_twice():
    numbers = [ProposalFactory().number for _ in range(3)]

    assert numbers == sorted(set(numbers))


def test_search_finds_words_in_title_and_text():
    found = ProposalFactory(title="A rain barrel", description="For the gardens.")
    ProposalFactory(title="A bench", description="To sit on.")

    for words in ("barrel", "garden", '"rain barrel"', "barrels OR tractor", "rain -bench"):
        assert Proposal.objects.search(words).get() == found
    for words in ("", "the", "'); DROP TABLE votes; --", '"', "&|!()"):
        assert not Proposal.objects.search(words).exists()


def test_now_is_our_clock_for_a_row_that_did_not_bring_the_databases():
    assert abs(ProposalFactory().now - timezone.now()) < timedelta(seconds=5)


def test_the_order_of_voters_is_no_matter_of_the_proposal():
    proposal = open_proposal_with([60, 40])
    for voter in reversed(voters_of(proposal)):
        cast(proposal, voter, "yes")

    assert set(proposal.voters.all()) == set(voters_of(proposal))
