"""What the pages ask for: lists, tallies, cards and charts, in how many queries."""

from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from dao_portal.core.services.options import set_option
from governance.models import Proposal, Vote
from governance.selectors.proposal_detail import proposal_detail, rule_lines
from governance.selectors.proposal_list import ProposalFilters, proposal_list, proposal_rows
from governance.selectors.tallies import etag_of, standing_of, standings
from governance.selectors.vote_card import vote_card
from governance.selectors.vote_list import VoteFilters, vote_list
from governance.selectors.voting_help import voting_help
from governance.services.cancelling import cancel_proposal
from governance.services.proposals import withdraw_proposal
from tests.factories import (
    HOUR,
    ProposalFactory,
    TokenFactory,
    UserFactory,
    cast,
    close_now,
    decided_proposal,
    give_power,
    open_proposal_with,
    shift_window,
    unguarded,
    voters_of,
)

pytestmark = pytest.mark.django_db

NOBODY = AnonymousUser()


def seen(proposal: Proposal) -> Proposal:
    """``proposal`` as a view fetches it, with the database's clock."""
    return Proposal.objects.visible_to(proposal.proposer).get(pk=proposal.pk)


def titles(viewer=NOBODY, **filters) -> list[str]:
    return [row.proposal.title for row in proposal_list(viewer, ProposalFilters(**filters)).rows]


def cast_at(proposal: Proposal, voter, moment: datetime) -> None:
    with unguarded():
        Vote.objects.filter(proposal=proposal, voter=voter).update(cast_at=moment)


@pytest.fixture
def every_phase(ada) -> None:
    """One proposal in each phase; its title says which."""
    decided_proposal("passed", title="passed")
    decided_proposal("rejected", title="rejected")
    decided_proposal("expired", title="expired")
    withdrawn = ProposalFactory(upcoming=True, title="withdrawn")
    withdraw_proposal(actor=withdrawn.proposer, proposal_id=withdrawn.pk)
    shift_window(open_proposal_with([1], title="counting"), end=-HOUR)
    open_proposal_with([1], title="open late")
    shift_window(open_proposal_with([1], title="open soon"), end=HOUR)
    ProposalFactory(due=True, title="opening")
    ProposalFactory(upcoming=True, title="upcoming")
    ProposalFactory(proposer=ada, title="my draft")
    ProposalFactory(title="a stranger's draft")


# --- the list -----------------------------------------------------------------------------------


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


# --- how a vote stands --------------------------------------------------------------------------


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


# --- one proposal -------------------------------------------------------------------------------


def test_rule_is_todays_until_opening_and_frozen_after():
    set_option("governance.quorum", "12.5 %", actor=None)
    TokenFactory()
    upcoming = rule_lines(ProposalFactory(upcoming=True))
    opened = open_proposal_with([1000])
    set_option("governance.quorum", "99 %", actor=None)
    frozen = rule_lines(opened)

    assert (upcoming.frozen, upcoming.quorum, upcoming.quorum_share) == (
        False,
        None,
        Fraction(25, 2),
    )
    assert (frozen.frozen, frozen.quorum, frozen.quorum_share, frozen.total_power) == (
        True,
        Decimal(125),
        Fraction(25, 2),
        Decimal(1000),
    )
    assert frozen.fingerprint == opened.fingerprint
    assert frozen.quorum_counts == "For and Abstain count"


def test_page_shows_the_weightiest_reasons():
    proposal = open_proposal_with([1, 2, 3, 4, 5])
    for voter, reason in zip(voters_of(proposal), ["a", "b", "c", "", "e"], strict=True):
        cast(proposal, voter, "yes", reason)

    assert [vote.reason for vote in proposal_detail(seen(proposal)).reasons] == ["e", "c", "b"]


def test_page_says_why_only_when_it_is_over():
    proposal = open_proposal_with([1])

    assert proposal_detail(seen(proposal)).why == []
    assert len(proposal_detail(seen(close_now(proposal))).why) == 4


@pytest.mark.parametrize("item_count", [1, 3])
def test_page_asks_two_queries(item_count, django_assert_num_queries):
    proposal = open_proposal_with([1] * item_count)
    for voter in voters_of(proposal):
        cast(proposal, voter, "yes", "Because.")
    proposal = Proposal.objects.published().select_related("token").get(pk=proposal.pk)

    with django_assert_num_queries(2):
        page = proposal_detail(proposal)
        assert {vote.voter.username for vote in page.reasons}
    assert len(page.reasons) == item_count


