"""The list of proposals: which, in which order, on which page."""

from decimal import Decimal

import pytest

from governance.models import Proposal
from governance.selectors.proposal_list import ProposalFilters, proposal_list, proposal_rows
from tests.factories import (
    ProposalFactory,
    UserFactory,
    cast,
    close_now,
    decided_proposal,
    give_power,
    open_proposal_with,
    voters_of,
)
from tests.governance.reader import NOBODY

pytestmark = pytest.mark.django_db


def titles(viewer=NOBODY, **filters) -> list[str]:
    return [row.proposal.title for row in proposal_list(viewer, ProposalFilters(**filters)).rows]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("open", {"open soon", "open late"}),
        ("upcoming", {"upcoming", "opening"}),
        ("counting", {"counting"}),
        ("active", {"open soon", "open late", "counting", "upcoming", "opening"}),
        ("passed", {"passed"}),
        ("rejected", {"rejected", "withdrawn"}),
        ("expired", {"expired"}),
        ("draft", {"my draft"}),
    ],
)
def test_list_filters_by_status(every_phase, ada, status, expected):
    assert set(titles(ada, status=status)) == expected


def test_list_shows_open_first_by_closing_then_what_comes_then_newest_decided(every_phase, ada):
    assert titles(ada) == [
        "open soon",
        "open late",
        "counting",
        "opening",
        "upcoming",
        "my draft",
        "withdrawn",
        "expired",
        "rejected",
        "passed",
    ]


def test_list_sorts_decided_ones_by_when_they_closed_not_by_number():
    first, second = open_proposal_with([1], title="first"), open_proposal_with([1], title="second")
    close_now(second)
    close_now(first)

    assert titles() == ["first", "second"]


def test_list_sorts_by_newest(every_phase):
    newest = Proposal.objects.exclude(published_at=None).order_by("-published_at", "-number")

    assert titles(sort="newest") == [proposal.title for proposal in newest]


def test_list_sorts_by_what_closes_next(every_phase):
    assert titles(sort="ending")[:4] == ["open soon", "open late", "opening", "upcoming"]


def test_list_sorts_by_voters_live_and_final(ada):
    decided_proposal("passed", title="three votes")
    busy = open_proposal_with([1] * 4, title="four votes")
    for voter in voters_of(busy)[-4:]:
        cast(busy, voter, "yes")
    open_proposal_with([1], title="no votes")

    assert titles(sort="votes") == ["four votes", "three votes", "no votes"]


def test_list_hides_other_members_drafts(every_phase, ada):
    assert "my draft" in titles(ada)
    assert "my draft" not in titles(UserFactory())
    assert "a stranger's draft" not in titles(ada)


def test_list_searches_titles_and_texts_and_numbers():
    ProposalFactory(upcoming=True, title="Paint the fence", description="Green, twice.")
    benches = ProposalFactory(upcoming=True, title="Buy benches", description="Oak ones.")

    assert titles(words="painting") == ["Paint the fence"]
    assert titles(words="oak") == ["Buy benches"]
    assert titles(words=f"#{benches.number}") == ["Buy benches"]
    assert titles(words="fence oak") == []
    assert titles(words="9" * 30) == []


def test_list_shows_what_still_needs_a_members_vote(ada):
    voted = open_proposal_with({ada: 10}, title="voted")
    cast(voted, ada, "yes")
    open_proposal_with([5], title="unvoted")
    stranger = UserFactory()

    assert titles(ada, mine="unvoted") == ["unvoted"]
    assert titles(stranger, mine="unvoted") == []
    assert [proposal.title for proposal in proposal_list(ada, ProposalFilters()).needed] == [
        "unvoted"
    ]


def test_list_tabs_count_what_the_other_filters_leave(every_phase, ada):
    tabs = proposal_list(ada, ProposalFilters(words="open")).tabs

    counts = {tab.key: tab.count for tab in tabs}
    assert counts == {"": 3, "open": 2, "upcoming": 1, "passed": 0, "rejected": 0, "expired": 0}


def test_list_pages_are_whole_and_never_overlap():
    for number in range(23):
        ProposalFactory(upcoming=True, title=f"{number:02}")
    filters = ProposalFilters(sort="newest")

    first, second = (proposal_list(NOBODY, filters, page=page) for page in ("1", "2"))

    assert (len(first.rows), len(second.rows)) == (20, 3)
    assert {row.proposal.title for row in first.rows + second.rows} == {
        f"{number:02}" for number in range(23)
    }
    assert proposal_list(NOBODY, filters, page="nonsense").page.number == 1


@pytest.mark.parametrize("item_count", [1, 3])
def test_list_asks_six_queries_however_long_it_is(ada, item_count, django_assert_num_queries):
    give_power(ada, 7)
    for _ in range(item_count):
        proposal = open_proposal_with([10])
        cast(proposal, voters_of(proposal)[-1], "yes")
        cast(proposal, ada, "no")
    open_proposal_with([1])
    proposal_list(ada, ProposalFilters())  # the options are read once in five seconds

    with django_assert_num_queries(6):
        listed = proposal_list(ada, ProposalFilters())
        names = [(row.proposal.proposer.username, row.choice) for row in listed.rows]
    assert [choice for _, choice in names] == ["no"] * item_count + [""]


def test_rows_carry_live_and_final_tallies_and_the_readers_vote(ada):
    live = open_proposal_with({ada: 30, "ben": 12})
    cast(live, ada, "no")
    cast(live, voters_of(live)[1], "yes")
    final = decided_proposal("passed")
    upcoming = ProposalFactory(upcoming=True)

    rows = proposal_rows([final, upcoming, live], ada)

    assert [row.standing and row.standing.voters for row in rows] == [3, None, 2]
    assert [row.choice for row in rows] == ["", "", "no"]
    assert rows[2].choice_label == "Against"
    assert rows[2].standing.no_power == Decimal(30)
    assert rows[0].standing.yes_power == final.yes_power
