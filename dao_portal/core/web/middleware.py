"""What every request passes: who asks, what is refused, what no cache may keep, who collided."""

import contextlib
import re
from collections.abc import Callable
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.utils.cache import patch_cache_control

from ..db.base import uuid7
from .bare import bare_page
from .handler import DAMAGED, speaks_utf8
from .http import client_ip
from .request import RequestInfo, request_scope

PERSONAL = ("/account/", "/accounts/", "/admin/")  # also while nobody is signed in
UNIQUE_VIOLATION = "23505"
MAX_BYTES = 3 * 1024 * 1024  # a picture and its form; the front and deploy/ have the same limit
PORTION = 64 * 1024
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


def refuse_damaged(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """What no browser sends is a bad request, whatever it would break later.

    A Content-Type that is not UTF-8: only forms name a charset, and every page of ours is UTF-8.
    A NUL in the address: PostgreSQL's text knows none.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if not speaks_utf8(request.META.get("CONTENT_TYPE", "")) or DAMAGED in request.META:
            return HttpResponseBadRequest(bare_page(400))
        if "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
            return HttpResponseBadRequest(bare_page(400))
        return get_response(request)

    return middleware


def read_to_the_end(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """Let whoever is still sending finish: a server that hangs up earlier takes its answer along.

    A form that is refused unread (no session, no token, no such page) would end in a reset
    connection instead of the page that says why. Nobody fills the disk or the line: what is larger
    than the portal reads is refused at once.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdecimal():
            return HttpResponseBadRequest(bare_page(400))
        if int(length[:20]) > MAX_BYTES:
            return HttpResponse(bare_page(413), status=413)
        response = get_response(request)
        with contextlib.suppress(OSError):  # gone meanwhile
            while request.read(PORTION):
                pass
        return response

    return middleware


def keep_private(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """What is one viewer's own stays out of every cache, the browser's too (``no-store``).

    That is any answer made for who is signed in, the pages about accounts, and every page with a
    form: its token and its key are for one viewer. "Back" then fetches the page anew.
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
