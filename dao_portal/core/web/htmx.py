"""One template serves the page and its parts."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django_htmx.middleware import HtmxDetails


class HtmxRequest(HttpRequest):
    """A request as views get it, after django-htmx's middleware."""

    htmx: HtmxDetails


def render_page(
    request: HtmxRequest,
    template: str,
    context: dict[str, Any] | None = None,
    *,
    partials: tuple[str, ...] = (),
    status: int = 200,
) -> HttpResponse:
    """The whole page, or the one part of it that htmx asked for.

    A part's name, the id of its element and the ``hx-target`` are the same word. ``partials``
    lists the parts that this address may serve alone; any other target gets the whole page.
    """
    if request.htmx and request.htmx.target in partials:
        template = f"{template}#{request.htmx.target}"
    response = render(request, template, context, status=status)
    patch_vary_headers(response, ("HX-Request", "HX-Target"))
    return response
