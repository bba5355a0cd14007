"""Who has how much power in one vote."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from dao_portal.core.db.base import AmountField, BaseModel
from dao_portal.core.db.hashes import HashPartitionedModel
from treasury.models import not_negative

from .proposals import Proposal


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
    # 0 so far: delegation is later work. What is counted is kept apart from the beginning.
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
