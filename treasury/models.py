"""TOKENS and USER_TOKENS."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from dao_portal.core.base import AmountField, BaseModel


def not_negative(field: str, name: str) -> models.CheckConstraint:
    """CHECK (field >= 0)."""
    return models.CheckConstraint(condition=models.Q(**{f"{field}__gte": 0}), name=name)


class Token(BaseModel):
    """A token that members hold. ``contract_address`` is NULL when it lives only in the portal."""

    symbol = models.CharField(_("symbol"), max_length=16, unique=True)
    name = models.CharField(_("name"), max_length=100)
    contract_address = models.CharField(
        _("contract address"), max_length=128, unique=True, null=True, blank=True
    )
    network = models.CharField(_("network"), max_length=32, blank=True, db_default="")
    decimals = models.PositiveSmallIntegerField(_("decimals"), default=18, db_default=18)
    total_supply = AmountField(_("total supply"), default=0, db_default=0)
    circulating_supply = AmountField(_("circulating supply"), default=0, db_default=0)
    description = models.TextField(_("description"), blank=True, db_default="")
    image_url = models.URLField(_("image"), blank=True, db_default="")
    is_active = models.BooleanField(_("active"), default=True, db_default=True)
    holders: models.ManyToManyField[Any, Any] = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="UserToken", related_name="tokens"
    )

    class Meta:
        db_table = "tokens"
        verbose_name = _("token")
        verbose_name_plural = _("tokens")
        constraints = (
            models.CheckConstraint(condition=models.Q(decimals__lte=18), name="tokens_decimals_ck"),
            models.CheckConstraint(
                condition=~models.Q(contract_address=""), name="tokens_contract_not_empty_ck"
            ),
            not_negative("total_supply", "tokens_total_supply_ck"),
            not_negative("circulating_supply", "tokens_circulating_supply_ck"),
        )
        indexes = (models.Index(fields=["created_at"], name="tokens_created_ix"),)

    def __str__(self) -> str:
        return self.symbol


class UserToken(BaseModel):
    """What one member holds of one token. ``voting_power`` is before any delegation."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.RESTRICT,
        db_index=False,
        related_name="holdings",
        verbose_name=_("member"),
    )
    token = models.ForeignKey(
        Token,
        on_delete=models.RESTRICT,
        db_index=False,
        related_name="holdings",
        verbose_name=_("token"),
    )
    balance = AmountField(_("balance"), default=0, db_default=0)
    staked_balance = AmountField(_("staked"), default=0, db_default=0)
    voting_power = AmountField(_("voting power"), default=0, db_default=0)
    last_updated = models.DateTimeField(_("last movement"), auto_now=True)

    class Meta:
        db_table = "user_tokens"
        verbose_name = _("holding")
        verbose_name_plural = _("holdings")
        constraints = (
            models.UniqueConstraint(fields=["user", "token"], name="user_tokens_user_token_uniq"),
            not_negative("balance", "user_tokens_balance_ck"),
            not_negative("staked_balance", "user_tokens_staked_balance_ck"),
            not_negative("voting_power", "user_tokens_voting_power_ck"),
        )
        indexes = (
            # the largest holders of a token first
            models.Index(fields=["token", "-voting_power"], name="user_tokens_power_ix"),
            models.Index(fields=["voting_power"], name="user_tokens_voting_power_ix"),
            models.Index(fields=["created_at"], name="user_tokens_created_ix"),
        )

    def __str__(self) -> str:
        return f"{self.user_id} {self.token_id}"
