"""The treasury in the browser: everybody may look."""

from decimal import Decimal

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from dao_portal.core.options import get_option
from dao_portal.core.web.htmx import HtmxRequest, render_page

from .charts import flow_chart, lorenz_path, sparkline
from .models import Token, Transaction
from .selectors import holdings, token_detail, transaction_list, treasury_overview

LATEST = 8
PER_PAGE = 20
KINDS = (
    ("", _("All")),
    (Transaction.Type.DEPOSIT, _("Deposits")),
    (Transaction.Type.TRANSFER, _("Payouts")),
    (Transaction.Type.WITHDRAWAL, _("Withdrawals")),
)


@require_safe
def show_treasury_overview(request: HtmxRequest) -> HttpResponse:
    """What the community owns, and what came and went: ?token= picks the chart, ?type= the list."""
    tokens = treasury_overview.treasury_tokens()
    wanted = request.GET.get("token", "")
    chosen = next((entry for entry in tokens if entry.token.symbol == wanted), None)
    chosen = chosen or next(iter(tokens), None)
    kind = request.GET.get("type", "")
    context = {
        "tokens": [(entry, sparkline(entry)) for entry in tokens],
        "chosen": chosen,
        "chart": flow_chart(chosen) if chosen else None,
        "kinds": KINDS,
        "kind": kind,
        "latest": transaction_list.find_movements(kind=kind)[:LATEST],
    }
    return render_page(request, "treasury/treasury_overview.html", context)


@require_safe
def show_transaction_list(request: HtmxRequest) -> HttpResponse:
    """Every movement of the treasury: ?q=, ?token=, ?type=, ?status=, ?sort=amount, ?page=."""
    given = request.GET
    movements = transaction_list.find_movements(
        words=given.get("q", "").strip(),
        currency=given.get("token", ""),
        kind=given.get("type", ""),
        status=given.get("status", ""),
        sort=given.get("sort", ""),
    )
    context = {
        "page": Paginator(movements, PER_PAGE).get_page(given.get("page")),
        "symbols": Token.objects.filter(is_active=True).order_by("symbol"),
        "kinds": KINDS[1:],
        "statuses": Transaction.Status.choices,
    }
    return render_page(
        request, "treasury/transaction_list.html", context, partials=("transactions",)
    )


@require_safe
def show_token_list(request: HtmxRequest) -> HttpResponse:
    """There are few tokens: the overview shows them all."""
    return redirect("treasury:treasury_overview")


@require_safe
def show_token_detail(request: HtmxRequest, symbol: str) -> HttpResponse:
    """One token: where its supply is, and how evenly its power is spread."""
    token = get_object_or_404(Token, symbol__iexact=symbol)
    treasury = next(
        (
            each.amount
            for each in treasury_overview.treasury_balances()
            if each.symbol == token.symbol
        ),
        Decimal(0),
    )
    spread = token_detail.concentration(token)
    context = {
        "token": token,
        "is_governance_token": token.symbol == get_option("governance.token"),
        "parts": token_detail.supply_parts(token, treasury),
        "spread": spread,
        "lorenz": lorenz_path(spread.lorenz) if spread else "",
        "holders": token_detail.largest_holders(token),
        "holding": holdings.current_holding(request.user),
    }
    return render_page(request, "treasury/token_detail.html", context)