def test_vote_card_has_a_state_for_everybody(ada, every_phase):
    stranger = UserFactory()
    give_power(ada, 10)
    proposal = open_proposal_with([5])
    voter = voters_of(proposal)[-1]
    cast(proposal, voter, "yes")

    def states(viewer):
        return {
            row.title: vote_card(row, viewer).state
            for row in Proposal.objects.published().exclude(pk=proposal.pk)
        }

    everybody = {
        "passed": "closed",
        "rejected": "closed",
        "expired": "closed",
        "counting": "closed",
        "withdrawn": "stopped",
        "upcoming": "upcoming",
        "opening": "opening",
        "open soon": "signed_out",
        "open late": "signed_out",
    }
    assert states(NOBODY) == everybody
    assert states(stranger) == everybody | {"open soon": "no_power", "open late": "no_power"}
    assert vote_card(seen(proposal), ada).state == "choose"
    assert vote_card(seen(proposal), voter).state == "voted"
    assert vote_card(seen(proposal), voter, changing=True).state == "choose"


def test_vote_card_states_the_power_part_by_part(ada):
    holding = give_power(ada, 10)
    holding.balance, holding.staked_balance = Decimal("6.5"), Decimal("3.5")
    holding.save()
    proposal = open_proposal_with([1])

    snapshot = vote_card(seen(proposal), ada).snapshot

    assert (snapshot.own, snapshot.staked, snapshot.delegated, snapshot.power) == (
        Decimal("6.5"),
        Decimal("3.5"),
        Decimal(0),
        Decimal(10),
    )


# --- every vote ---------------------------------------------------------------------------------


@pytest.fixture
def voted() -> Proposal:
    """40 For, 30 Against, 20 Abstain, 10 For, ten minutes apart; an hour has passed of 70 min."""
    proposal = open_proposal_with({"dan": 40, "cleo": 30, "ben": 20, "amy": 10})
    ballots = [("yes", "Good."), ("no", ""), ("abstain", ""), ("yes", "Cheap.")]
    for minute, (voter, ballot) in enumerate(zip(voters_of(proposal), ballots, strict=True)):
        cast(proposal, voter, *ballot)
        cast_at(proposal, voter, timezone.now() - timedelta(minutes=50 - 10 * minute))
    return seen(shift_window(proposal, end=timedelta(minutes=10)))


def listed(proposal: Proposal, **filters) -> list[str]:
    page = vote_list(proposal, NOBODY, VoteFilters(**filters))
    return [row.vote.voter.username for row in page.rows]


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


# --- the chart ----------------------------------------------------------------------------------


def test_chart_adds_up_to_the_tally(voted):
    chart = vote_list(voted, NOBODY, VoteFilters()).chart

    last = chart.last
    assert (last.voters, last.yes_power, last.no_power, last.abstain_power) == (4, 50, 30, 20)
    assert last.counted_power == Decimal(70)
    assert [point.turnout for point in chart.table] == [40, 70, 90, 100, 100]


def test_chart_climbs_where_votes_were_cast(voted):
    """After 10, 20, 30 and 40 of 70 minutes, to 115 % of all power; then flat until now."""
    chart = vote_list(voted, NOBODY, VoteFilters()).chart

    assert chart.everything == "M0 1000H142V652H285V391H428V217H571V130H857V130V1000Z"
    assert chart.only_for == "M0 1000H142V652H285V652H428V652H571V565H857V565V1000Z"
    assert chart.for_and_abstain == "M0 1000H142V652H285V652H428V478H571V391H857V391V1000Z"
    assert int(chart.now_x) == 85
    assert chart.now_x + chart.rest == 100


def test_chart_lines_stay_inside_and_leave_room_for_the_quorum(voted):
    chart = vote_list(voted, NOBODY, VoteFilters()).chart

    assert [line.label for line in chart.lines] == [Decimal(50), Decimal(100)]
    assert all(0 < line.y < 100 for line in chart.lines)
    assert 0 < chart.quorum_y < 100


def test_chart_is_left_out_when_all_votes_came_within_a_minute():
    proposal = open_proposal_with([1, 1])
    for voter in voters_of(proposal):
        cast(proposal, voter, "yes")

    assert vote_list(seen(proposal), NOBODY, VoteFilters()).chart is None


def test_chart_goes_on_to_the_last_vote_that_was_taken_elsewhere(voted):
    closed = shift_window(voted, start=-2 * HOUR, end=-HOUR)
    late = timezone.now() - timedelta(minutes=10)
    cast_at(closed, voters_of(closed)[-1], late)

    chart = vote_list(seen(closed), NOBODY, VoteFilters()).chart

    assert chart.end == late
    assert chart.now_x is None
    assert chart.last.voters == 4


# --- help ---------------------------------------------------------------------------------------


def test_help_explains_the_communitys_own_rule():
    set_option("governance.approval", "2/3", actor=None)
    set_option("governance.quorum_mode", "turnout", actor=None)

    page = voting_help()

    assert (page.approval, page.quorum_title) == ("2/3", "Quorum, counted from every vote")
    examples = {(e.yes, e.no, e.abstain): e.status for e in page.examples}
    assert examples[60, 40, 40] == "rejected"
    assert examples[70, 20, 40] == "passed"
