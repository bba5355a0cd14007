"""Icons, numbers, times, people and links in templates."""

import zlib
from functools import lru_cache
from typing import Any
from uuid import uuid4

from django import template
from django.http import QueryDict
from django.template.base import Node, Parser, TextNode, Token
from django.template.context import RequestContext
from django.utils.html import format_html
from django.utils.safestring import SafeString
from lucide.templatetags.lucide import lucide

from .. import formats
from ..once import KEY_FIELD

register = template.Library()
for write in (
    formats.amount,
    formats.browser,
    formats.num,
    formats.percent,
    formats.power,
    formats.since,
    formats.until,
):
    register.filter(write)
register.simple_tag(formats.when)

HUES = 8  # as many as portal.css has avatar colours


# --- icons ----------------------------------------------------------------------------------


@lru_cache(maxsize=512)
def _draw(name: str, size: int, css: str) -> str:
    attributes = {"class": css} if css else {}
    drawing = str(lucide(name, size=size, aria_hidden="true", **attributes))
    return "".join(line.strip() for line in drawing.splitlines())


def icon(name: str, size: int = 24, **attributes: str) -> SafeString:
    """``{% icon "vote" size=20 class="ok" %}``: a Lucide icon, hidden from screen readers.

    Kept once drawn: unpacking and serialising an icon costs more than the rest of a table row.
    """
    return SafeString(_draw(str(name), int(size), str(attributes.get("class", ""))))


register.simple_tag(icon)
compile_icon = register.tags["icon"]


@register.tag(name="icon")
def compile_fixed_icon(parser: Parser, token: Token) -> Node:
    """An icon that is the same each time becomes a part of its template's text."""
    node = compile_icon(parser, token)
    asked = [*node.args, *node.kwargs.values()]
    is_fixed = not any(word.filters or getattr(word.var, "lookups", None) for word in asked)
    return TextNode(node.render(template.Context())) if is_fixed else node


# --- forms ----------------------------------------------------------------------------------


@register.simple_tag
def form_key() -> str:
    """The hidden field by which a form that is sent twice is known (core/once.py).

    A new key each time it is drawn. ``autocomplete``: Firefox would keep the old one on reload.
    """
    return format_html(
        '<input type="hidden" name="{}" value="{}" autocomplete="off">', KEY_FIELD, uuid4()
    )


# --- people ---------------------------------------------------------------------------------


@register.filter
def initials(person: object) -> str:
    """Two letters for an avatar: "Ada Okafor" is AO, "mira" is MI."""
    words = str(person).replace(".", " ").replace("-", " ").replace("_", " ").split()
    letters = words[0][0] + words[1][0] if len(words) > 1 else "".join(words)[:2]
    return letters.upper()


@register.filter
def short_name(person: object) -> str:
    """Their name; of a wallet's address the two ends that people compare: 0xb4c0…6f13."""
    name = str(person)
    return f"{name[:6]}…{name[-4:]}" if formats.WALLET_ADDRESS.fullmatch(name) else name


@register.filter
def hue(person: object) -> int:
    """Which of the avatar colours is theirs, everywhere and always: a username does not change."""
    return zlib.crc32(str(getattr(person, "username", person)).encode()) % HUES


# --- links ----------------------------------------------------------------------------------


@register.simple_tag(takes_context=True)
def query(context: RequestContext, **changes: Any) -> str:
    """The page's own query string with ``changes``: ``<a href="{% query page=2 %}">``.

    An empty value takes its parameter away, so a filter that resets the page says ``page=""``.
    """
    parameters: QueryDict = context["request"].GET.copy()
    for name, value in changes.items():
        if value in ("", None):
            parameters.pop(name, None)
        else:
            parameters[name] = str(value)
    return f"?{parameters.urlencode()}"
