"""The why panel: every clause of the rule, with its numbers and the one that decided."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from django.utils.translation import gettext as _

from dao_portal.core.formats import amount

from .outcome import Clause, Outcome, Rule, from_units
from .wording import HEADROOM, needed_share


@dataclass(frozen=True)
class ClauseLine:
    """One clause for the why panel: "4,126,159 power voted >= 2,000,000 needed".

    ``bar`` and ``mark`` are hundredths of the bar's track; ``decided`` is said only of the clause
    that ended it. What comes after that one is ``looked_at=False``.
    """

    title: str
    have: str
    unit: str
    sign: str
    need: str
    need_unit: str
    bar: Fraction
    mark: Fraction
    met: bool
    looked_at: bool
    decided: str


def why(outcome: Outcome, rule: Rule, *, voters: int) -> list[ClauseLine]:
    """The clauses in the order in which the rule looks at them."""
    lines, looked_at = [], True
    for clause in outcome.clauses:
        lines.append(_line(clause, rule, voters, looked_at=looked_at))
        looked_at = looked_at and not clause.decides
    return lines


def _line(clause: Clause, rule: Rule, voters: int, *, looked_at: bool) -> ClauseLine:
    title, unit, need_unit = _clause_words(clause, rule)
    track = max(clause.have, clause.need) * HEADROOM or Fraction(1)
    return ClauseLine(
        title=title,
        have=amount(from_units(clause.have)),
        unit=unit,
        sign=_sign(clause),
        need=amount(from_units(clause.need)),
        need_unit=need_unit,
        bar=clause.have * 100 / track,
        mark=clause.need * 100 / track,
        met=clause.met,
        looked_at=looked_at,
        decided=_decided(clause, voters) if clause.decides else "",
    )


def _clause_words(clause: Clause, rule: Rule) -> tuple[str, str, str]:
    """Title, what the first number is, what the second number is."""
    if clause.key == "turnout":
        return _("Enough power took part"), _("power voted"), _("needed")
    if clause.key == "quorum":
        return quorum_title(rule), _("power counted"), _("needed")
    if clause.key == "majority":
        return _("More power For than Against"), _("power For"), _("Against")
    needed = {"share": needed_share(rule)}
    title = _("Approval of at least %(share)s") % needed
    return title, _("power For"), _("= %(share)s of For + Against") % needed


def quorum_title(rule: Rule) -> str:
    """The quorum, and what counts toward it."""
    return {
        "for_abstain": _("Quorum, counted from For and Abstain"),
        "for": _("Quorum, counted from For"),
        "turnout": _("Quorum, counted from every vote"),
    }[rule.quorum_mode]


def quorum_mark(rule: Rule) -> str:
    """The words at the quorum's line in a chart."""
    return {
        "for_abstain": _("Quorum: For and Abstain must reach this"),
        "for": _("Quorum: For must reach this"),
        "turnout": _("Quorum: all votes must reach this"),
    }[rule.quorum_mode]


def _sign(clause: Clause) -> str:
    if not clause.met and clause.have == clause.need:
        return "="  # where more than that was needed: a tie, or no power where none is the quorum
    if clause.key == "majority":
        return ">" if clause.have > clause.need else "<"
    return "≥" if clause.have >= clause.need else "<"


def _decided(clause: Clause, voters: int) -> str:
    if clause.key == "turnout" and not clause.have:
        if voters:
            return _("This decided it: nobody with power voted.")
        return _("This decided it: nobody voted.")
    if not clause.missing:
        return _("This decided it: a tie never passes.")
    return _("This decided it: %(gap)s short.") % {"gap": amount(from_units(clause.missing))}
