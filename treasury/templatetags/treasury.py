"""What treasury shows inside the pages of others."""

from typing import Any

from django import template
from django.template.context import RequestContext

from dao_portal.core.options import get_option
from treasury.selectors import current_power

register = template.Library()


@register.inclusion_tag("treasury/power_badge.html", takes_context=True)
def voting_power_badge(context: RequestContext) -> dict[str, Any]:
    """The signed-in member's voting power as of now, for the top bar."""
    return {
        "my_power": current_power(context["request"].user),
        "symbol": get_option("governance.token"),
    }
