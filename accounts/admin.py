"""Members, profiles and wallets for moderators: to look at. Every write has its service."""

from __future__ import annotations

from importlib import import_module
from typing import Any, ClassVar

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.text import Truncator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dao_portal.core.admin.base import ReadOnlyAdmin
from dao_portal.core.admin.links import (
    link_to,
    list_address,
    member_named,
    registered_admins,
    yes_or_no,
)
from dao_portal.core.admin.period import PeriodFilter

from .models import Profile, User, Wallet

# These could be edited past the services; roles and the portal's own pages take their place.
for app in ("django.contrib.auth", "allauth.account", "allauth.usersessions"):
    import_module(f"{app}.admin")  # registers its models now, so that it does not do so later
admin.site.unregister([Group, EmailAddress, UserSession])


class OfMemberAdmin(ReadOnlyAdmin):
    """Rows that belong to one member, found by a whole username."""

    member_field = "user"
    list_select_related: ClassVar[Any] = ("user",)
    search_help_text = _("A member's whole username.")

    def find(self, request: HttpRequest, rows: QuerySet[Any], words: str) -> QuerySet[Any]:
        member = member_named(words)
        return rows.filter(**{f"{self.member_field}_id": member}) if member else rows.none()

    def on_portal(self, row: Any) -> str | None:
        return super().on_portal(row) or _member_page(getattr(row, self.member_field))

    @admin.display(description=_("member"))
    def member(self, row: Any) -> str:
        return link_to(getattr(row, self.member_field)) or self.nothing


def _member_page(member: User | None) -> str | None:
    return reverse("accounts:member_detail", args=[member.username]) if member else None


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    """Everybody who ever joined, newest first. E-mail addresses are for administrators only."""

    list_display = ("username", "full_name", "role", "standing", "created_at")
    list_filter = ("role", "is_active", "email_verified", PeriodFilter)
    search_help_text = _("How a username begins; for administrators, an e-mail address too.")
    fieldsets = (
        (None, {"fields": ("username", "first_name", "last_name", "role", "standing")}),
        (_("Profile"), {"fields": ("about", "website", "wallets")}),
        (_("Account"), {"fields": ("email_is_verified", "last_login", "created_at", "updated_at")}),
    )
    readonly_fields = (
        "standing",
        "about",
        "website",
        "wallets",
        "email_is_verified",
        "created_at",
        "updated_at",
    )

    def get_list_display(self, request: HttpRequest) -> Any:
        return [*self.list_display, *_email_column(request)]

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        who, profile, (title, account) = self.fieldsets
        fields = (*_email_column(request), *account["fields"])
        return who, profile, (title, {"fields": fields})

    def find(self, request: HttpRequest, rows: QuerySet[User], words: str) -> QuerySet[User]:
        """Members whose username, or e-mail address for administrators, begins with ``words``.

        Spelled so that the unique indexes on lower(...) answer it.
        """
        words = words.lower()
        begins = Q(lower_username__startswith=words)
        if _email_column(request):
            begins |= Q(lower_email__startswith=words)
        rows = rows.alias(lower_username=Lower("username"), lower_email=Lower("email"))
        return rows.filter(begins)

    def on_portal(self, row: User) -> str | None:
        return _member_page(row)

    def see_also(self, row: User) -> list[tuple[Any, str]]:
        """What they own and did: every list that is searched by a member."""
        lists = [
            (each.opts.verbose_name_plural, each.opts.app_label, each.opts.model_name)
            for each in registered_admins()
            if isinstance(each, OfMemberAdmin) and each.model not in (Profile, Wallet)
        ]
        lists.append((_("audit entries"), "core", "auditlog"))
        return [
            *super().see_also(row),
            *((label, list_address(app, str(model), row.username)) for label, app, model in lists),
        ]

    @admin.display(description=_("name"))
    def full_name(self, user: User) -> str:
        return f"{user.first_name} {user.last_name}".strip() or self.nothing

    @admin.display(description=_("sign-in"))
    def standing(self, user: User) -> str:
        return gettext("may sign in") if user.is_active else gettext("may not sign in")

    @admin.display(description=_("e-mail verified"))
    def email_is_verified(self, user: User) -> str:
        return yes_or_no(user.email_verified)

    @admin.display(description=_("about"))
    def about(self, user: User) -> str:
        profile = _profile_of(user)
        return (profile and profile.bio) or self.nothing

    @admin.display(description=_("website"))
    def website(self, user: User) -> str:
        profile = _profile_of(user)
        return (profile and profile.website) or self.nothing

    @admin.display(description=_("wallets"))
    def wallets(self, user: User) -> str:
        wallets = user.wallets.order_by("-is_primary", "id")[:20]
        shown = ((link_to(wallet), _known(wallet)) for wallet in wallets)
        return format_html_join(", ", "{} ({})", shown) or self.nothing


def _profile_of(user: User) -> Profile | None:
    return getattr(user, "profile", None)


def _known(wallet: Wallet) -> str:
    return gettext("verified") if wallet.is_verified else gettext("not verified")


def _email_column(request: HttpRequest) -> list[str]:
    return ["email"] if getattr(request.user, "is_superuser", False) else []


@admin.register(Profile)
class ProfileAdmin(OfMemberAdmin):
    """What members say about themselves."""

    list_display = ("member", "said", "website", "created_at")
    list_display_links = ("said",)
    not_listed = ("bio_html",)
    fields = (
        "member",
        "bio",
        "website",
        "twitter",
        "discord",
        "telegram",
        "avatar_url",
        "created_at",
        "updated_at",
    )
    readonly_fields = ("member", "created_at", "updated_at")

    def heading(self, row: Profile) -> str:
        return gettext("Profile of %(member)s") % {"member": row.user}

    @admin.display(description=_("about"))
    def said(self, profile: Profile) -> str:
        return Truncator(profile.bio).chars(80) or gettext("nothing yet")


@admin.register(Wallet)
class WalletAdmin(OfMemberAdmin):
    """Addresses and whose they are, or are said to be."""

    list_display = ("address", "member", "network", "standing", "created_at")
    list_filter = ("is_verified", PeriodFilter)
    search_help_text = _("How an address begins, or a member's whole username.")
    fields = ("address", "member", "network", "type", "standing", "created_at")
    readonly_fields = ("member", "standing", "created_at")

    def find(self, request: HttpRequest, rows: QuerySet[Wallet], words: str) -> QuerySet[Wallet]:
        rows = rows.alias(lower_address=Lower("address"))
        wanted = Q(lower_address__startswith=words.lower())
        if member := member_named(words):
            wanted |= Q(user_id=member)
        return rows.filter(wanted)

    @admin.display(description=_("standing"))
    def standing(self, wallet: Wallet) -> str:
        primary = gettext("primary, %(known)s") if wallet.is_primary else "%(known)s"
        return primary % {"known": _known(wallet)}
