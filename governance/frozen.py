"""What a proposal keeps for ever: the rule that its vote opened under, and the result that it got.

Both are values: computed from what they are given, and only then written, in one statement
(``Proposal.write``). Nothing half-frozen is ever in anybody's hands.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from dao_portal.core.db.base import ONE_UNIT
from treasury.models import Token

from .canonical import canonical_amount, canonical_hash, canonical_time
from .models import Proposal
from .outcome import RULE_VERSION, Outcome, Rule, from_units


@dataclass(frozen=True)
class FrozenRule:
    """The rule of one vote, the token whose power votes, and all power that was counted.

    An importer may know neither token nor total.
    """

    rule: Rule
    token: Token | None = None
    total_power: Decimal | None = None
    version: int = RULE_VERSION

    @classmethod
    def of(cls, proposal: Proposal) -> FrozenRule:
        """What ``proposal`` keeps; only after opening (``proposal.token`` should be fetched)."""
        assert proposal.rule_version is not None
        return cls(proposal.rule, proposal.token, proposal.total_power, proposal.rule_version)

    @property
    def quorum(self) -> Decimal:
        return from_units(self.rule.quorum)

    def covered(self, proposal: Proposal) -> list[Any]:
        """What the fingerprint covers, in its order (docs/governance.md).

        Of ``proposal`` it takes the text and the window, which must be set.
        """
        assert proposal.voting_start
        assert proposal.voting_end
        return [
            proposal.title,
            proposal.description,
            proposal.type,
            proposal.metadata,
            canonical_time(proposal.voting_start),
            canonical_time(proposal.voting_end),
            {
                "version": self.version,
                "token": self.token.symbol if self.token else None,
                "quorum_mode": self.rule.quorum_mode,
                "quorum": canonical_amount(self.quorum),
                "approval": f"{self.rule.approval_numerator}/{self.rule.approval_denominator}",
                "total_power": None
                if self.total_power is None
                else canonical_amount(self.total_power),
            },
        ]

    def columns(self, proposal: Proposal) -> dict[str, Any]:
        """The columns in which ``proposal`` keeps this rule, with the fingerprint of both."""
        numerator, denominator = self.rule.approval_numerator, self.rule.approval_denominator
        return {
            "token": self.token,
            "total_power": self.total_power,
            "quorum_mode": self.rule.quorum_mode,
            "quorum_threshold": self.quorum,
            "approval_numerator": numerator,
            "approval_denominator": denominator,
            "approval_threshold": (Decimal(numerator) / Decimal(denominator)).quantize(ONE_UNIT),
            "rule_version": self.version,
            "fingerprint": f"sha256:{canonical_hash(self.covered(proposal))}",
        }


@dataclass(frozen=True)
class Result:
    """What the votes came to: heads and power by column, their digest, and what the rule says."""

    counts: dict[str, Any]
    votes_digest: str
    outcome: Outcome

    @property
    def voters(self) -> int:
        voters: int = sum(self.counts[name] for name in ("yes_votes", "no_votes", "abstain_votes"))
        return voters

    @property
    def columns(self) -> dict[str, Any]:
        """The columns in which a proposal keeps it."""
        return {
            **self.counts,
            "total_votes": self.voters,
            "votes_digest": self.votes_digest,
            "status": self.outcome.status,
            "outcome_reason": self.outcome.reason,
        }

    @property
    def audit_values(self) -> dict[str, Any]:
        return {
            "status": self.outcome.status,
            "reason": self.outcome.reason,
            "yes": canonical_amount(self.counts["yes_power"]),
            "no": canonical_amount(self.counts["no_power"]),
            "abstain": canonical_amount(self.counts["abstain_power"]),
            "voters": self.voters,
            "votes_digest": self.votes_digest,
        }
