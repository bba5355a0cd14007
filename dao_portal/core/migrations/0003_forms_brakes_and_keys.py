"""What keeps a form from working twice or too often; and every key comes from the database."""

import dao_portal.core.db.base
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0002_covered_indexes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="auditlog",
            name="id",
            field=models.UUIDField(
                db_default=dao_portal.core.db.base.UUIDv7(),
                editable=False,
                primary_key=True,
                serialize=False,
            ),
        ),
        migrations.AlterField(
            model_name="eventdelivery",
            name="id",
            field=models.UUIDField(
                db_default=dao_portal.core.db.base.UUIDv7(),
                editable=False,
                primary_key=True,
                serialize=False,
            ),
        ),
        migrations.AlterField(
            model_name="setting",
            name="id",
            field=models.UUIDField(
                db_default=dao_portal.core.db.base.UUIDv7(),
                editable=False,
                primary_key=True,
                serialize=False,
            ),
        ),
        migrations.CreateModel(
            name="Brake",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=dao_portal.core.db.base.UUIDv7(),
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                        verbose_name="created",
                    ),
                ),
                (
                    "updated_at",
                    models.DateTimeField(
                        auto_now=True,
                        db_default=django.db.models.functions.datetime.Now(),
                        verbose_name="updated",
                    ),
                ),
                ("act", models.CharField(max_length=32, verbose_name="act")),
                (
                    "since",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="since"
                    ),
                ),
                ("count", models.IntegerField(db_default=1, default=1, verbose_name="times")),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
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
                "indexes": [models.Index(fields=["created_at"], name="brakes_created_ix")],
                "constraints": [
                    models.UniqueConstraint(fields=("user", "act"), name="brakes_user_act_uniq"),
                    models.CheckConstraint(
                        condition=models.Q(("count__gt", 0)), name="brakes_count_ck"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="FormKey",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=dao_portal.core.db.base.UUIDv7(),
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                        verbose_name="created",
                    ),
                ),
                (
                    "updated_at",
                    models.DateTimeField(
                        auto_now=True,
                        db_default=django.db.models.functions.datetime.Now(),
                        verbose_name="updated",
                    ),
                ),
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
                        on_delete=django.db.models.deletion.CASCADE,
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
                "indexes": [models.Index(fields=["created_at"], name="form_keys_created_ix")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("user", "form", "key"),
                        name="form_keys_once_uniq",
                        nulls_distinct=False,
                    )
                ],
            },
        ),
    ]
