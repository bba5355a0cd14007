"""Who the client is, by one rule, the redirect after a form, and files that are long in sending."""

import threading
from collections.abc import Generator, Iterable, Iterator
from ipaddress import ip_address, ip_network
from itertools import chain, islice

from django.conf import settings
from django.http import HttpRequest, HttpResponseRedirect


def client_ip(request: HttpRequest) -> str:
    """The client's address, as seen by the outermost proxy that we trust; "" when unknown.

    With TRUSTED_PROXY_COUNT = n the n-th address from the right of X-Forwarded-For counts: what
    a client writes into the header itself stands further left and changes nothing. With 0 the
    header is ignored. allauth's rate limits are told the same number, so both agree.
    """
    address = request.META.get("REMOTE_ADDR", "")
    trusted: int = settings.TRUSTED_PROXY_COUNT
    if trusted:
        forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
        address = forwarded[-trusted] if len(forwarded) >= trusted else ""
    try:
        found = ip_address(address)
    except ValueError:  # a unix socket, or rubbish
        return ""
    # An IPv4 client of a server that listens on IPv6 is ::ffff:203.0.113.7.
    return str(getattr(found, "ipv4_mapped", None) or found)


def coarse_ip(address: str) -> str:
    """``address`` cut to its /24 or /48: enough to see a pattern, too little to find a person."""
    if not address:
        return ""
    prefix = 24 if ip_address(address).version == 4 else 48
    return str(ip_network(f"{address}/{prefix}", strict=False).network_address)


class SeeOther(HttpResponseRedirect):
    """303: fetch the next page with GET, whatever the method of this request was."""

    status_code = 303


def see_other(address: str) -> SeeOther:
    """The answer to a form that was accepted: ``address`` is a path of this portal."""
    return SeeOther(address)


# Of the four threads of a web process (dao_portal/web.py): the others are there for pages.
MAX_LONG_FILES = 2
SHORT_LINES = 2_000  # so many fit into what the front takes at once, and hold no thread
_long_files = threading.BoundedSemaphore(MAX_LONG_FILES)


class TooManyLongFiles(Exception):
    """Every turn is taken by somebody who still reads."""


def in_turn(lines: Iterator[str]) -> Iterable[str]:
    """``lines`` for a StreamingHttpResponse; long files MAX_LONG_FILES at a time in each process.

    A file that is made while it is sent keeps a thread for as long as its reader likes: a handful
    who read slowly would keep all of them. Raises TooManyLongFiles at once, before the answer has
    begun. The turn ends with the last line or with ``close``, whichever comes first.
    """
    first = list(islice(lines, SHORT_LINES))
    if len(first) < SHORT_LINES:
        return first
    file = _take_turn(chain(first, lines))
    next(file)
    return file


def _take_turn(lines: Iterable[str]) -> Generator[str]:
    if not _long_files.acquire(blocking=False):
        raise TooManyLongFiles
    try:
        yield ""  # the turn is taken; what follows is the file
        yield from lines
    finally:
        _long_files.release()
