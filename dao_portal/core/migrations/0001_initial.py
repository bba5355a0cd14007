"""The floor: what was done, who is told, settings, mails, forms that work once, brakes."""

from django.conf import settings
from django.db import migrations, models
from django.db.models.functions import Lower, Now

from ..actions import action_choices
from ..db.base import UUIDv7
from ..db.hashes import CreatePartitionedModel
from ..db.sql import LoadSQL
from ..models import CurrentTransactionId, KeyTimestamp, TransactionIdField

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
        ("core", "0002_covered_indexes"),
        ("core", "0003_forms_brakes_and_keys"),
        ("core", "0004_delete_rules"),
        ("core", "0005_outgoing_mails"),
    ]
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        CreatePartitionedModel(
            name="AuditLog",
            partition_by="id",
            fields=[
                ID,
                CREATED_BY_KEY,
                (
                    "action",
                    models.CharField(choices=action_choices, max_length=50, verbose_name="action"),
                ),
                ("resource_type", models.CharField(max_length=50, verbose_name="kind of thing")),
                ("resource_id", models.UUIDField(null=True, verbose_name="thing")),
                ("old_values", models.JSONField(null=True, verbose_name="before")),
                ("new_values", models.JSONField(null=True, verbose_name="after")),
                (
                    "ip_address",
                    models.CharField(
                        blank=True, db_default="", max_length=45, verbose_name="address"
                    ),
                ),
                (
                    "user_agent",
                    models.CharField(
                        blank=True, db_default="", max_length=256, verbose_name="browser"
                    ),
                ),
                (
                    "request_id",
                    models.CharField(
                        blank=True, db_default="", max_length=64, verbose_name="request"
                    ),
                ),
                (
                    "transaction_id",
                    TransactionIdField(db_default=CurrentTransactionId(), editable=False),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=models.RESTRICT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="member",
                    ),
                ),
            ],
            options={
                "verbose_name": "audit entry",
                "verbose_name_plural": "audit entries",
                "db_table": "audit_logs",
                "ordering": ("-id",),
                "indexes": [
                    models.Index(fields=["user", "-id"], name="audit_logs_user_ix"),
                    models.Index(fields=["action", "-id"], name="audit_logs_action_ix"),
                    models.Index(fields=["resource_id", "-id"], name="audit_logs_resource_ix"),
                    models.Index(fields=["created_at"], name="audit_logs_created_ix"),
                ],
            },
        ),
        migrations.CreateModel(
            name="EventDelivery",
            fields=[
                ID,
                CREATED,
                UPDATED,
                ("subscriber", models.CharField(max_length=50, verbose_name="subscriber")),
                ("cursor", models.UUIDField(null=True, verbose_name="delivered up to")),
                ("done_at", models.DateTimeField(null=True, verbose_name="done")),
                (
                    "event",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=models.RESTRICT,
                        related_name="deliveries",
                        to="core.auditlog",
                    ),
                ),
            ],
            options={
                "verbose_name": "event delivery",
                "verbose_name_plural": "event deliveries",
                "db_table": "event_deliveries",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("event", "subscriber"), name="event_deliveries_once_uniq"
                    ),
                ],
                "indexes": [
                    models.Index(
                        condition=models.Q(done_at__isnull=True),
                        fields=["event"],
                        name="event_deliveries_due_ix",
                    ),
                    models.Index(fields=["created_at"], name="event_deliveries_created_ix"),
                ],
            },
        ),
        migrations.CreateModel(
            name="OutgoingMail",
            fields=[
                ID,
                CREATED,
                UPDATED,
                ("recipient", models.TextField(verbose_name="to")),
                ("message", models.TextField(editable=False)),
                (
                    "attempts",
                    models.PositiveIntegerField(db_default=0, default=0, verbose_name="tries"),
                ),
                ("due_at", models.DateTimeField(db_default=Now(), verbose_name="next try")),
                (
                    "last_error",
                    models.CharField(
                        blank=True, db_default="", max_length=200, verbose_name="last failure"
                    ),
                ),
                ("sent_at", models.DateTimeField(null=True, verbose_name="sent")),
                ("given_up_at", models.DateTimeField(null=True, verbose_name="given up")),
            ],
            options={
                "verbose_name": "outgoing mail",
                "verbose_name_plural": "outgoing mails",
                "db_table": "outgoing_mails",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(sent_at__isnull=True)
                        | models.Q(given_up_at__isnull=True),
                        name="outgoing_mails_one_end_ck",
                    ),
                    models.CheckConstraint(
                        condition=(
                            models.Q(given_up_at__isnull=True, sent_at__isnull=True)
                            & ~models.Q(message="")
                        )
                        | (
                            ~models.Q(given_up_at__isnull=True, sent_at__isnull=True)
                            & models.Q(message="")
                        ),
                        name="outgoing_mails_erased_ck",
                    ),
                ],
                "indexes": [
                    models.Index(
                        condition=models.Q(given_up_at__isnull=True, sent_at__isnull=True),
                        fields=["due_at", "id"],
                        name="outgoing_mails_due_ix",
                    ),
                    models.Index(fields=["created_at"], name="outgoing_mails_created_ix"),
                    models.Index(
                        Lower("recipient"),
                        models.F("id").desc(),
                        name="outgoing_mails_recipient_ix",
                    ),
                    models.Index(
                        condition=models.Q(given_up_at__isnull=False),
                        fields=["-id"],
                        name="outgoing_mails_given_up_ix",
                    ),
                    models.Index(fields=["updated_at"], name="outgoing_mails_updated_ix"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Setting",
            fields=[
                ID,
                CREATED,
                UPDATED,
                ("key", models.CharField(max_length=100, unique=True, verbose_name="key")),
                ("value", models.TextField(verbose_name="value")),
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("text", "text"),
                            ("integer", "whole number"),
                            ("amount", "amount"),
                            ("boolean", "yes or no"),
                        ],
                        max_length=20,
                        verbose_name="type",
                    ),
                ),
                ("description", models.TextField(blank=True, verbose_name="description")),
                (
                    "is_public",
                    models.BooleanField(db_default=False, default=False, verbose_name="public"),
                ),
            ],
            options={
                "verbose_name": "setting",
                "verbose_name_plural": "settings",
                "db_table": "settings",
                "ordering": ("key",),
                "indexes": [
                    models.Index(fields=["is_public"], name="settings_public_ix"),
                    models.Index(fields=["created_at"], name="settings_created_ix"),
                ],
            },
        ),
        migrations.CreateModel(
            name="FormKey",
            fields=[
                ID,
                CREATED,
                UPDATED,
                ("form", models.CharField(max_length=32, verbose_name="form")),
                ("key", models.UUIDField(verbose_name="key")),
                ("sent", models.CharField(max_length=64, verbose_name="what was sent")),
                ("result", models.UUIDField(verbose_name="what it made")),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=models.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="member",
                    ),
                ),
            ],
            options={
                "verbose_name": "sent form",
                "verbose_name_plural": "sent forms",
                "db_table": "form_keys",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("user", "form", "key"),
                        name="form_keys_once_uniq",
                        nulls_distinct=False,
                    ),
                ],
                "indexes": [
                    models.Index(fields=["created_at"], name="form_keys_created_ix"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Brake",
            fields=[
                ID,
                CREATED,
                UPDATED,
                ("act", models.CharField(max_length=32, verbose_name="act")),
                ("since", models.DateTimeField(db_default=Now(), verbose_name="since")),
                ("count", models.IntegerField(db_default=1, default=1, verbose_name="times")),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=models.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="member",
                    ),
                ),
            ],
            options={
                "verbose_name": "brake",
                "verbose_name_plural": "brakes",
                "db_table": "brakes",
                "constraints": [
                    models.UniqueConstraint(fields=("user", "act"), name="brakes_user_act_uniq"),
                    models.CheckConstraint(condition=models.Q(count__gt=0), name="brakes_count_ck"),
                ],
                "indexes": [
                    models.Index(fields=["created_at"], name="brakes_created_ix"),
                ],
            },
        ),
        LoadSQL("audit_logs_guard"),
        LoadSQL("constraints", once=True),
    ]
