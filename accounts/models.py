"""USERS, PROFILES and WALLETS."""

from __future__ import annotations

import secrets
from typing import Any, ClassVar

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.models import (
    AbstractBaseUser,
    BaseUserManager,
    PermissionsMixin,
)
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models
from django.db.models.functions import Coalesce, Concat, Lower, NullIf, Trim, Upper
from django.utils.translation import gettext_lazy as _

from dao_portal.core.db.base import BaseModel, bounded_html
from dao_portal.core.errors import DomainError

from .names import normal_username, validate_username
from .preferences import validate_preferences

ACTIVE = models.Q(is_active=True)
# Whoever chose a password and came no further: members do not see them, and nobody learns by the
# page of a new username whether the address that was sent with it was known. Those who were
# imported have no password, and are shown. ``User.is_unfinished`` is the same rule.
UNFINISHED = models.Q(email_verified=False, last_login__isnull=True) & ~models.Q(
    password__startswith=UNUSABLE_PASSWORD_PREFIX
)
MODERATING = models.Q(role__in=["moderator", "admin"])
# What get_full_name() says, in lower case: the list of members searches and sorts by its index.
LOWER_NAME = Lower(
    Coalesce(
        NullIf(Trim(Concat("first_name", models.Value(" "), "last_name")), models.Value("")),
        "username",
    )
)


class NameTaken(DomainError):
    """Somebody else is called so, or something that looks like it. ``field`` says which name."""

    message = _("This name looks like that of another member. Choose a different one.")

    def __init__(self, field: str = "username") -> None:
        super().__init__()
        self.field = field


# The database's rules about names (sql/names_guard.sql) -> which name it refused.
NAME_RULES = {
    "users_username_key": "username",
    "users_username_ci_uniq": "username",
    "users_username_skeleton_uniq": "username",
    "users_username_of_staff": "username",
    "users_name_of_another": "first_name",
}


