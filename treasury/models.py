"""TOKENS, USER_TOKENS and TRANSACTIONS."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _

from dao_portal.core.db.base import AmountField, BaseModel, ChangedAtField
from dao_portal.core.models import MonthlyModel


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
    last_updated = ChangedAtField(_("last movement"), auto_now=True, db_default=Now())

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
            # the largest holders of a token first, also among a million who hold the same
            models.Index(fields=["token", "-voting_power", "id"], name="user_tokens_power_ix"),
            models.Index(fields=["voting_power"], name="user_tokens_voting_power_ix"),
            models.Index(fields=["created_at"], name="user_tokens_created_ix"),
        )

    def __str__(self) -> str:
        return f"{self.user_id} {self.token_id}"


class WaitingHolding(BaseModel):
    """What a token's list of holders gives to somebody who is not here yet.

    ``holder`` is an address or an e-mail address in lower case. Whoever proves that it is theirs
    gets the holding; until then it counts in no vote.
    """

    token = models.ForeignKey(
        Token, on_delete=models.RESTRICT, db_index=False, related_name="waiting_holdings"
    )
    holder = models.CharField(_("address or e-mail"), max_length=254)
    balance = AmountField(_("balance"), default=0, db_default=0)
    staked_balance = AmountField(_("staked"), default=0, db_default=0)

    class Meta:
        db_table = "waiting_holdings"
        verbose_name = _("waiting holding")
        verbose_name_plural = _("waiting holdings")
        constraints = (
            models.UniqueConstraint(
                fields=["token", "holder"], name="waiting_holdings_token_holder_uniq"
            ),
            models.CheckConstraint(
                condition=models.Q(holder=Lower("holder")), name="waiting_holdings_lower_ck"
            ),
            not_negative("balance", "waiting_holdings_balance_ck"),
            not_negative("staked_balance", "waiting_holdings_staked_balance_ck"),
        )
        indexes = (
            # somebody proves that an address is theirs
            models.Index(fields=["holder"], name="waiting_holdings_holder_ix"),
            models.Index(fields=["created_at"], name="waiting_holdings_created_ix"),
        )

    def __str__(self) -> str:
        return f"{self.holder} {self.token_id}"


class Transaction(MonthlyModel):
    """One movement, or one that was asked for. Never deleted, never detached: books refer to it.

    ``amount`` is what moved, never negative. ``treasury_change`` is what it does to the community's
    treasury once confirmed: more, less, or nothing for what members do among themselves.
    """

    class Type(models.TextChoices):
        DEPOSIT = "deposit", _("Deposit")
        WITHDRAWAL = "withdrawal", _("Withdrawal")
        TRANSFER = "transfer", _("Transfer")
        VOTE = "vote", _("Vote")

    class Status(models.TextChoices):
        PENDING = "pending", _("Pending")
        CONFIRMED = "confirmed", _("Confirmed")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.RESTRICT,
        null=True,
        blank=True,
        db_index=False,
        related_name="transactions",
        verbose_name=_("member"),
    )
    type = models.CharField(_("type"), max_length=16, choices=Type.choices)
    status = models.CharField(
        _("status"),
        max_length=16,
        choices=Status.choices,
        default=Status.PENDING,
        db_default=Status.PENDING,
    )
    amount = AmountField(_("amount"))
    currency = models.CharField(_("currency"), max_length=16)
    treasury_change = AmountField(_("change of the treasury"), default=0, db_default=0)
    description = models.CharField(_("description"), max_length=255, blank=True, db_default="")
    metadata = models.JSONField(
        _("metadata"), default=dict, blank=True, db_default=models.Value({}, models.JSONField())
    )
    transaction_hash = models.CharField(_("hash"), max_length=128, blank=True, db_default="")
    updated_at = ChangedAtField(_("updated"), auto_now=True, db_default=Now())

    class Meta:
        db_table = "transactions"
        verbose_name = _("transaction")
        verbose_name_plural = _("transactions")
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(type__in=["deposit", "withdrawal", "transfer", "vote"]),
                name="transactions_type_ck",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=["pending", "confirmed", "failed", "cancelled"]),
                name="transactions_status_ck",
            ),
            not_negative("amount", "transactions_amount_ck"),
        )
        indexes = (
            # a member's own movements
            models.Index(fields=["user", "-id"], name="transactions_user_ix"),
            # the list's filters, newest first
            models.Index(fields=["type", "-id"], name="transactions_type_ix"),
            models.Index(fields=["status", "-id"], name="transactions_status_ix"),
            models.Index(fields=["created_at"], name="transactions_created_ix"),
            # the treasury's balances and its chart, without a look at the table: few rows among
            # many; and the list of its movements, newest first
            models.Index(
                fields=["-id"],
                include=["currency", "status", "treasury_change", "created_at"],
                condition=~models.Q(treasury_change=0),
                name="transactions_of_treasury_ix",
            ),
            # the list of its movements in one currency
            models.Index(
                fields=["currency", "-id"],
                condition=~models.Q(treasury_change=0),
                name="transactions_treasury_ix",
            ),
            # "decided in #42", in the admin
            GinIndex(
                fields=["metadata"], opclasses=["jsonb_path_ops"], name="transactions_metadata_ix"
            ),
        )

    def __str__(self) -> str:
        return f"{self.type} {self.amount:f} {self.currency}"

    @property
    def is_void(self) -> bool:
        """It will never move anything."""
        return self.status in (self.Status.FAILED, self.Status.CANCELLED)


class TransactionHash(BaseModel):
    """Which transaction a hash on a chain belongs to: once, whatever its month.

    A unique index on ``transactions`` itself would have to contain the month's key.
    ``ordinal`` tells apart several movements of one transaction on the chain.
    """

    transaction = models.ForeignKey(Transaction, on_delete=models.RESTRICT, related_name="hashes")
    network = models.CharField(_("network"), max_length=32)
    hash = models.CharField(_("hash"), max_length=128)
    ordinal = models.PositiveSmallIntegerField(_("ordinal"), default=0, db_default=0)

    class Meta:
        db_table = "transaction_hashes"
        verbose_name = _("transaction hash")
        verbose_name_plural = _("transaction hashes")
        constraints = (
            models.UniqueConstraint(
                fields=["network", "hash", "ordinal"], name="transaction_hashes_once_uniq"
            ),
        )
        indexes = (models.Index(fields=["created_at"], name="transaction_hashes_created_ix"),)

    def __str__(self) -> str:
        return f"{self.network}:{self.hash}"
