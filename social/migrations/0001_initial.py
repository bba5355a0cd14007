"""Notifications, comments and reactions."""

from django.conf import settings
from django.db import migrations, models
from django.db.models.functions import Length, Now
from django.db.models.lookups import LessThanOrEqual

from dao_portal.core.actions import action_choices
from dao_portal.core.db.base import UUIDv7
from dao_portal.core.db.hashes import CreatePartitionedModel
from dao_portal.core.db.sql import LoadSQL
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
        ("social", "0002_comments"),
        ("social", "0003_comment_rules"),
        ("social", "0004_delete_rules"),
        ("social", "0005_admin_filters"),
        ("social", "0006_keys_from_the_database"),
        ("social", "0007_bounded_html"),
    ]
    dependencies = [
        ("governance", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        CreatePartitionedModel(
            name="Notification",
            partition_by="id",
            fields=[
                ID,
                CREATED_BY_KEY,
                (
                    "type",
                    models.CharField(choices=action_choices, max_length=50, verbose_name="kind"),
                ),
                ("title", models.CharField(max_length=200, verbose_name="title")),
                ("message", models.TextField(blank=True, db_default="", verbose_name="message")),
                (
                    "data",
                    models.JSONField(
                        db_default=models.Value({}, models.JSONField()),
                        default=dict,
                        verbose_name="data",
                    ),
                ),
                (
                    "is_read",
                    models.BooleanField(db_default=False, default=False, verbose_name="read"),
                ),
                UPDATED,
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=models.CASCADE,
                        related_name="notifications",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="member",
                    ),
                ),
            ],
            options={
                "verbose_name": "notification",
                "verbose_name_plural": "notifications",
                "db_table": "notifications",
                "ordering": ("-id",),
                "indexes": [
                    models.Index(fields=["user", "-id"], name="notifications_inbox_ix"),
                    models.Index(fields=["user", "is_read"], name="notifications_unread_ix"),
                    models.Index(fields=["is_read", "-id"], name="notifications_read_ix"),
                    models.Index(fields=["created_at"], name="notifications_created_ix"),
                ],
            },
        ),
        CreatePartitionedModel(
            name="Comment",
            partition_by="proposal",
            fields=[
                ID,
                CREATED,
                UPDATED,
                ("root_id", models.UUIDField(editable=False)),
                ("path", models.TextField(db_collation="C", editable=False)),
                ("depth", models.PositiveSmallIntegerField(db_default=0, editable=False)),
                ("content", models.TextField(verbose_name="comment")),
                ("content_html", models.TextField(blank=True, db_default="", editable=False)),
                ("likes", models.IntegerField(db_default=0, default=0, verbose_name="likes")),
                ("dislikes", models.IntegerField(db_default=0, default=0, verbose_name="dislikes")),
                (
                    "is_deleted",
                    models.BooleanField(db_default=False, default=False, verbose_name="removed"),
                ),
                ("edited_at", models.DateTimeField(blank=True, null=True, verbose_name="edited")),
                (
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=models.RESTRICT,
                        related_name="replies",
                        to="social.comment",
                    ),
                ),
                (
                    "proposal",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=models.RESTRICT,
                        related_name="comments",
                        to="governance.proposal",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=models.RESTRICT,
                        related_name="comments",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="member",
                    ),
                ),
            ],
            options={
                "verbose_name": "comment",
                "verbose_name_plural": "comments",
                "db_table": "comments",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(dislikes__gte=0, likes__gte=0),
                        name="comments_counters_ck",
                    ),
                    models.CheckConstraint(
                        condition=LessThanOrEqual(
                            Length("content_html"), Length("content") * 20 + 2000
                        ),
                        name="comments_content_html_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(is_deleted=True) | ~models.Q(content=""),
                        name="comments_content_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(depth=0, parent__isnull=True)
                        | models.Q(depth__gt=0, parent__isnull=False),
                        name="comments_depth_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(parent__isnull=False) | models.Q(root_id=models.F("id")),
                        name="comments_root_ck",
                    ),
                ],
                "indexes": [
                    models.Index(fields=["proposal", "root_id", "path"], name="comments_thread_ix"),
                    models.Index(
                        condition=models.Q(parent__isnull=True),
                        fields=["proposal", "-id"],
                        name="comments_newest_ix",
                    ),
                    models.Index(
                        condition=models.Q(parent__isnull=True),
                        fields=["proposal", "-likes", "-id"],
                        name="comments_top_ix",
                    ),
                    models.Index(
                        fields=["proposal", "created_at"], name="comments_proposal_created_ix"
                    ),
                    models.Index(fields=["parent", "created_at"], name="comments_parent_ix"),
                    models.Index(fields=["user", "-created_at"], name="comments_user_ix"),
                    models.Index(fields=["created_at"], name="comments_created_ix"),
                    models.Index(
                        condition=models.Q(is_deleted=True),
                        fields=["-id"],
                        name="comments_removed_ix",
                    ),
                ],
            },
        ),
        CreatePartitionedModel(
            name="CommentReaction",
            partition_by="proposal",
            fields=[
                ID,
                CREATED,
                UPDATED,
                (
                    "kind",
                    models.SmallIntegerField(
                        choices=[(1, "like"), (-1, "dislike")], verbose_name="kind"
                    ),
                ),
                (
                    "comment",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=models.CASCADE,
                        related_name="reactions",
                        to="social.comment",
                    ),
                ),
                (
                    "proposal",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=models.RESTRICT,
                        related_name="+",
                        to="governance.proposal",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=models.CASCADE,
                        related_name="reactions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "reaction",
                "verbose_name_plural": "reactions",
                "db_table": "comment_reactions",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("proposal", "comment", "user"), name="comment_reactions_once_uniq"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(kind__in=[1, -1]), name="comment_reactions_kind_ck"
                    ),
                ],
                "indexes": [
                    models.Index(fields=["created_at"], name="comment_reactions_created_ix"),
                ],
            },
        ),
        LoadSQL("notification_id"),
        LoadSQL("reactions_count"),
        LoadSQL("constraints", once=True),
    ]
