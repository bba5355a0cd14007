"""Members, their profiles and wallets, and who may be called like whom."""

from django.conf import settings
from django.db import migrations, models
from django.db.models.functions import Coalesce, Concat, Length, Lower, NullIf, Now, Trim, Upper
from django.db.models.lookups import LessThanOrEqual

from dao_portal.core.db.base import UUIDv7
from dao_portal.core.db.sql import LoadSQL

from ..models import picture_path
from ..names import validate_username
from ..preferences import validate_preferences
from ..skeletons import shapes

ID = (
    "id",
    models.UUIDField(db_default=UUIDv7(), editable=False, primary_key=True, serialize=False),
)
CREATED = (
    "created_at",
    models.DateTimeField(db_default=Now(), editable=False, verbose_name="created"),
)
UPDATED = (
    "updated_at",
    models.DateTimeField(auto_now=True, db_default=Now(), verbose_name="updated"),
)


def fill_look_alikes(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        with cursor.copy("COPY look_alikes (letter, shape) FROM STDIN") as copy:
            for row in shapes().items():
                copy.write_row(row)
        cursor.execute("ANALYZE look_alikes")


class Migration(migrations.Migration):
    initial = True
    # What this one stands for, with the first of them, which had its name (docs/operations.md).
    replaces = [
        ("accounts", "0002_profiles"),
        ("accounts", "0003_delete_rules"),
        ("accounts", "0004_pictures_and_directory"),
        ("accounts", "0005_admin_filters"),
        ("accounts", "0006_username_in_any_case"),
        ("accounts", "0007_keys_from_the_database"),
        ("accounts", "0008_bounded_html"),
        ("accounts", "0009_names"),
    ]
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.CreateModel(
            name="User",
            fields=[
                ID,
                CREATED,
                UPDATED,
                (
                    "last_login",
                    models.DateTimeField(blank=True, null=True, verbose_name="last login"),
                ),
                (
                    "password",
                    models.CharField(
                        db_column="password_hash", max_length=128, verbose_name="password"
                    ),
                ),
                (
                    "username",
                    models.CharField(
                        max_length=64,
                        unique=True,
                        validators=[validate_username],
                        verbose_name="username",
                    ),
                ),
                (
                    "email",
                    models.EmailField(
                        blank=True,
                        max_length=254,
                        null=True,
                        unique=True,
                        verbose_name="e-mail address",
                    ),
                ),
                (
                    "first_name",
                    models.CharField(
                        blank=True, db_default="", max_length=150, verbose_name="first name"
                    ),
                ),
                (
                    "last_name",
                    models.CharField(
                        blank=True, db_default="", max_length=150, verbose_name="last name"
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("user", "Member"),
                            ("moderator", "Moderator"),
                            ("admin", "Administrator"),
                        ],
                        db_default="user",
                        default="user",
                        max_length=16,
                        verbose_name="role",
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(db_default=True, default=True, verbose_name="active"),
                ),
                (
                    "email_verified",
                    models.BooleanField(
                        db_default=False, default=False, verbose_name="e-mail verified"
                    ),
                ),
                ("two_factor_secret", models.TextField(blank=True, db_default="", editable=False)),
                ("username_skeleton", models.TextField(db_default="", editable=False)),
                ("name_skeleton", models.TextField(db_default="", editable=False)),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "verbose_name": "member",
                "verbose_name_plural": "members",
                "db_table": "users",
                "constraints": [
                    models.UniqueConstraint(
                        Lower("username"),
                        name="users_username_ci_uniq",
                        violation_error_message="A member with this username already exists.",
                    ),
                    models.UniqueConstraint(
                        Lower("email"),
                        name="users_email_ci_uniq",
                        violation_error_message="A member with this e-mail address already exists.",
                    ),
                    models.UniqueConstraint(
                        fields=("username_skeleton",), name="users_username_skeleton_uniq"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(role__in=["user", "moderator", "admin"]),
                        name="users_role_ck",
                    ),
                    models.CheckConstraint(
                        condition=~models.Q(email=""), name="users_email_not_empty_ck"
                    ),
                ],
                "indexes": [
                    models.Index(fields=["role"], name="users_role_ix"),
                    models.Index(fields=["is_active", "-id"], name="users_active_ix"),
                    models.Index(fields=["email_verified", "-id"], name="users_verified_ix"),
                    models.Index(Upper("username"), name="users_username_upper_ix"),
                    models.Index(fields=["created_at"], name="users_created_ix"),
                    models.Index(
                        condition=models.Q(is_active=True),
                        fields=["-created_at", "-id"],
                        name="users_directory_newest_ix",
                    ),
                    models.Index(
                        Lower(
                            Coalesce(
                                NullIf(
                                    Trim(Concat("first_name", models.Value(" "), "last_name")),
                                    models.Value(""),
                                ),
                                "username",
                            )
                        ),
                        models.F("id"),
                        name="users_directory_name_ix",
                    ),
                    models.Index(Lower("last_name"), name="users_directory_last_name_ix"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Profile",
            fields=[
                ID,
                CREATED,
                UPDATED,
                ("bio", models.TextField(blank=True, db_default="", verbose_name="about")),
                ("bio_html", models.TextField(blank=True, db_default="", editable=False)),
                (
                    "avatar_url",
                    models.URLField(blank=True, db_default="", verbose_name="picture elsewhere"),
                ),
                ("website", models.URLField(blank=True, db_default="", verbose_name="website")),
                (
                    "twitter",
                    models.CharField(
                        blank=True, db_default="", max_length=64, verbose_name="X or Twitter"
                    ),
                ),
                (
                    "discord",
                    models.CharField(
                        blank=True, db_default="", max_length=64, verbose_name="Discord"
                    ),
                ),
                (
                    "telegram",
                    models.CharField(
                        blank=True, db_default="", max_length=64, verbose_name="Telegram"
                    ),
                ),
                (
                    "preferences",
                    models.JSONField(
                        blank=True,
                        db_default=models.Value({}, models.JSONField()),
                        default=dict,
                        validators=[validate_preferences],
                        verbose_name="preferences",
                    ),
                ),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=models.CASCADE,
                        related_name="profile",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="member",
                    ),
                ),
                (
                    "picture",
                    models.FileField(
                        blank=True,
                        db_default="",
                        editable=False,
                        upload_to=picture_path,
                        verbose_name="picture",
                    ),
                ),
            ],
            options={
                "verbose_name": "profile",
                "verbose_name_plural": "profiles",
                "db_table": "profiles",
                "constraints": [
                    models.CheckConstraint(
                        condition=LessThanOrEqual(Length("bio_html"), Length("bio") * 20 + 2000),
                        name="profiles_bio_html_ck",
                    ),
                ],
                "indexes": [
                    models.Index(fields=["created_at"], name="profiles_created_ix"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Wallet",
            fields=[
                ID,
                CREATED,
                UPDATED,
                ("address", models.CharField(max_length=128, unique=True, verbose_name="address")),
                (
                    "network",
                    models.CharField(db_default="ethereum", max_length=32, verbose_name="network"),
                ),
                (
                    "type",
                    models.CharField(
                        choices=[("evm", "Ethereum and alike")],
                        db_default="evm",
                        max_length=16,
                        verbose_name="type",
                    ),
                ),
                (
                    "is_primary",
                    models.BooleanField(db_default=False, default=False, verbose_name="primary"),
                ),
                (
                    "is_verified",
                    models.BooleanField(db_default=False, default=False, verbose_name="verified"),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=models.RESTRICT,
                        related_name="wallets",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="member",
                    ),
                ),
            ],
            options={
                "verbose_name": "wallet",
                "verbose_name_plural": "wallets",
                "db_table": "wallets",
                "constraints": [
                    models.UniqueConstraint(Lower("address"), name="wallets_address_ci_uniq"),
                    models.UniqueConstraint(
                        condition=models.Q(is_primary=True),
                        fields=("user",),
                        name="wallets_one_primary_uniq",
                    ),
                ],
                "indexes": [
                    models.Index(fields=["created_at"], name="wallets_created_ix"),
                    models.Index(fields=["is_verified", "-id"], name="wallets_verified_ix"),
                ],
            },
        ),
        LoadSQL("look_alikes", once=True),
        migrations.RunPython(fill_look_alikes),
        LoadSQL("skeletons"),
        LoadSQL("names_guard"),
        LoadSQL("constraints", once=True),
    ]