class UserManager(BaseUserManager["User"]):
    """Makes members; an empty e-mail address is stored as NULL."""

    def create_user(
        self, username: str, email: str | None = None, password: str | None = None, **fields: Any
    ) -> User:
        """A member with a hashed password, or with none that can be used."""
        email = self.normalize_email(email) if email else None
        user = self.model(username=normal_username(username), email=email, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(
        self, username: str, email: str | None = None, password: str | None = None, **fields: Any
    ) -> User:
        """A member with the role of administrator. ValidationError for a name that is taken."""
        try:
            return self.create_user(username, email, password, role=User.Role.ADMIN, **fields)
        except NameTaken as refusal:  # createsuperuser shows the other kind
            raise ValidationError(str(refusal)) from refusal


class User(AbstractBaseUser, PermissionsMixin, BaseModel):
    """A member. ``email`` is NULL, never "", for imported, wallet-only and erased members."""

    class Role(models.TextChoices):
        USER = "user", _("Member")
        MODERATOR = "moderator", _("Moderator")
        ADMIN = "admin", _("Administrator")

    # The schema's name for it; the value is Django's algorithm$iterations$salt$hash.
    password = models.CharField(_("password"), max_length=128, db_column="password_hash")
    username = models.CharField(
        _("username"), max_length=64, unique=True, validators=[validate_username]
    )
    email = models.EmailField(_("e-mail address"), unique=True, null=True, blank=True)
    first_name = models.CharField(_("first name"), max_length=150, blank=True, db_default="")
    last_name = models.CharField(_("last name"), max_length=150, blank=True, db_default="")
    role = models.CharField(
        _("role"), max_length=16, choices=Role.choices, default=Role.USER, db_default=Role.USER
    )
    is_active = models.BooleanField(_("active"), default=True, db_default=True)
    email_verified = models.BooleanField(_("e-mail verified"), default=False, db_default=False)
    # Empty: agreed for a second factor, which is later work. Never in the clear.
    two_factor_secret = models.TextField(blank=True, editable=False, db_default="")
    # What the names look like (accounts/skeletons.py). The database writes both, whatever is sent.
    username_skeleton = models.TextField(editable=False, db_default="")
    name_skeleton = models.TextField(editable=False, db_default="")

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["email"]

    class Meta:
        db_table = "users"
        verbose_name = _("member")
        verbose_name_plural = _("members")
        constraints = (
            models.UniqueConstraint(
                Lower("username"),
                name="users_username_ci_uniq",
                violation_error_message=_("A member with this username already exists."),
            ),
            models.UniqueConstraint(
                Lower("email"),
                name="users_email_ci_uniq",
                violation_error_message=_("A member with this e-mail address already exists."),
            ),
            models.UniqueConstraint(
                fields=["username_skeleton"], name="users_username_skeleton_uniq"
            ),
            models.CheckConstraint(
                condition=models.Q(role__in=["user", "moderator", "admin"]), name="users_role_ck"
            ),
            models.CheckConstraint(condition=~models.Q(email=""), name="users_email_not_empty_ck"),
        )
        indexes = (
            # the admin's list of moderators and administrators, whose names are kept from others
            models.Index(fields=["role"], name="users_role_ix"),
            # the admin's filters, newest first: rare answers lie anywhere in a million
            models.Index(fields=["is_active", "-id"], name="users_active_ix"),
            models.Index(fields=["email_verified", "-id"], name="users_verified_ix"),
            # sign-in, sign-up and a member's page: this is how Django asks in any case of letters
            models.Index(Upper("username"), name="users_username_upper_ix"),
            # newest members first
            models.Index(fields=["created_at"], name="users_created_ix"),
            # the list of members, newest first
            models.Index(
                fields=["-created_at", "-id"], condition=ACTIVE, name="users_directory_newest_ix"
            ),
            # the list of members by name, and found by how the name begins
            models.Index(LOWER_NAME, "id", name="users_directory_name_ix"),
            # the list of members, found by how the last name begins
            models.Index(Lower("last_name"), name="users_directory_last_name_ix"),
        )

    def __str__(self) -> str:
        """Both names, because only the username is theirs alone: "Ada Okafor (@ada)"."""
        return f"{self.display_name} (@{self.username})" if self.display_name else self.at_name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Raises NameTaken when the database finds that a name is like somebody else's."""
        try:
            super().save(*args, **kwargs)
        except IntegrityError as refusal:
            diagnostics = getattr(refusal.__cause__, "diag", None)
            field = NAME_RULES.get(getattr(diagnostics, "constraint_name", None) or "")
            if field:
                raise NameTaken(field) from refusal
            raise

    @property
    def is_unfinished(self) -> bool:
        """Whether this is a sign-up whose address was never confirmed (UNFINISHED)."""
        came = self.email_verified or self.last_login is not None
        return not came and self.has_usable_password()

    @property
    def at_name(self) -> str:
        return f"@{self.username}"

    @property
    def display_name(self) -> str:
        """First and last name; "" of who gave none."""
        return f"{self.first_name} {self.last_name}".strip()

    def get_full_name(self) -> str:
        """First and last name, or the username of who gave none."""
        return self.display_name or self.username

    def get_short_name(self) -> str:
        return self.first_name or self.username

    # Roles rule; Django's two flags are read from them and stored nowhere.
    @property
    def is_staff(self) -> bool:
        return self.role in (self.Role.MODERATOR, self.Role.ADMIN)

    @property
    def is_superuser(self) -> bool:  # type: ignore[override]
        return self.role == self.Role.ADMIN


def picture_path(profile: models.Model, filename: str) -> str:
    """Where a picture is stored, under a name that nobody can guess and nobody else ever gets."""
    return f"pictures/{secrets.token_hex(16)}.webp"


class Profile(BaseModel):
    """What a member shows of themselves, and how they like the portal.

    ``picture`` is ours: an upload, drawn anew by accounts/pictures.py. ``avatar_url`` is where a
    picture once was, at another community: it is kept, and never loaded by a page or by the server.
    ``preferences`` is validated by accounts/preferences.py.
    """

    BODIES: ClassVar = ("bio", "bio_html")  # what a list leaves in the database, unless it shows it

    user = models.OneToOneField(
        User, on_delete=models.CASCADE, related_name="profile", verbose_name=_("member")
    )
    bio = models.TextField(_("about"), blank=True, db_default="")
    bio_html = models.TextField(editable=False, blank=True, db_default="")
    avatar_url = models.URLField(_("picture elsewhere"), blank=True, db_default="")
    picture = models.FileField(
        _("picture"), upload_to=picture_path, blank=True, db_default="", editable=False
    )
    website = models.URLField(_("website"), blank=True, db_default="")
    twitter = models.CharField(_("X or Twitter"), max_length=64, blank=True, db_default="")
    discord = models.CharField(_("Discord"), max_length=64, blank=True, db_default="")
    telegram = models.CharField(_("Telegram"), max_length=64, blank=True, db_default="")
    preferences = models.JSONField(
        _("preferences"),
        default=dict,
        blank=True,
        db_default=models.Value({}, models.JSONField()),
        validators=[validate_preferences],
    )

    class Meta:
        db_table = "profiles"
        verbose_name = _("profile")
        verbose_name_plural = _("profiles")
        constraints = (bounded_html("bio_html", "bio", "profiles_bio_html_ck"),)
        indexes = (models.Index(fields=["created_at"], name="profiles_created_ix"),)

    def __str__(self) -> str:
        return str(self.user_id)


class Wallet(BaseModel):
    """An address that a member owns, or says they own until it is verified."""

    class Type(models.TextChoices):
        EVM = "evm", _("Ethereum and alike")

    user = models.ForeignKey(
        User, on_delete=models.RESTRICT, related_name="wallets", verbose_name=_("member")
    )
    address = models.CharField(_("address"), max_length=128, unique=True)
    network = models.CharField(_("network"), max_length=32, db_default="ethereum")
    type = models.CharField(_("type"), max_length=16, choices=Type.choices, db_default=Type.EVM)
    is_primary = models.BooleanField(_("primary"), default=False, db_default=False)
    is_verified = models.BooleanField(_("verified"), default=False, db_default=False)

    class Meta:
        db_table = "wallets"
        verbose_name = _("wallet")
        verbose_name_plural = _("wallets")
        constraints = (
            # Addresses are compared without their checksum's capitals.
            models.UniqueConstraint(Lower("address"), name="wallets_address_ci_uniq"),
            models.UniqueConstraint(
                fields=["user"],
                condition=models.Q(is_primary=True),
                name="wallets_one_primary_uniq",
            ),
        )
        indexes = (
            models.Index(fields=["created_at"], name="wallets_created_ix"),
            # the admin's filter, newest first
            models.Index(fields=["is_verified", "-id"], name="wallets_verified_ix"),
        )

    def __str__(self) -> str:
        return self.address
