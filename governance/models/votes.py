"""VOTES: one row for each member who voted on a proposal."""

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


class Vote(HashPartitionedModel, BaseModel):
    """One member's vote. The database (sql/votes_guard.sql) judges it, whatever the door."""

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
            # one member's votes, latest first
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
