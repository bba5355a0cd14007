"""The outcome rule, exactly: one pure function for the closing, the pages and whoever recounts.

Everything is counted in base units (10**-18 of a token) as Python integers, so nothing is ever
rounded. Standard library only: anyone can read and run this file alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Literal

QuorumMode = Literal["for_abstain", "for", "turnout"]
Status = Literal["passed", "rejected", "expired"]
ClauseKey = Literal["turnout", "quorum", "majority", "approval"]

RULE_VERSION = 1
PLACES = 18


class Reason(StrEnum):
    """Why a proposal ended as it did: what the rule says of its votes, or what stopped it."""

    APPROVED = "approved"
    NO_VOTES = "no_votes"
    TURNOUT = "turnout"
    SUPPORT_QUORUM = "support_quorum"
    TIE = "tie"
    BELOW_THRESHOLD = "below_threshold"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"
    NOT_OPENED = "not_opened"


# Ends without a count: the rule was not asked.
STOPPED = (Reason.CANCELLED, Reason.WITHDRAWN, Reason.NOT_OPENED)


def to_units(amount: Decimal | int | str) -> int:
    """An amount in base units; ValueError when it has more than 18 decimals."""
    units: Fraction = Fraction(amount) * 10**PLACES
    if units.denominator != 1:
        raise ValueError(f"{amount} has more than {PLACES} decimals")
    return units.numerator


def from_units(units: int) -> Decimal:
    """The amount that so many base units are, with exactly 18 decimals."""
    return Decimal(f"{units}e-{PLACES}")


@dataclass(frozen=True)
class Tally:
    """Power voted, in base units."""

    yes: int
    no: int
    abstain: int

    @property
    def turnout(self) -> int:
        return self.yes + self.no + self.abstain

    def counted(self, mode: QuorumMode) -> int:
        """The power that counts toward the quorum."""
        if mode == "for_abstain":
            return self.yes + self.abstain
        return self.yes if mode == "for" else self.turnout


@dataclass(frozen=True)
class Rule:
    """The rule frozen on a proposal: quorum in base units, approval a fraction of For + Against."""

    quorum_mode: QuorumMode
    quorum: int
    approval_numerator: int
    approval_denominator: int


@dataclass(frozen=True)
class Clause:
    """One question of the rule, in base units: is ``have`` enough for ``need``?

    ``decides`` marks the clause that ended it; what stands behind it was not looked at.
    """

    key: ClauseKey
    have: int
    need: int
    met: bool
    decides: bool = False

    @property
    def missing(self) -> int:
        """What was short. Majority needs more than ``need``, the others at least that."""
        return 0 if self.met else self.need - self.have


@dataclass(frozen=True)
class Outcome:
    """What the rule says of a tally, and why."""

    status: Status
    reason: Reason
    clauses: tuple[Clause, ...]

    @property
    def passed(self) -> bool:
        return self.status == "passed"

    def clause(self, key: ClauseKey) -> Clause:
        """One of the four questions."""
        return next(clause for clause in self.clauses if clause.key == key)

    @property
    def deciding(self) -> Clause | None:
        """The clause that was not met first; None when all were."""
        return next((clause for clause in self.clauses if clause.decides), None)


def decide(tally: Tally, rule: Rule) -> Outcome:
    """Judge ``tally`` by ``rule``. The first clause that is not met decides.

    1. expired, unless any power voted and the turnout reached the quorum;
    2. rejected, unless the power that counts toward the quorum reached it,
    3. and more power voted For than Against (a tie never passes),
    4. and For reached its share of For + Against.
    """
    counted, decided = tally.counted(rule.quorum_mode), tally.yes + tally.no
    # All powers are whole base units: "at least T x (Y + N)" is "at least that, rounded up".
    needed = -(-rule.approval_numerator * decided // rule.approval_denominator)
    questions: list[tuple[Clause, Status, Reason]] = [
        (
            Clause("turnout", tally.turnout, rule.quorum, 0 < tally.turnout >= rule.quorum),
            "expired",
            Reason.TURNOUT if tally.turnout else Reason.NO_VOTES,
        ),
        (
            Clause("quorum", counted, rule.quorum, counted >= rule.quorum),
            "rejected",
            Reason.SUPPORT_QUORUM,
        ),
        (
            Clause("majority", tally.yes, tally.no, tally.yes > tally.no),
            "rejected",
            Reason.TIE if tally.yes == tally.no else Reason.BELOW_THRESHOLD,
        ),
        (
            Clause("approval", tally.yes, needed, tally.yes >= needed),
            "rejected",
            Reason.BELOW_THRESHOLD,
        ),
    ]
    for number, (clause, status, reason) in enumerate(questions):
        if not clause.met:
            clauses = [question[0] for question in questions]
            clauses[number] = Clause(clause.key, clause.have, clause.need, False, decides=True)
            return Outcome(status, reason, tuple(clauses))
    return Outcome("passed", Reason.APPROVED, tuple(question[0] for question in questions))
