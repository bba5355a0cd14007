"""The turnout chart: power over time against the quorum, ready for an SVG without arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.db.models import Count, DateTimeField, DurationField, F, Func, Max, Min, Sum, Value

from dao_portal.core.formats import round_above

from .. import clauses
from ..models import Proposal, Vote
from ..outcome import Tally, from_units, to_units
from . import tallies

STEPS = 48
TABLE_ROWS = 8
SIDE = 1000  # the shapes are drawn in a square of so many units, which the page stretches
HEADROOM = Fraction(115, 100)
MAX_LINES = 5
SHORTEST = timedelta(minutes=1)
INSTANT = timedelta(microseconds=1)
APART = 6  # hundredths of the height that two labels need between them


@dataclass(frozen=True)
class Point:
    """All votes cast by ``at``."""

    at: datetime
    voters: int
    tally: Tally
    counted: int

    @property
    def yes_power(self) -> Decimal:
        return from_units(self.tally.yes)

    @property
    def no_power(self) -> Decimal:
        return from_units(self.tally.no)

    @property
    def abstain_power(self) -> Decimal:
        return from_units(self.tally.abstain)

    @property
    def turnout(self) -> Decimal:
        return from_units(self.tally.turnout)

    @property
    def counted_power(self) -> Decimal:
        return from_units(self.counted)


@dataclass(frozen=True)
class Line:
    """A horizontal line, ``y`` hundredths from the top; ``label`` is None where it has no room."""

    y: Fraction
    label: Decimal | None


@dataclass(frozen=True)
class TurnoutChart:
    """Three areas painted over each other, back to front: everything, For and Abstain, For.

    Paths are in units of SIDE, everything else in hundredths of the width or height.
    """

    start: datetime
    end: datetime
    everything: str
    for_and_abstain: str
    only_for: str
    lines: list[Line]
    days: list[Fraction]
    quorum: Decimal
    quorum_words: str
    quorum_y: Fraction
    now_x: Fraction | None
    rest: Fraction
    table: list[Point]

    @property
    def last(self) -> Point:
        return self.table[-1]


def turnout_chart(proposal: Proposal, standing: tallies.Standing) -> TurnoutChart | None:
    """The chart of a proposal that has opened; None when its votes lie within a minute.

    One query, which counts the votes of each step: who changed a vote counts from the change on.
    """
    start, end = proposal.voting_start, proposal.voting_end
    assert start
    assert end  # proposals_published_has_window_ck
    step = (end - start) / STEPS
    counts = list(_count_by_step(proposal, start, step))
    if not counts:
        return None
    first = min(count["first"] for count in counts)
    last = max(count["last"] for count in counts)
    if last - first < SHORTEST:
        return None
    # Elsewhere votes were taken after the end as well: the chart goes on until the last.
    seen = max(last, min(proposal.now, end))
    return _draw(_points(counts, standing, seen), start, max(end, last), standing)


def _count_by_step(proposal: Proposal, start: datetime, step: timedelta) -> Iterator[Any]:
    """Rows of step, choice, voters, power and times, oldest first."""
    step_of_vote: Func = Func(
        Value(step, DurationField()),
        F("cast_at"),
        Value(start, DateTimeField()),
        function="date_bin",
        output_field=DateTimeField(),
    )
    return (
        Vote.objects.filter(proposal=proposal)
        .annotate(step=step_of_vote)
        .values("step", "vote_type")
        .annotate(
            voters=Count("pk"),
            power=Sum("voting_power"),
            first=Min("cast_at"),
            last=Max("cast_at"),
        )
        .order_by("step")
        .iterator()
    )


def _points(counts: list[Any], standing: tallies.Standing, seen: datetime) -> list[Point]:
    """The running totals where they change: each at the latest vote of its step."""
    totals, voters, points = {"yes": 0, "no": 0, "abstain": 0}, 0, []
    for at in dict.fromkeys(count["step"] for count in counts):
        step = [count for count in counts if count["step"] == at]
        for count in step:
            totals[count["vote_type"]] += to_units(count["power"])
            voters += count["voters"]
        latest = max(count["last"] for count in step)
        points.append(_point(latest, voters, Tally(**totals), standing))
    if points[-1].at < seen:
        points.append(_point(seen, voters, points[-1].tally, standing))
    return points


def _point(at: datetime, voters: int, tally: Tally, standing: tallies.Standing) -> Point:
    return Point(at, voters, tally, tally.counted(standing.rule.quorum_mode))


def _draw(
    points: list[Point], start: datetime, end: datetime, standing: tallies.Standing
) -> TurnoutChart:
    quorum = standing.rule.quorum
    top = max(quorum, points[-1].tally.turnout) * HEADROOM or Fraction(1)
    span = end - start

    def x(moment: datetime) -> Fraction:
        past = max(moment - start, timedelta(0))
        return Fraction(past // INSTANT, span // INSTANT)

    def y(units: int) -> Fraction:
        return 1 - units / top

    def area(height: Callable[[Tally], int]) -> str:
        """A staircase over the ground: along to each point, then up or down at it."""
        stairs = (
            f"H{int(x(point.at) * SIDE)}V{int(y(height(point.tally)) * SIDE)}" for point in points
        )
        return f"M0 {SIDE}{''.join(stairs)}V{SIDE}Z"

    seen = x(points[-1].at) * 100
    return TurnoutChart(
        start=start,
        end=end,
        everything=area(lambda tally: tally.turnout),
        for_and_abstain=area(lambda tally: tally.yes + tally.abstain),
        only_for=area(lambda tally: tally.yes),
        lines=_lines(top, quorum),
        days=_midnights(start, end, x),
        quorum=from_units(quorum),
        quorum_words=clauses.quorum_mark(standing.rule),
        quorum_y=y(quorum) * 100,
        now_x=seen if seen < 99 else None,
        rest=100 - seen,
        table=_sample(points),
    )


def _lines(top: Fraction, quorum: int) -> list[Line]:
    """Round amounts below ``top``, at most MAX_LINES, without a label where the quorum has its."""
    step = max(int(round_above(top / MAX_LINES)), 1)
    lines = []
    for units in range(step, int(top), step):
        y = (1 - units / top) * 100
        crowded = abs(y - (1 - quorum / top) * 100) < APART
        lines.append(Line(y, None if crowded else from_units(units)))
    return lines


def _midnights(start: datetime, end: datetime, x: Callable[[datetime], Fraction]) -> list[Fraction]:
    """Where the days begin; of a long vote every so many."""
    days = (end - start).days + 1
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    every = -(-days // 14)
    marks = [x(midnight + timedelta(days=day)) * 100 for day in range(every, days + 1, every)]
    return [mark for mark in marks if 3 < mark < 97]


def _sample(points: list[Point]) -> list[Point]:
    """At most TABLE_ROWS of ``points``, the last among them."""
    last = len(points) - 1
    if last < TABLE_ROWS:
        return points
    return [points[round(row * last / (TABLE_ROWS - 1))] for row in range(TABLE_ROWS)]
