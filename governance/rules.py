"""The community's rules as they stand today, read from SETTINGS."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from dao_portal.core.options import get_option, parse_fraction, parse_quorum
from treasury.models import Token

from .frozen import FrozenRule
from .outcome import QuorumMode, Rule, from_units, to_units


@dataclass(frozen=True)
class Rules:
    """What a proposal runs under. Frozen on it when voting opens; until then these may change.

    ``quorum`` is an amount of power, or with ``quorum_is_share`` a percentage of all power.
    """

    token: Token | None
    quorum: Decimal
    quorum_is_share: bool
    quorum_mode: QuorumMode
    approval: Fraction
    proposal_threshold: Decimal
    notice: timedelta
    shortest_vote: timedelta
    longest_vote: timedelta

    def quorum_of(self, total_power: Decimal) -> Decimal:
        """The quorum as an amount of power; a share is rounded down to 18 places."""
        if not self.quorum_is_share:
            return self.quorum
        return from_units(int(to_units(total_power) * Fraction(self.quorum) / 100))

    def freeze(self, total_power: Decimal) -> FrozenRule:
        """These rules for a vote in which so much power was counted."""
        rule = Rule(
            quorum_mode=self.quorum_mode,
            quorum=to_units(self.quorum_of(total_power)),
            approval_numerator=self.approval.numerator,
            approval_denominator=self.approval.denominator,
        )
        return FrozenRule(rule, self.token, total_power)


def current_rules() -> Rules:
    """Today's rules. ``token`` is None until the community has one."""
    quorum, quorum_is_share = parse_quorum(get_option("governance.quorum"))
    return Rules(
        token=Token.objects.filter(symbol=get_option("governance.token"), is_active=True).first(),
        quorum=quorum,
        quorum_is_share=quorum_is_share,
        quorum_mode=get_option("governance.quorum_mode"),
        approval=parse_fraction(get_option("governance.approval")),
        proposal_threshold=get_option("governance.proposal_threshold"),
        notice=timedelta(minutes=get_option("governance.notice_minutes")),
        shortest_vote=timedelta(minutes=get_option("governance.voting_minutes_min")),
        longest_vote=timedelta(minutes=get_option("governance.voting_minutes_max")),
    )
