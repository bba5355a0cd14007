"""Tokens, who holds how much of them, and movements."""

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import migrations, models
from django.db.models.functions import Lower, Now

from dao_portal.core.db.base import AmountField, UUIDv7
from dao_portal.core.db.hashes import CreatePartitionedModel
from dao_portal.core.models import KeyTimestamp

ID = (
    "id",
    models.UUIDField(db_default=UUIDv7(), editable=False, primary_key=True, serialize=False),
)
CREATED = (
    "created_at",
    models.DateTimeField(db_default=Now(), editable=False, verbose_name="created"),
)
CREATED_BY_KEY = (
    "created_at",
    models.GeneratedField(
        db_persist=True,
        expression=KeyTimestamp("id"),
        output_field=models.DateTimeField(),
        verbose_name="created",
    ),
)
UPDATED = (
    "updated_at",
    models.DateTimeField(auto_now=True, db_default=Now(), verbose_name="updated"),
)


class Migration(migrations.Migration):
    initial = True
    # What this one stands for, with the first of them, which had its name (docs/operations.md).
    replaces = [
        ("treasury", "0002_transactions"),
        ("treasury", "0003_last_updated_default"),
        ("treasury", "0004_waiting_holdings"),
        ("treasury", "0005_power_order"),
        ("treasury", "0006_movements_of_treasury"),
        ("treasury", "0007_keys_from_the_database"),
    ]
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Token",
            fields=[
                ID,
                CREATED,
                UPDATED,
                ("symbol", models.CharField(max_length=16, unique=True, verbose_name="symbol")),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                (
                    "contract_address",
                    models.CharField(
                        blank=True,
                        max_length=128,
                        null=True,
                        unique=True,
                        verbose_name="contract address",
                    ),
                ),
                (
                    "network",
                    models.CharField(
                        blank=True, db_default="", max_length=32, verbose_name="network"
                    ),
                ),
                (
                    "decimals",
                    models.PositiveSmallIntegerField(
                        db_default=18, default=18, verbose_name="decimals"
                    ),
                ),
                ("total_supply", AmountField(db_default=0, default=0, verbose_name="total supply")),
                (
                    "circulating_supply",
                    AmountField(db_default=0, default=0, verbose_name="circulating supply"),
                ),
                (
                    "description",
                    models.TextField(blank=True, db_default="", verbose_name="description"),
                ),
                ("image_url", models.URLField(blank=True, db_default="", verbose_name="image")),
                (
                    "is_active",
                    models.BooleanField(db_default=True, default=True, verbose_name="active"),
                ),
            ],
            options={
                "verbose_name": "token",
                "verbose_name_plural": "tokens",
                "db_table": "tokens",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(decimals__lte=18), name="tokens_decimals_ck"
                    ),
                    models.CheckConstraint(
                        condition=~models.Q(contract_address=""),
                        name="tokens_contract_not_empty_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(total_supply__gte=0), name="tokens_total_supply_ck"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(circulating_supply__gte=0),
                        name="tokens_circulating_supply_ck",
                    ),
                ],
                "indexes": [
                    models.Index(fields=["created_at"], name="tokens_created_ix"),
                ],
            },
        ),
        migrations.CreateModel(
            name="UserToken",
            fields=[
                ID,
                CREATED,
                UPDATED,
                ("balance", AmountField(db_default=0, default=0, verbose_name="balance")),
                ("staked_balance", AmountField(db_default=0, default=0, verbose_name="staked")),
                ("voting_power", AmountField(db_default=0, default=0, verbose_name="voting power")),
                (
                    "last_updated",
                    models.DateTimeField(
                        auto_now=True, db_default=Now(), verbose_name="last movement"
                    ),
                ),
                (
                    "token",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=models.RESTRICT,
                        related_name="holdings",
                        to="treasury.token",
                        verbose_name="token",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=models.RESTRICT,
                        related_name="holdings",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="member",
                    ),
                ),
            ],
            options={
                "verbose_name": "holding",
                "verbose_name_plural": "holdings",
                "db_table": "user_tokens",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("user", "token"), name="user_tokens_user_token_uniq"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(balance__gte=0), name="user_tokens_balance_ck"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(staked_balance__gte=0),
                        name="user_tokens_staked_balance_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(voting_power__gte=0), name="user_tokens_voting_power_ck"
                    ),
                ],
                "indexes": [
                    models.Index(
                        fields=["token", "-voting_power", "id"], name="user_tokens_power_ix"
                    ),
                    models.Index(fields=["voting_power"], name="user_tokens_voting_power_ix"),
                    models.Index(fields=["created_at"], name="user_tokens_created_ix"),
                ],
            },
        ),
        migrations.CreateModel(
            name="WaitingHolding",
            fields=[
                ID,
                CREATED,
                UPDATED,
                ("holder", models.CharField(max_length=254, verbose_name="address or e-mail")),
                ("balance", AmountField(db_default=0, default=0, verbose_name="balance")),
                ("staked_balance", AmountField(db_default=0, default=0, verbose_name="staked")),
                (
                    "token",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=models.RESTRICT,
                        related_name="waiting_holdings",
                        to="treasury.token",
                    ),
                ),
            ],
            options={
                "verbose_name": "waiting holding",
                "verbose_name_plural": "waiting holdings",
                "db_table": "waiting_holdings",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("token", "holder"), name="waiting_holdings_token_holder_uniq"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(holder=Lower("holder")), name="waiting_holdings_lower_ck"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(balance__gte=0), name="waiting_holdings_balance_ck"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(staked_balance__gte=0),
                        name="waiting_holdings_staked_balance_ck",
                    ),
                ],
                "indexes": [
                    models.Index(fields=["holder"], name="waiting_holdings_holder_ix"),
                    models.Index(fields=["created_at"], name="waiting_holdings_created_ix"),
                ],
            },
        ),
        CreatePartitionedModel(
            name="Transaction",
            partition_by="id",
            fields=[
                ID,
                CREATED_BY_KEY,
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("deposit", "Deposit"),
                            ("withdrawal", "Withdrawal"),
                            ("transfer", "Transfer"),
                            ("vote", "Vote"),
                        ],
                        max_length=16,
                        verbose_name="type",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("confirmed", "Confirmed"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                        ],
                        db_default="pending",
                        default="pending",
                        max_length=16,
                        verbose_name="status",
                    ),
                ),
                ("amount", AmountField(verbose_name="amount")),
                ("currency", models.CharField(max_length=16, verbose_name="currency")),
                (
                    "treasury_change",
                    AmountField(db_default=0, default=0, verbose_name="change of the treasury"),
                ),
                (
                    "description",
                    models.CharField(
                        blank=True, db_default="", max_length=255, verbose_name="description"
                    ),
                ),
                (
                    "metadata",
                    models.JSONField(
                        blank=True,
                        db_default=models.Value({}, models.JSONField()),
                        default=dict,
                        verbose_name="metadata",
                    ),
                ),
                (
                    "transaction_hash",
                    models.CharField(
                        blank=True, db_default="", max_length=128, verbose_name="hash"
                    ),
                ),
                UPDATED,
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=models.RESTRICT,
                        related_name="transactions",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="member",
                    ),
                ),
            ],
            options={
                "verbose_name": "transaction",
                "verbose_name_plural": "transactions",
                "db_table": "transactions",
                "ordering": ("-id",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(type__in=["deposit", "withdrawal", "transfer", "vote"]),
                        name="transactions_type_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            status__in=["pending", "confirmed", "failed", "cancelled"]
                        ),
                        name="transactions_status_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(amount__gte=0), name="transactions_amount_ck"
                    ),
                ],
                "indexes": [
                    models.Index(fields=["user", "-id"], name="transactions_user_ix"),
                    models.Index(fields=["type", "-id"], name="transactions_type_ix"),
                    models.Index(fields=["status", "-id"], name="transactions_status_ix"),
                    models.Index(fields=["created_at"], name="transactions_created_ix"),
                    models.Index(
                        condition=~models.Q(treasury_change=0),
                        fields=["-id"],
                        include=("currency", "status", "treasury_change", "created_at"),
                        name="transactions_of_treasury_ix",
                    ),
                    models.Index(
                        condition=~models.Q(treasury_change=0),
                        fields=["currency", "-id"],
                        name="transactions_treasury_ix",
                    ),
                    GinIndex(
                        fields=["metadata"],
                        name="transactions_metadata_ix",
                        opclasses=["jsonb_path_ops"],
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TransactionHash",
            fields=[
                ID,
                CREATED,
                UPDATED,
                ("network", models.CharField(max_length=32, verbose_name="network")),
                ("hash", models.CharField(max_length=128, verbose_name="hash")),
                (
                    "ordinal",
                    models.PositiveSmallIntegerField(
                        db_default=0, default=0, verbose_name="ordinal"
                    ),
                ),
                (
                    "transaction",
                    models.ForeignKey(
                        on_delete=models.RESTRICT, related_name="hashes", to="treasury.transaction"
                    ),
                ),
            ],
            options={
                "verbose_name": "transaction hash",
                "verbose_name_plural": "transaction hashes",
                "db_table": "transaction_hashes",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("network", "hash", "ordinal"), name="transaction_hashes_once_uniq"
                    ),
                ],
                "indexes": [
                    models.Index(fields=["created_at"], name="transaction_hashes_created_ix"),
                ],
            },
        ),
        migrations.AddField(
            model_name="token",
            name="holders",
            field=models.ManyToManyField(
                related_name="tokens",
                through="treasury.UserToken",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
    ]
