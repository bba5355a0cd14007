"""What governance draws inside its own pages and those of others."""

from django import template
from django.utils.safestring import SafeString

from dao_portal.core.templatetags.portal import icon

register = template.Library()

ICONS = {"yes": "check", "no": "x", "abstain": "minus"}


@register.simple_tag
def choice_icon(choice: str, size: int = 16) -> SafeString:
    """The sign of a choice; its word always stands beside it."""
    return icon(ICONS[choice], size=size)
