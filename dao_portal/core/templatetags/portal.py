"""Icons, numbers, times, forms and links in templates."""

from functools import lru_cache
from typing import Any
from uuid import uuid4

from django import template
from django.http import QueryDict
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

# --- icons ----------------------------------------------------------------------------------


@lru_cache(maxsize=512)
def _draw(name: str, size: int, css: str) -> str:
    attributes = {"class": css} if css else {}
    drawing = str(lucide(name, size=size, aria_hidden="true", **attributes))
    return "".join(line.strip() for line in drawing.splitlines())


@register.simple_tag
def icon(name: str, size: int = 24, **attributes: str) -> SafeString:
    """``{% icon "vote" size=20 class="ok" %}``: a Lucide icon, hidden from screen readers.

    Kept once drawn: unpacking and serialising an icon costs more than the rest of a table row.
    """
    return SafeString(_draw(str(name), int(size), str(attributes.get("class", ""))))


# --- forms ----------------------------------------------------------------------------------


@register.simple_tag
def form_key() -> str:
    """The hidden field by which a form that is sent twice is known (core/once.py).

    A new key each time it is drawn. ``autocomplete``: Firefox would keep the old one on reload.
    """
    return format_html(
        '<input type="hidden" name="{}" value="{}" autocomplete="off">', KEY_FIELD, uuid4()
    )


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
