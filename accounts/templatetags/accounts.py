"""How members are shown, on the pages of every app."""

from html import unescape

from django import template
from django.utils.html import format_html, strip_tags
from django.utils.safestring import SafeString

from accounts.models import User
from accounts.pictures import SIDE
from dao_portal.core.templatetags.portal import hue, initials

register = template.Library()

THEME_ICONS = {"light": "sun", "dark": "moon", "auto": "monitor"}


@register.filter
def theme_icon(theme: str) -> str:
    """The icon of a theme."""
    return THEME_ICONS[theme]


@register.filter
def plain(html: str) -> str:
    """What our own HTML of a member's text says, as one line of plain text."""
    return " ".join(unescape(strip_tags(html)).split())


@register.simple_tag
def avatar(member: User, size: str = "") -> SafeString:
    """``{% avatar vote.voter "s" %}``: their picture, or their initials. The name stands beside it.

    The member comes with the profile (``select_related("voter__profile")``), or each one costs a
    query.
    """
    profile = getattr(member, "profile", None)
    if profile and profile.picture:
        return format_html(
            '<img class="av {}" src="{}" alt="" width="{}" height="{}" loading="lazy">',
            size,
            profile.picture.url,
            SIDE,
            SIDE,
        )
    return format_html(
        '<span class="av av{} {}" aria-hidden="true">{}</span>',
        hue(member),
        size,
        initials(member),
    )
