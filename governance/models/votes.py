"""POWER_SNAPSHOTS, VOTES and TALLY_SLOTS: who may vote, who did, and the running count."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from dao_portal.core.db.base import AmountField, BaseModel
from dao_portal.core.db.hashes import HashPartitionedModel
from treasury.models import not_negative

from ..canonical import vote_receipt
from .proposals import Proposal

MAX_REASON = 500


class PowerSnapshot(HashPartitionedModel, BaseModel):
    """One member's power in one proposal, frozen at opening. Being in here is being eligible."""

    partition_key = "proposal_id"

    proposal = models.ForeignKey(
        Proposal, on_delete=models.RESTRICT, db_index=False, related_name="snapshots"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.RESTRICT, related_name="snapshots"
    )
    own = AmountField(_("held"), default=0, db_default=0)
    staked = AmountField(_("staked"), default=0, db_default=0)
    delegated = AmountField(_("delegated to you"), default=0, db_default=0)
    power = AmountField(_("power"))

    class Meta:
        db_table = "power_snapshots"
        verbose_name = _("counted power")
        verbose_name_plural = _("counted power")
        constraints = (
            models.UniqueConstraint(
                fields=["proposal", "user"], name="power_snapshots_proposal_user_uniq"
            ),
            not_negative("own", "power_snapshots_own_ck"),
            not_negative("staked", "power_snapshots_staked_ck"),
            not_negative("delegated", "power_snapshots_delegated_ck"),
            not_negative("power", "power_snapshots_power_ck"),
        )
        indexes = (models.Index(fields=["created_at"], name="power_snapshots_created_ix"),)

    def __str__(self) -> str:
        return f"{self.user_id} in {self.proposal_id}"


class Vote(HashPartitionedModel, BaseModel):
    """One member's vote. The database's guard (sql/votes.sql) judges it, whatever the door."""

    class Choice(models.TextChoices):
        YES = "yes", _("For")
        NO = "no", _("Against")
        ABSTAIN = "abstain", _("Abstain")

    partition_key = "proposal_id"

    proposal = models.ForeignKey(
        Proposal, on_delete=models.RESTRICT, db_index=False, related_name="votes"
    )
    voter = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.RESTRICT, db_index=False, related_name="votes"
    )
    vote_type = models.CharField(_("choice"), max_length=7, choices=Choice.choices)
    voting_power = AmountField(_("power"))
    reason = models.TextField(_("reason"), blank=True, default="", db_default="")
    # Stays when a reason is hidden or erased, so that the receipt can still be checked.
    reason_sha256 = models.CharField(max_length=64, editable=False)
    # The guard's clock. Not updated_at: hiding a reason is no new vote.
    cast_at = models.DateTimeField(_("cast"), db_default=Now())

    class Meta:
        db_table = "votes"
        verbose_name = _("vote")
        verbose_name_plural = _("votes")
        constraints = (
            models.UniqueConstraint(fields=["proposal", "voter"], name="votes_proposal_voter_uniq"),
            models.CheckConstraint(
                condition=Q(vote_type__in=["yes", "no", "abstain"]), name="votes_vote_type_ck"
            ),
            not_negative("voting_power", "votes_voting_power_ck"),
        )
        indexes = (
            # the largest votes first, on a proposal's page of votes
            models.Index(fields=["proposal", "-voting_power"], name="votes_power_ix"),
            # one member's voting record
            models.Index(fields=["voter", "-created_at"], name="votes_voter_ix"),
            models.Index(fields=["created_at"], name="votes_created_ix"),
        )

    def __str__(self) -> str:
        return f"{self.voter_id} {self.vote_type} {self.proposal_id}"

    def receipt(self, fingerprint: str) -> str:
        """The code under which the voter finds this vote; ``fingerprint`` is the proposal's."""
        return vote_receipt(
            fingerprint=fingerprint,
            voter=str(self.voter_id),
            choice=self.vote_type,
            power=self.voting_power,
            cast_at=self.cast_at,
            reason_sha256=self.reason_sha256,
        )


class TallySlot(BaseModel):
    """A sixteenth of a proposal's live tally, so that voters do not queue for one row.

    Written by the database's trigger only. All counters stand in one row: a changed vote touches
    one slot and cannot deadlock. ``version`` grows with every change, also with one that leaves
    the sums alone.
    """

    proposal = models.ForeignKey(
        Proposal, on_delete=models.RESTRICT, db_index=False, related_name="tally_slots"
    )
    slot = models.PositiveSmallIntegerField()
    version = models.BigIntegerField(db_default=0)
    yes_votes = models.BigIntegerField(db_default=0)
    no_votes = models.BigIntegerField(db_default=0)
    abstain_votes = models.BigIntegerField(db_default=0)
    yes_power = AmountField(db_default=0)
    no_power = AmountField(db_default=0)
    abstain_power = AmountField(db_default=0)

    class Meta:
        db_table = "tally_slots"
        verbose_name = _("tally slot")
        verbose_name_plural = _("tally slots")
        constraints = (
            models.UniqueConstraint(
                fields=["proposal", "slot"], name="tally_slots_proposal_slot_uniq"
            ),
        )
        indexes = (models.Index(fields=["created_at"], name="tally_slots_created_ix"),)

    def __str__(self) -> str:
        return f"{self.proposal_id} {self.slot}"
