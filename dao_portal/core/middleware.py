"""What every request passes: who asks, what is refused, what no cache may keep, who collided."""

import re
from collections.abc import Callable
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.core.exceptions import BadRequest, RequestDataTooBig
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control

from .base import uuid7
from .context import RequestInfo, request_scope
from .http import client_ip

PERSONAL = ("/account/", "/accounts/", "/admin/")  # also while nobody is signed in
UNIQUE_VIOLATION = "23505"
MOST_BYTES = 32 * 1024 * 1024
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


class RequestInfoMiddleware:
    """Sets the contextvar for the length of a request and names the request in its answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-Id", "")
        info = RequestInfo(
            ip_address=client_ip(request),
            user_agent=request.headers.get("User-Agent", ""),
            request_id=given if REQUEST_ID.fullmatch(given) else uuid7().hex,
        )
        with request_scope(info):
            response = self.get_response(request)
        response["X-Request-Id"] = info.request_id
        return response


def refuse_large(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """Nobody fills the disk: a form says kindly that its file is too large, up to this size."""

    def middleware(request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdecimal() or int(length[:20]) > MOST_BYTES:
            raise RequestDataTooBig("the request is larger than the portal reads")
        return get_response(request)

    return middleware


def refuse_nul(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """PostgreSQL's text knows no NUL: an address that has one is a bad request, not an error."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
            raise BadRequest("NUL in the address")
        return get_response(request)

    return middleware


def keep_private(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """What is one reader's own stays out of every cache, the browser's too (``no-store``).

    That is any answer made for who is signed in, the pages about accounts, and every page with a
    form: its token and its key are for one reader. "Back" then fetches the page anew.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if _is_private(request) and "public" not in response.get("Cache-Control", ""):
            patch_cache_control(response, private=True, no_store=True)
        return response

    return middleware


def _is_private(request: HttpRequest) -> bool:
    """Asks nothing of the session that the answer did not: the polled ones load none."""
    session = request.session
    return (
        request.path_info.startswith(PERSONAL)
        or bool(request.META.get("CSRF_COOKIE_NEEDS_UPDATE"))  # a token was drawn
        or (session.accessed and SESSION_KEY in session)
    )


class CollisionMiddleware:
    """Two requests that wrote the same at once: the one that lost the race is answered anew.

    Forms look before the database judges, so in between another request can write the same name
    or address. The loser's transaction is undone; asked again, its form sees what stands there and
    says so in its own words. Whoever collides twice is told to look.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not is_collision(error) or request.resolver_match is None:
            return None
        for _name, files in request.FILES.lists():
            for file in files:
                file.seek(0)
        view, args, kwargs = request.resolver_match
        try:
            response: HttpResponse = view(request, *args, **kwargs)
        except IntegrityError as again:
            if not is_collision(again):
                raise
            return render(request, "409.html", status=409)
        return response


def is_collision(error: Exception) -> bool:
    """Did ``error`` come from a unique constraint?"""
    cause = error.__cause__
    return isinstance(error, IntegrityError) and (
        getattr(cause, "sqlstate", None) == UNIQUE_VIOLATION
    )
