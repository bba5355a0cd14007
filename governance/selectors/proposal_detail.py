"""One proposal's page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from accounts.models import Profile
from dao_portal.core.db.base import under

from .. import clauses, wording
from ..models import Proposal, Vote
from ..models.proposal_phases import COMING_PHASES
from ..outcome import STOPPED, to_units
from ..rules import current_rules
from . import tallies

Phase = Proposal.Phase
MAX_REASONS = 3


@dataclass(frozen=True)
class RuleLines:
    """The rule of one vote. Until voting opens it is today's, and may still change.

    ``quorum`` is power; where it is only a share of power that nobody has counted yet, ``quorum``
    is None. ``quorum_share`` is in hundredths of all power.
    """

    frozen: bool
    token: str
    quorum: Decimal | None
    quorum_share: Fraction | None
    total_power: Decimal | None
    quorum_counts: str
    approval: str
    counted_at: datetime | None
    closes_at: datetime | None
    version: int | None = None
    fingerprint: str = ""


@dataclass(frozen=True)
class ProposalDetail:
    """What everybody sees of a proposal; the vote card is each viewer's own.

    ``etag`` is what the page asks by whether it is still current (see Standing).
    """

    proposal: Proposal
    etag: str
    standing: tallies.Standing | None
    headline: wording.Headline | None
    why: list[clauses.ClauseLine]
    reasons: list[Vote]
    rules: RuleLines | None

    @property
    def may_change(self) -> bool:
        """It moves on by itself, so the page asks."""
        return self.proposal.phase in (*COMING_PHASES, Phase.OPEN, Phase.COUNTING)


def proposal_detail(proposal: Proposal) -> ProposalDetail:
    """Everything but the vote card, in two queries; today's rules are one more."""
    standing = tallies.standing_of(proposal)
    return ProposalDetail(
        proposal=proposal,
        etag=standing.etag if standing else f"0-{proposal.phase.value}",
        standing=standing,
        headline=_headline(proposal, standing),
        why=_why(standing) if standing and standing.is_over else [],
        reasons=_weightiest_reasons(proposal) if standing else [],
        rules=rule_lines(proposal) if _has_rule(proposal) else None,
    )


def _why(standing: tallies.Standing) -> list[clauses.ClauseLine]:
    return clauses.why(standing.outcome, standing.rule, voters=standing.voters)


def _has_rule(proposal: Proposal) -> bool:
    """One that came to its end before voting opened has none, and will have none."""
    return bool(proposal.opened_at) or proposal.phase not in (*Proposal.DECIDED, *STOPPED)


def rule_lines(proposal: Proposal) -> RuleLines:
    """The frozen rule, or today's before voting opens (``proposal.token`` should be fetched)."""
    if not proposal.opened_at:
        return _todays_rule(proposal)
    rule = proposal.rule
    assert proposal.quorum_threshold is not None
    return RuleLines(
        frozen=True,
        token=proposal.token.symbol if proposal.token else "",
        quorum=proposal.quorum_threshold,
        quorum_share=_share(rule.quorum, proposal.total_power),
        total_power=proposal.total_power,
        quorum_counts=proposal.get_quorum_mode_display(),
        approval=wording.needed_share(rule),
        counted_at=proposal.opened_at,
        closes_at=proposal.voting_end,
        version=proposal.rule_version,
        fingerprint=proposal.fingerprint,
    )


def _todays_rule(proposal: Proposal) -> RuleLines:
    rules = current_rules()
    return RuleLines(
        frozen=False,
        token=rules.token.symbol if rules.token else "",
        quorum=None if rules.quorum_is_share else rules.quorum,
        quorum_share=Fraction(rules.quorum) if rules.quorum_is_share else None,
        total_power=None,
        quorum_counts=str(Proposal.QuorumMode(rules.quorum_mode).label),
        approval=wording.share_words(rules.approval),
        counted_at=None if proposal.is_overdue else proposal.voting_start,
        closes_at=proposal.voting_end,
    )


def _share(quorum: int, total_power: Decimal | None) -> Fraction | None:
    return Fraction(quorum * 100, to_units(total_power)) if total_power else None


def _headline(proposal: Proposal, standing: tallies.Standing | None) -> wording.Headline | None:
    if proposal.phase == Phase.CANCELLED:
        return wording.cancelled_headline(proposal.outcome_note)
    if proposal.phase == Phase.WITHDRAWN:
        return wording.withdrawn_headline()
    if proposal.phase == Phase.NOT_OPENED:
        return wording.not_opened_headline()
    if proposal.phase == Phase.COUNTING:
        return wording.counting_headline(overdue=proposal.is_overdue)
    if standing and standing.is_over:
        return wording.result_headline(standing.outcome, standing.rule, voters=standing.voters)
    return None


def _weightiest_reasons(proposal: Proposal) -> list[Vote]:
    return list(
        Vote.objects.filter(proposal=proposal)
        .exclude(reason="")
        .select_related("voter__profile")
        .defer(*under("voter__profile", Profile.BODIES))
        .order_by("-voting_power", "pk")[:MAX_REASONS]
    )
