"""How a vote stands, as it comes in."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from dao_portal.core.db.base import AmountField, BaseModel

from .proposals import Proposal


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
