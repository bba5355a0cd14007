"""Members and wallets for moderators: to look at. Every write has its service."""

from importlib import import_module
from typing import Any

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from dao_portal.core.admin import ReadOnlyAdmin

from .models import User, Wallet

# These could be edited past the services; roles and the portal's own pages take their place.
for app in ("django.contrib.auth", "allauth.account", "allauth.usersessions"):
    import_module(f"{app}.admin")  # registers its models now, so that it does not do so later
admin.site.unregister([Group, EmailAddress, UserSession])


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    """Everybody who ever joined, newest first. E-mail addresses are for administrators only."""

    list_display = ("username", "get_full_name", "role", "is_active", "created_at")
    list_filter = ("role", "is_active", "email_verified")
    search_fields = ("username",)  # shows the search box; get_search_results() rules
    ordering = ("-created_at",)
    sortable_by = ("created_at",)
    fields = (
        "username",
        "first_name",
        "last_name",
        "role",
        "is_active",
        "email_verified",
        "last_login",
        "created_at",
        "updated_at",
    )
    readonly_fields = ("created_at", "updated_at")

    def get_list_display(self, request: HttpRequest) -> Any:
        return [*self.list_display, *_email_column(request)]

    def get_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        return [*_email_column(request), *self.fields]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Members whose username, or e-mail address for administrators, begins with the term.

        Spelled so that the unique indexes on lower(...) answer it; a million members take
        milliseconds.
        """
        term = search_term.replace("\0", "").strip().lower()
        if not term:
            return queryset, False
        names = queryset.alias(lower_username=Lower("username"), lower_email=Lower("email"))
        begins = Q(lower_username__startswith=term)
        if _email_column(request):
            begins |= Q(lower_email__startswith=term)
        return names.filter(begins), False


def _email_column(request: HttpRequest) -> list[str]:
    return ["email"] if getattr(request.user, "is_superuser", False) else []


@admin.register(Wallet)
class WalletAdmin(ReadOnlyAdmin):
    """Addresses and whose they are, or are said to be."""

    list_display = ("address", "user", "network", "is_primary", "is_verified", "created_at")
    list_filter = ("is_verified", "network")
    list_select_related = ("user",)
    search_fields = ("address",)
    search_help_text = _("A whole address, or how it begins.")
    ordering = ("-created_at",)
    sortable_by = ("created_at",)
    fields = ("address", "user", "network", "type", "is_primary", "is_verified", "created_at")
    readonly_fields = ("created_at",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.replace("\0", "").strip().lower()
        if not term:
            return queryset, False
        addresses = queryset.alias(lower_address=Lower("address"))
        return addresses.filter(lower_address__startswith=term), False
