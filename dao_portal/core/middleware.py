"""Puts the request's address, browser and id where ``record()`` finds them."""

import re
from collections.abc import Callable
from typing import Any

from django.core.exceptions import BadRequest, RequestDataTooBig
from django.http import HttpRequest, HttpResponse

from .base import uuid7
from .context import RequestInfo, request_scope
from .http import client_ip

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
