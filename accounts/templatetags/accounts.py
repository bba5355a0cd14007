"""How members are shown, on the pages of every app."""

import zlib
from functools import lru_cache
from html import unescape

from django import template
from django.urls import reverse
from django.utils.html import format_html, strip_tags
from django.utils.safestring import SafeString

from dao_portal.core.formats import WALLET_ADDRESS
from dao_portal.core.templatetags.portal import icon

from ..models import User
from ..pictures import SIDE

register = template.Library()

ROLE_ICONS: dict[str, str] = {User.Role.MODERATOR: "shield-check", User.Role.ADMIN: "settings-2"}
THEME_ICONS = {"light": "sun", "dark": "moon", "auto": "monitor"}
HUES = 8  # as many as portal.css has avatar colours


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
        initials(member.get_full_name()),
    )


def initials(name: str) -> str:
    """Two letters for an avatar: "Ada Okafor" is AO, "mira" is MI."""
    words = name.replace(".", " ").replace("-", " ").replace("_", " ").split()
    letters = words[0][0] + words[1][0] if len(words) > 1 else "".join(words)[:2]
    return letters.upper()


def hue(member: User) -> int:
    """Which of the avatar colours is theirs, everywhere and always: a username does not change."""
    return zlib.crc32(member.username.encode()) % HUES


@register.simple_tag
def member_name(member: User, tag: str = "", *, link: bool = True) -> SafeString:
    """``{% member_name vote.voter %}``: how a member is named wherever they speak, vote or stand.

    The name they chose, the username beside it, which nobody else can have, and the badge of their
    role; ``tag`` is a word more, such as "You". A wallet's address is cut to its two ends.
    """
    at_name = f"@{short_name(member.username)}"
    shown = format_html(
        '<a class="quiet-a" href="{}" title="{}">{}</a>' if link else '<b title="{1}">{2}</b>',
        member_address(member.username),
        member,
        format_html("<bdi>{}</bdi>", member.display_name or at_name),
    )
    return format_html(
        '<span class="nm">{}{}{}{}</span>',
        shown,
        format_html(' <bdi class="un">{}</bdi>', at_name) if member.display_name else "",
        role_badge(member),
        format_html(' <span class="tag">{}</span>', tag) if tag else "",
    )


def short_name(username: str) -> str:
    """A username; of a wallet's address the two ends that people compare: 0xb4c0…6f13."""
    return f"{username[:6]}…{username[-4:]}" if WALLET_ADDRESS.fullmatch(username) else username


@register.simple_tag
def role_badge(member: User) -> SafeString:
    """The badge of a moderator or administrator; nothing for others. Only the portal draws it."""
    if member.role not in ROLE_ICONS:
        return SafeString("")
    return format_html(
        ' <span class="role">{}{}</span>',
        icon(ROLE_ICONS[member.role], size=13),
        member.get_role_display(),
    )


@lru_cache(maxsize=1024)
def member_address(username: str) -> str:
    """The address of a member's page."""
    return reverse("accounts:member_detail", args=[username])
