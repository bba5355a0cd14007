"""The list of votes: which, in which order, and the reader's own."""

from fractions import Fraction

import pytest

from governance.selectors.vote_list import VoteFilters, vote_list
from tests.factories import cast, open_proposal_with, voters_of
from tests.governance.reader import NOBODY, listed, seen

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({}, ["dan", "cleo", "ben", "amy"]),
        ({"sort": "newest"}, ["amy", "ben", "cleo", "dan"]),
        ({"sort": "oldest"}, ["dan", "cleo", "ben", "amy"]),
        ({"sort": "name"}, ["amy", "ben", "cleo", "dan"]),
        ({"choice": "yes"}, ["dan", "amy"]),
        ({"with_reason": True}, ["dan", "amy"]),
        ({"choice": "no", "with_reason": True}, []),
    ],
)
def test_votes_are_filtered_and_sorted(voted, filters, names):
    assert listed(voted, **filters) == names


def test_votes_show_share_of_all_and_width_against_the_largest_listed(voted):
    page = vote_list(voted, NOBODY, VoteFilters(choice="no"))

    assert [(row.share, row.width) for row in page.rows] == [(Fraction(30), Fraction(100))]
    assert {tab.key: tab.count for tab in page.tabs} == {"": 4, "yes": 2, "no": 1, "abstain": 1}


def test_votes_with_a_reason_are_counted_by_themselves(voted):
    page = vote_list(voted, NOBODY, VoteFilters(choice="yes", with_reason=True)).page

    assert (page.paginator.count, len(page)) == (2, 2)
    assert vote_list(voted, NOBODY, VoteFilters(with_reason=True)).page.paginator.count == 2
    assert vote_list(voted, NOBODY, VoteFilters()).page.paginator.count == 4


def test_votes_page_knows_the_readers_own(voted):
    dan = voters_of(voted)[0]

    page = vote_list(voted, dan, VoteFilters())

    assert [row.is_mine for row in page.rows] == [True, False, False, False]
    assert page.receipt == page.mine.receipt(voted.fingerprint)


@pytest.mark.parametrize("item_count", [1, 3])
def test_votes_page_asks_five_queries(ada, item_count, django_assert_num_queries):
    proposal = open_proposal_with([1] * item_count + [1])
    *voters, me = voters_of(proposal)
    for voter in voters:
        cast(proposal, voter, "yes")
    proposal = seen(proposal)

    with django_assert_num_queries(6):  # tally, rows, largest, my vote, chart, my power
        page = vote_list(proposal, me, VoteFilters())
        assert {row.vote.voter.username for row in page.rows}
    assert len(page.rows) == item_count
    assert page.may_vote
