"""How a vote stands: live from the sixteen slots, or as it was written down at closing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import Sum
from django.db.models.functions import Coalesce
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from .. import wording
from ..models import Proposal, TallySlot, Vote
from ..outcome import Outcome, Rule, Tally, decide, from_units, to_units

COUNTERS = [f"{choice}_{unit}" for choice in Vote.Choice.values for unit in ("votes", "power")]


@dataclass(frozen=True)
class ChoiceCount:
    """One choice: members, power, and its hundredths of all power that voted."""

    key: str
    label: str
    heads: int
    power: Decimal
    share: Fraction


@dataclass(frozen=True)
class Standing:
    """What has been voted on one proposal, and what the frozen rule says of it.

    ``etag`` changes with every vote and whenever the proposal moves on: pages that show it ask
    by it whether they are still current.
    """

    phase: Proposal.Phase
    etag: str
    rule: Rule
    yes_votes: int
    no_votes: int
    abstain_votes: int
    yes_power: Decimal
    no_power: Decimal
    abstain_power: Decimal

    @property
    def voters(self) -> int:
        return self.yes_votes + self.no_votes + self.abstain_votes

    @cached_property
    def tally(self) -> Tally:
        return Tally(
            to_units(self.yes_power), to_units(self.no_power), to_units(self.abstain_power)
        )

    @cached_property
    def outcome(self) -> Outcome:
        """What the rule says of these votes, as if they were the last."""
        return decide(self.tally, self.rule)

    @cached_property
    def choices(self) -> list[ChoiceCount]:
        return [self._choice(choice) for choice in Vote.Choice]

    def _choice(self, choice: Vote.Choice) -> ChoiceCount:
        power: Decimal = getattr(self, f"{choice.value}_power")
        units, turnout = to_units(power), self.tally.turnout
        return ChoiceCount(
            key=choice.value,
            label=str(choice.label),
            heads=getattr(self, f"{choice.value}_votes"),
            power=power,
            share=Fraction(units * 100, turnout) if turnout else Fraction(0),
        )

    # --- the two conditions, as the results card shows them ---

    @property
    def approval(self) -> Fraction | None:
        """For in hundredths of For and Against."""
        share = wording.approval_of(self.outcome)
        return None if share is None else share * 100

    @property
    def approval_mark(self) -> Fraction:
        """What the approval must reach, in hundredths."""
        return Fraction(self.rule.approval_numerator * 100, self.rule.approval_denominator)

    @property
    def approval_met(self) -> bool:
        return self.outcome.clause("majority").met and self.outcome.clause("approval").met

    @property
    def approval_reached(self) -> str:
        return wording.reached_share(self.outcome, self.rule)

    @property
    def share_missing(self) -> str:
        """What to say in place of ``approval_reached`` where that is nothing."""
        return wording.without_share(self.outcome, voters=self.voters)

    @property
    def approval_needed(self) -> str:
        return wording.needed_share(self.rule)

    @property
    def quorum(self) -> Decimal:
        return from_units(self.rule.quorum)

    @property
    def counted(self) -> Decimal:
        """The power that counts toward the quorum."""
        return from_units(self.outcome.clause("quorum").have)

    @property
    def quorum_met(self) -> bool:
        """Both that it was reached and that any power voted: a quorum of nothing needs some."""
        return self.outcome.clause("turnout").met and self.outcome.clause("quorum").met

    @property
    def quorum_share(self) -> Fraction:
        """``counted`` in hundredths of the quorum; one of nothing is full once power votes."""
        if not self.rule.quorum:
            return Fraction(100 if self.quorum_met else 0)
        return Fraction(self.outcome.clause("quorum").have * 100, self.rule.quorum)

    @property
    def quorum_words(self) -> tuple[str, str]:
        """``counted`` and the quorum, short."""
        clause = self.outcome.clause("quorum")
        have, need = wording.beside(clause.have, clause.need)
        return have, need if clause.need or self.quorum_met else gettext("more than 0")

    # --- in words ---

    @property
    def is_live(self) -> bool:
        return self.phase == Proposal.Phase.OPEN

    @property
    def is_over(self) -> bool:
        """The result is written down."""
        return self.phase in Proposal.DECIDED

    @property
    def may_change(self) -> bool:
        """A page that shows it should ask again."""
        return self.phase in (Proposal.Phase.OPEN, Proposal.Phase.COUNTING)

    @property
    def verdict(self) -> SafeString | str:
        """One sentence; none while nobody may say yet, and none where voting was stopped."""
        if self.is_live:
            return wording.live_verdict(self.outcome, self.rule, voters=self.voters)
        if not self.is_over:
            return ""
        return wording.final_verdict(self.outcome, self.rule, voters=self.voters)


def standing_of(proposal: Proposal) -> Standing | None:
    """How ``proposal`` stands; None before voting opens."""
    return standings([proposal]).get(proposal.pk)


def standings(proposals: Iterable[Proposal]) -> dict[UUID, Standing]:
    """How each of ``proposals`` stands, in at most one query; those not opened are left out."""
    opened = [proposal for proposal in proposals if proposal.opened_at]
    live = _live_counts([proposal.pk for proposal in opened if not _is_written(proposal)])
    return {proposal.pk: _standing(proposal, live.get(proposal.pk, {})) for proposal in opened}


def etag_of(number: int) -> str | None:
    """The ``etag`` of proposal ``number`` in one query; None when nobody may see it."""
    proposal: Any = (
        Proposal.objects.published()
        .filter(number=number)
        .annotate(version=Coalesce(Sum("tally_slots__version"), 0))
        .only("number", "status", "voting_start", "voting_end", "opened_at", "outcome_reason")
        .first()
    )
    return None if proposal is None else _etag(proposal.version, proposal.phase)


def _standing(proposal: Proposal, live: dict[str, Any]) -> Standing:
    written, phase = _is_written(proposal), proposal.phase
    counters: dict[str, Any] = {
        name: getattr(proposal, name) if written else live.get(name, 0) for name in COUNTERS
    }
    etag = _etag(live.get("version", 0), phase)
    return Standing(phase=phase, etag=etag, rule=proposal.rule, **counters)


def _is_written(proposal: Proposal) -> bool:
    """Where voting was stopped nothing was counted: its slots say how far it had come."""
    return proposal.phase in Proposal.DECIDED


def _live_counts(ids: list[UUID]) -> dict[UUID, dict[str, Any]]:
    if not ids:
        return {}
    names = ["version", *COUNTERS]
    rows = (
        TallySlot.objects.filter(proposal__in=ids)
        .values_list("proposal_id")
        .annotate(*(Sum(name) for name in names))
    )
    return {proposal_id: dict(zip(names, sums, strict=True)) for proposal_id, *sums in rows}


def _etag(version: int, phase: Proposal.Phase) -> str:
    """The version alone while votes come in; afterwards also where the proposal went."""
    return str(version) if phase == Proposal.Phase.OPEN else f"{version}-{phase.value}"
