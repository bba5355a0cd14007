"""Tokens and holdings for moderators: to look at. Every movement has its service."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from dao_portal.core.admin import ReadOnlyAdmin
from dao_portal.core.templatetags.portal import amount

from .models import Token, UserToken


@admin.register(Token)
class TokenAdmin(ReadOnlyAdmin):
    """The tokens that the portal knows."""

    list_display = ("symbol", "name", "network", "supply", "circulating", "is_active")
    list_filter = ("is_active",)
    search_fields = ("symbol", "name", "=contract_address")
    ordering = ("symbol",)
    fields = (
        "symbol",
        "name",
        "description",
        "contract_address",
        "network",
        "decimals",
        "supply",
        "circulating",
        "is_active",
        "created_at",
    )
    readonly_fields = ("supply", "circulating", "created_at")

    @admin.display(description=_("total supply"))
    def supply(self, token: Token) -> str:
        return amount(token.total_supply)

    @admin.display(description=_("circulating supply"))
    def circulating(self, token: Token) -> str:
        return amount(token.circulating_supply)


@admin.register(UserToken)
class UserTokenAdmin(ReadOnlyAdmin):
    """Who holds how much, the newest holdings first."""

    list_display = ("user", "token", "held", "staked", "power", "last_updated")
    list_filter = ("token",)
    list_select_related = ("user", "token")
    search_fields = ("user__username",)  # shows the search box; get_search_results() rules
    search_help_text = _("A member's whole username.")
    ordering = ("-created_at",)
    sortable_by = ()
    fields = ("user", "token", "held", "staked", "power", "last_updated", "created_at")
    readonly_fields = ("held", "staked", "power", "last_updated", "created_at")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Holdings of the member whom the term names, however capitalised."""
        name = search_term.replace("\0", "").strip().lower()
        if not name:
            return queryset, False
        members = User.objects.alias(lower_username=Lower("username")).filter(lower_username=name)
        return queryset.filter(user__in=members), False

    @admin.display(description=_("held"))
    def held(self, holding: UserToken) -> str:
        return amount(holding.balance)

    @admin.display(description=_("staked"))
    def staked(self, holding: UserToken) -> str:
        return amount(holding.staked_balance)

    @admin.display(description=_("voting power"))
    def power(self, holding: UserToken) -> str:
        return amount(holding.voting_power)
