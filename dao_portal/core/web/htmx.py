"""One template serves the page and its parts."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers


def render_page(
    request: HttpRequest,
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
    target = request.headers.get("HX-Target", "")
    if request.headers.get("HX-Request") == "true" and target in partials:
        template = f"{template}#{target}"
    response = render(request, template, context, status=status)
    patch_vary_headers(response, ("HX-Request", "HX-Target"))
    return response
