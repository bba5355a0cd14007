"""Tokens, holdings and movements for moderators: to look at. Every movement has its service."""

from __future__ import annotations

from typing import Any, TypeVar

from django.contrib import admin
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.admin import OfMemberAdmin
from dao_portal.core.admin.base import ReadOnlyAdmin
from dao_portal.core.admin.links import link_to, member_named, number_in
from dao_portal.core.admin.period import PeriodFilter
from dao_portal.core.formats import amount

from .models import Token, Transaction, TransactionHash, UserToken, WaitingHolding

MAX_HASHES = 100  # of one transaction on a chain
MAX_TOKENS = 20  # that a filter can offer and a moderator can read


Row = TypeVar("Row", bound=Model)


class TokenFilter(admin.SimpleListFilter):
    """Rows of one token; the first few tokens by symbol."""

    title = _("token")
    parameter_name = "token"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        symbols = Token.objects.order_by("symbol").values_list("symbol", flat=True)[:MAX_TOKENS]
        return [(symbol, symbol) for symbol in symbols]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Row]) -> QuerySet[Row]:
        if not self.value():
            return queryset
        token = Token.objects.filter(symbol=self.value()).first()
        return queryset.filter(token=token) if token else queryset.none()


@admin.register(Token)
class TokenAdmin(ReadOnlyAdmin):
    """The tokens that the portal knows."""

    list_display = ("symbol", "name", "network", "supply", "circulating", "state")
    search_help_text = _("How a symbol begins, or a whole contract address.")
    fields = (
        "symbol",
        "name",
        "description",
        "contract_address",
        "network",
        "decimals",
        "supply",
        "circulating",
        "state",
        "created_at",
    )
    readonly_fields = ("supply", "circulating", "state", "created_at")

    def find(self, request: HttpRequest, rows: QuerySet[Token], words: str) -> QuerySet[Token]:
        if words.startswith("0x"):
            return rows.filter(contract_address__in={words, words.lower()})
        as_written, in_capitals = Q(symbol__startswith=words), Q(symbol__startswith=words.upper())
        return rows.filter(as_written | in_capitals)

    def on_portal(self, row: Token) -> str | None:
        return reverse("treasury:token_detail", args=[row.symbol])

    @admin.display(description=_("state"))
    def state(self, token: Token) -> str:
        return gettext("in use") if token.is_active else gettext("out of use")

    @admin.display(description=_("total supply"))
    def supply(self, token: Token) -> str:
        return amount(token.total_supply)

    @admin.display(description=_("circulating supply"))
    def circulating(self, token: Token) -> str:
        return amount(token.circulating_supply)


@admin.register(UserToken)
class UserTokenAdmin(OfMemberAdmin):
    """Who holds how much, the newest holdings first."""

    list_display = ("held", "token", "member", "staked", "power", "last_updated")
    list_filter = (TokenFilter, PeriodFilter)
    list_select_related = ("user", "token")
    fields = ("member", "token", "held", "staked", "power", "last_updated", "created_at")
    readonly_fields = ("member", "held", "staked", "power", "last_updated", "created_at")

    def heading(self, row: UserToken) -> str:
        return f"{row.user}: {amount(row.balance)} {row.token}"

    @admin.display(description=_("held"))
    def held(self, holding: UserToken) -> str:
        return amount(holding.balance)

    @admin.display(description=_("staked"))
    def staked(self, holding: UserToken) -> str:
        return amount(holding.staked_balance)

    @admin.display(description=_("voting power"))
    def power(self, holding: UserToken) -> str:
        return amount(holding.voting_power)


@admin.register(WaitingHolding)
class WaitingHoldingAdmin(ReadOnlyAdmin):
    """Holdings of people who are not here yet. A holder may be an e-mail address, and those are
    for administrators only.
    """

    list_display = ("holder", "token", "held", "staked", "created_at")
    list_filter = (TokenFilter, PeriodFilter)
    list_select_related = ("token",)
    search_help_text = _("A whole address or e-mail address.")
    fields = ("holder", "token", "held", "staked", "created_at")
    readonly_fields = ("held", "staked", "created_at")

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(getattr(request.user, "is_superuser", False))

    def find(
        self, request: HttpRequest, rows: QuerySet[WaitingHolding], words: str
    ) -> QuerySet[WaitingHolding]:
        return rows.filter(holder=words.lower())

    def heading(self, row: WaitingHolding) -> str:
        return f"{amount(row.balance)} {row.token}: {row.holder}"

    @admin.display(description=_("held"))
    def held(self, holding: WaitingHolding) -> str:
        return amount(holding.balance)

    @admin.display(description=_("staked"))
    def staked(self, holding: WaitingHolding) -> str:
        return amount(holding.staked_balance)


@admin.register(Transaction)
class TransactionAdmin(OfMemberAdmin):
    """What moved, or was asked to move."""

    list_display = ("created_at", "moved", "status", "description", "member")
    list_filter = ("type", "status", PeriodFilter)
    search_help_text = _("A member's username, a hash, or the number of a proposal.")
    fieldsets = (
        (None, {"fields": ("moved", "status", "member", "description", "created_at")}),
        (_("Treasury"), {"fields": ("change", "metadata")}),
        (_("On the chain"), {"fields": ("hashes",)}),
    )
    readonly_fields = ("moved", "member", "created_at", "change", "hashes")

    def find(
        self, request: HttpRequest, rows: QuerySet[Transaction], words: str
    ) -> QuerySet[Transaction]:
        if number := number_in(words):
            return rows.filter(metadata__contains={"proposal": number})
        if member := member_named(words):
            return rows.filter(user_id=member)
        known = TransactionHash.objects.filter(hash=words)
        return rows.filter(pk__in=list(known.values_list("transaction_id", flat=True)[:MAX_HASHES]))

    def heading(self, row: Transaction) -> str:
        return self.moved(row)

    def on_portal(self, row: Transaction) -> str | None:
        return reverse("treasury:transaction_list") if row.treasury_change else None

    @admin.display(description=_("movement"))
    def moved(self, transaction: Transaction) -> str:
        kind = transaction.get_type_display()
        return f"{kind}: {amount(transaction.amount)} {transaction.currency}"

    @admin.display(description=_("change of the treasury"))
    def change(self, transaction: Transaction) -> str:
        return f"{amount(transaction.treasury_change)} {transaction.currency}"

    @admin.display(description=_("hashes"))
    def hashes(self, transaction: Transaction) -> str:
        known = transaction.hashes.order_by("ordinal")[:20]
        shown = ((link_to(each, each.hash), each.network) for each in known)
        return format_html_join(", ", "{} ({})", shown) or self.nothing


@admin.register(TransactionHash)
class TransactionHashAdmin(ReadOnlyAdmin):
    """Which movement a hash on a chain belongs to."""

    list_display = ("hash", "network", "movement", "created_at")
    list_select_related = ("transaction",)
    search_help_text = _("A whole hash.")
    fields = ("hash", "network", "ordinal", "movement", "created_at")
    readonly_fields = ("movement", "created_at")

    def find(
        self, request: HttpRequest, rows: QuerySet[TransactionHash], words: str
    ) -> QuerySet[TransactionHash]:
        return rows.filter(hash=words)

    def heading(self, row: TransactionHash) -> str:
        return row.hash

    @admin.display(description=_("transaction"))
    def movement(self, row: TransactionHash) -> str | None:
        moved = row.transaction
        words = f"{moved.get_type_display()}: {amount(moved.amount)} {moved.currency}"
        return link_to(moved, words)
