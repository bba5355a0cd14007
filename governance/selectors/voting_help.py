"""The page that explains the rule, with the community's own numbers and the rule's own answers."""

from __future__ import annotations

from dataclasses import dataclass

from dao_portal.core.options import get_option

from .. import clauses, wording
from ..outcome import Rule, Tally, decide, to_units
from ..rules import current_rules

EXAMPLE_QUORUM = 100
# For, Against, Abstain
EXAMPLES = (
    (70, 20, 40),
    (60, 40, 40),
    (59, 41, 50),
    (50, 50, 60),
    (70, 60, 0),
    (0, 0, 120),
    (80, 10, 0),
)


@dataclass(frozen=True)
class Example:
    """Votes as whole tokens, and what the rule says of them."""

    yes: int
    no: int
    abstain: int
    status: str
    why: str


@dataclass(frozen=True)
class VotingHelp:
    """What the page fills in: today's token and rule, and the examples."""

    token: str
    approval: str
    quorum_mode: str
    quorum_title: str
    examples: list[Example]


def voting_help() -> VotingHelp:
    """Today's rule, explained by cases at its edges."""
    rules = current_rules()
    rule = Rule(
        rules.quorum_mode,
        to_units(EXAMPLE_QUORUM),
        rules.approval.numerator,
        rules.approval.denominator,
    )
    return VotingHelp(
        token=get_option("governance.token"),
        approval=wording.needed_share(rule),
        quorum_mode=rules.quorum_mode,
        quorum_title=clauses.quorum_title(rule),
        examples=[_example(rule, *tally) for tally in EXAMPLES],
    )


def _example(rule: Rule, yes: int, no: int, abstain: int) -> Example:
    outcome = decide(Tally(to_units(yes), to_units(no), to_units(abstain)), rule)
    why = wording.final_verdict(outcome, rule, voters=yes + no + abstain)
    return Example(yes, no, abstain, outcome.status, why)
