"""What treasury shows inside the pages of others."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

from django import template
from django.template.context import RequestContext
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from dao_portal.core.formats import amount, num
from dao_portal.core.options import get_option

from ..models import Transaction
from ..selectors import holdings, token_detail, treasury_overview

register = template.Library()


@register.inclusion_tag("treasury/power_badge.html", takes_context=True)
def voting_power_badge(context: RequestContext) -> dict[str, Any]:
    """The signed-in member's voting power as of now, for the top bar.

    A page that has asked for the member's holding already says so as ``my_holding``.
    """
    known = "my_holding" in context
    holding = context["my_holding"] if known else holdings.current_holding(context["request"].user)
    return {
        "my_power": holding.voting_power if holding else Decimal(0),
        "symbol": get_option("governance.token"),
    }


@register.inclusion_tag("treasury/parts/member_power.html")
def power_of(member: User) -> dict[str, Any]:
    """What a member holds of the governance token, and its share of all power."""
    holding = holdings.current_holding(member)
    total = holdings.total_power(holding.token_id) if holding else Decimal(0)
    share = Fraction(holding.voting_power) / Fraction(total) * 100 if holding and total else 0
    return {"holding": holding, "share": share}


@register.inclusion_tag("treasury/parts/balances_card.html")
def treasury_card() -> dict[str, Any]:
    """The treasury beside a member's first page."""
    return {"balances": treasury_overview.treasury_balances()}


@register.inclusion_tag("treasury/parts/balances_band.html")
def treasury_band() -> dict[str, Any]:
    """The treasury across a visitor's first page."""
    return {"balances": treasury_overview.treasury_balances()}


SUPPLY_PARTS = {
    "held": _("Held by members"),
    "staked": _("Staked by members"),
    "treasury": _("Treasury"),
    "outside": _("Outside the portal"),
}


@register.simple_tag
def supply_part(key: str) -> str | Promise:
    """What a part of a token's supply is called."""
    return SUPPLY_PARTS[key]


@register.filter
def signed(value: Decimal) -> str:
    """+18,240 or a true minus and 3,120: never colour alone."""
    return f"+{amount(value)}" if value >= 0 else amount(value)


@register.filter
def axis(value: Decimal) -> str:
    """A round amount beside a chart: 50k, 1.5M, 0.4."""
    for size, letter in ((Decimal(10) ** 6, "M"), (Decimal(10) ** 3, "k")):
        if value >= size:
            return amount(value / size) + letter
    return amount(value)


@register.filter
def short_number(value: Fraction) -> str:
    """Two decimals, cut: 0.60."""
    hundredths = int(value * 100)
    return f"{hundredths // 100}.{hundredths % 100:02d}"


@register.simple_tag
def share_of(part: Decimal, whole: Decimal) -> str:
    """Hundredths of ``whole`` for an SVG attribute."""
    return num(Fraction(part) / Fraction(whole) * 100 if whole else Fraction(0))


@register.simple_tag
def band_start(band: token_detail.Band) -> str:
    """Where a band begins in the stacked bar."""
    return num(band.together - band.share)


@register.simple_tag
def other_side(movement: Transaction) -> str:
    """Who paid or was paid: a name from outside, or the member."""
    party = movement.metadata.get("party")
    if party:
        return str(party)
    return str(movement.user) if movement.user else str(_("Unknown"))


@register.simple_tag
def movement_kind(movement: Transaction) -> str:
    """Its type in the treasury's words: a transfer out of it is a payout."""
    if movement.type == Transaction.Type.TRANSFER and movement.treasury_change < 0:
        return str(_("Payout"))
    return movement.get_type_display()


@register.simple_tag
def movement_class(movement: Transaction) -> str:
    """The colour of its icon."""
    if movement.is_void:
        return "k-fail"
    return "k-in" if movement.treasury_change > 0 else "k-out"


@register.simple_tag
def decided_in(movement: Transaction) -> str:
    """A link to the proposal that decided it, if one did."""
    number = movement.metadata.get("proposal")
    if not isinstance(number, int):
        return ""
    return format_html(
        ' <a href="{}">#{}</a>', reverse("governance:proposal_detail", args=[number]), number
    )
