"""The chart of a vote's power over time."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from governance.selectors.vote_list import VoteFilters, vote_list
from tests.factories import HOUR, cast, open_proposal_with, shift_window, voters_of
from tests.governance.reader import NOBODY, cast_at, seen

pytestmark = pytest.mark.django_db


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
