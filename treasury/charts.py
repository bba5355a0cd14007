"""Twelve months as a chart: positions in hundredths, for an SVG without arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from dao_portal.core.formats import round_below

from .selectors import treasury_overview

MIDDLE = Fraction(50)
HEADROOM = Fraction(115, 100)
BAR_WIDTH = Fraction(60, 100)  # of a month's place


@dataclass(frozen=True)
class Bar:
    """One month: what came in stands on the middle line, what went out hangs from it."""

    flow: treasury_overview.MonthFlow
    x: Fraction
    width: Fraction
    top: Fraction
    came_in: Fraction
    went_out: Fraction


@dataclass(frozen=True)
class GridLine:
    """The same amount above and below the middle."""

    amount: Decimal
    above: Fraction
    below: Fraction


@dataclass(frozen=True)
class FlowChart:
    """In and out of one token."""

    bars: list[Bar]
    grid: list[GridLine]


def flow_chart(token: treasury_overview.TreasuryToken) -> FlowChart:
    """The chart of ``token``'s twelve months."""
    largest = max(max(flow.came_in, flow.went_out) for flow in token.months)
    scale = Fraction(largest) * HEADROOM or Fraction(1)
    place = Fraction(100, len(token.months))
    bars = []
    for number, flow in enumerate(token.months):
        came_in = Fraction(flow.came_in) / scale * MIDDLE
        bars.append(
            Bar(
                flow=flow,
                x=place * number + place * (1 - BAR_WIDTH) / 2,
                width=place * BAR_WIDTH,
                top=MIDDLE - came_in,
                came_in=came_in,
                went_out=Fraction(flow.went_out) / scale * MIDDLE,
            )
        )
    return FlowChart(bars, _grid(scale) if largest else [])


def _grid(scale: Fraction) -> list[GridLine]:
    """Two round amounts that fit below ``scale``."""
    step = round_below(scale / 2)
    lines = []
    for amount in (step, step * 2):
        offset = amount / scale * MIDDLE
        exact = Decimal(amount.numerator) / Decimal(amount.denominator)  # tenths: it ends
        lines.append(GridLine(exact, MIDDLE - offset, MIDDLE + offset))
    return lines


@dataclass(frozen=True)
class Sparkline:
    """The balances of twelve months as paths in a box of 100 x 32."""

    line: str
    area: str


def sparkline(token: treasury_overview.TreasuryToken) -> Sparkline:
    """``token``'s balance at the end of each month."""
    ends = [Fraction(flow.end) for flow in token.months]
    low, high = min(ends), max(ends)
    span = (high - low) or Fraction(1)
    points = [
        f"{number * 100 / (len(ends) - 1):.1f} {float(28 - (end - low) / span * 24):.1f}"
        for number, end in enumerate(ends)
    ]
    line = f"M{'L'.join(points)}"
    return Sparkline(line, f"{line}L100 32L0 32Z")


def lorenz_path(points: list[tuple[Fraction, Fraction]]) -> str:
    """Hundredths as a path in a box of 1000 x 1000, the origin at the lower left."""
    return "M" + "L".join(f"{int(x * 10)} {1000 - int(y * 10)}" for x, y in points)
