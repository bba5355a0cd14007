"""How a vote stands, and by what a page asks whether it still does."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from governance.models import Vote
from governance.selectors.proposal_detail import proposal_detail
from governance.selectors.tallies import etag_of, standing_of, standings
from governance.services.cancelling import cancel_proposal
from tests.factories import (
    ProposalFactory,
    UserFactory,
    cast,
    close_now,
    decided_proposal,
    open_proposal_with,
    shift_window,
    voters_of,
)
from tests.governance.reader import seen

pytestmark = pytest.mark.django_db


def test_standing_is_exact_at_26_digits():
    proposal = open_proposal_with(["99999999.999999999999999999", "0.000000000000000001"])
    big, small = voters_of(proposal)
    cast(proposal, big, "yes")
    cast(proposal, small, "no")

    standing = standing_of(seen(proposal))

    assert standing.yes_power == Decimal("99999999.999999999999999999")
    assert standing.approval == Fraction(99999999999999999999999999 * 100, 10**26)
    assert standing.approval_reached == "99.9%"


def test_standing_shares_are_fractions_of_all_power():
    proposal = open_proposal_with([1, 1, 1])
    for voter, choice in zip(voters_of(proposal), Vote.Choice.values, strict=True):
        cast(proposal, voter, choice)

    shares = {choice.key: choice.share for choice in standing_of(seen(proposal)).choices}

    third = Fraction(100, 3)
    assert shares == {"yes": third, "no": third, "abstain": third}


def test_standing_without_votes_divides_by_nothing():
    standing = standing_of(seen(open_proposal_with([1])))

    assert [choice.share for choice in standing.choices] == [0, 0, 0]
    assert (standing.approval, standing.approval_reached, standing.voters) == (None, "", 0)


def test_standing_of_a_cancelled_vote_shows_how_far_it_had_come():
    proposal = open_proposal_with([8])
    cast(proposal, voters_of(proposal)[0], "yes")
    cancel_proposal(actor=UserFactory(), proposal_id=proposal.pk, note="Twice.")

    standing = standing_of(seen(proposal))

    assert (standing.yes_power, standing.verdict) == (Decimal(8), "")


def test_standings_take_one_query_for_many(django_assert_num_queries):
    proposals = [seen(open_proposal_with([1])) for _ in range(3)]
    proposals += [decided_proposal("passed"), ProposalFactory(upcoming=True)]

    with django_assert_num_queries(1):
        found = standings(proposals)
    assert list(found) == [proposal.pk for proposal in proposals[:4]]


def test_state_changes_with_every_vote_and_when_the_vote_moves_on():
    proposal = open_proposal_with([1, 1])
    first, second = voters_of(proposal)
    states = [etag_of(proposal.number)]
    for voter, choice in ((first, "yes"), (first, "no"), (second, "no")):
        cast(proposal, voter, choice)
        states.append(etag_of(proposal.number))
    shift_window(proposal, end=timedelta(0))
    states.append(etag_of(proposal.number))
    close_now(proposal)
    states.append(etag_of(proposal.number))

    assert states == ["0", "1", "2", "3", "3-counting", "3-rejected"]
    assert etag_of(ProposalFactory().number) is None


def test_state_of_the_page_is_the_state_that_the_poll_asks_for():
    proposal = open_proposal_with([1])
    cast(proposal, voters_of(proposal)[0], "yes")
    upcoming = ProposalFactory(upcoming=True)

    assert proposal_detail(seen(proposal)).etag == etag_of(proposal.number) == "1"
    assert proposal_detail(seen(upcoming)).etag == etag_of(upcoming.number) == "0-upcoming"
