"""Django's WSGI handler for whatever a stranger may send: every answer is one of ours."""

import codecs
import logging
from collections.abc import Callable
from typing import Any

from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.utils.http import parse_header_parameters

from .bare import bare_headers, bare_page

logger = logging.getLogger(__name__)

Environ = dict[str, Any]
DAMAGED = "dao_portal.damaged"  # in request.META: the middleware refuse_damaged answers


class PortalRequest(WSGIRequest):
    """A request that can always be made, so that a middleware can refuse it.

    Django reads Content-Type while it makes the request, before any error page could answer; and a
    body that ends before its Content-Length would be taken for a shorter form.
    """

    def __init__(self, environ: Environ) -> None:
        if not speaks_utf8(environ.get("CONTENT_TYPE", "")):
            environ[DAMAGED] = True
            environ["CONTENT_TYPE"] = ""
        environ["wsgi.input"] = WholeBody(environ["wsgi.input"], environ.get("CONTENT_LENGTH", ""))
        super().__init__(environ)


class WholeBody:
    """A request's body: all of its Content-Length, or an error."""

    def __init__(self, stream: Any, length: str) -> None:
        self._stream = stream
        self._left = int(length) if length.isdecimal() else 0

    def read(self, size: int = -1) -> bytes:
        data: bytes = self._stream.read(size)
        return self._counted(data, ended=size < 0 or len(data) < size)

    def readline(self, size: int = -1) -> bytes:
        data: bytes = self._stream.readline(size)
        return self._counted(data, ended=not data and size != 0)

    def _counted(self, data: bytes, *, ended: bool) -> bytes:
        self._left -= len(data)
        if ended and self._left > 0:
            raise ConnectionError("the request ended before its Content-Length")
        return data


class PortalHandler(WSGIHandler):
    """The WSGI application."""

    request_class = PortalRequest

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Any:
        try:
            return super().__call__(environ, start_response)
        except Exception:
            # Outside of Django's own net there is nobody left but the web server.
            logger.exception("no answer to %s", environ.get("REQUEST_METHOD"))
            headers = {**bare_headers(), "Content-Type": "text/html; charset=utf-8"}
            start_response("500 Internal Server Error", list(headers.items()))
            return [bare_page(500).encode()]


def speaks_utf8(content_type: str) -> bool:
    """Is this Content-Type readable, and its charset, if it names one, UTF-8?"""
    try:
        _type, parameters = parse_header_parameters(content_type)
        return codecs.lookup(parameters.get("charset", "utf-8")).name == "utf-8"
    except (LookupError, ValueError):
        return False


def behind_front(application: Callable[..., Any]) -> Callable[..., Any]:
    """``application`` as the front's other half (dao_portal/front.py), on a socket of their own.

    The front says who asks, and how. Taken at its word, it leaves no trace: X-Forwarded-For holds
    what came in, and TRUSTED_PROXY_COUNT counts the proxies before it.
    """

    def fronted(environ: Environ, start_response: Callable[..., Any]) -> Any:
        forwarded = environ.pop("HTTP_X_FORWARDED_FOR", "")
        before, _comma, client = forwarded.rpartition(",")
        if before:
            environ["HTTP_X_FORWARDED_FOR"] = before
        environ["REMOTE_ADDR"] = client.strip()
        secure = environ.get("HTTP_X_FORWARDED_PROTO") == "https"
        environ["wsgi.url_scheme"] = "https" if secure else "http"
        return application(environ, start_response)

    return fronted
