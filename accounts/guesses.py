"""Wrong passwords: how many are let through, and how their owner still gets in.

There is one count for each account, whatever name was typed for it and on whatever page. A name
that nobody has is counted in the same way, so that a refusal tells nothing.

A browser that has signed in as this member before has a count of its own: strangers cannot lock it
out, and it can lock out nobody. It is known by a cookie that holds no name, only a mark that the
portal alone can make, and that a new password makes worthless.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare, salted_hmac

from dao_portal.core.web import throttle
from dao_portal.core.web.http import client_ip
from dao_portal.core.web.throttle import Rate

from .models import User
from .selectors import addresses, members

KNOWN_BROWSER = (Rate(10, 5 * 60), Rate(40, 60 * 60))
ONE_NETWORK_ONE_ACCOUNT = Rate(5, 5 * 60)
ONE_ACCOUNT = Rate(30, 60 * 60)
ONE_NETWORK = (Rate(10, 60), Rate(100, 60 * 60))

COOKIE = "known"
COOKIE_SECONDS = 365 * 24 * 3600
MAX_MEMBERS = 5  # that one browser is known to
COOKIE_FORM = re.compile(r"[0-9a-f]{32}(?::[0-9a-f]{32}){1,5}")


def take(request: HttpRequest, *, names: set[str]) -> list[str] | None:
    """Count one try on the account that is called one of ``names``; None when it is one too many.

    ``throttle.give_back`` takes the answer when the password was right.
    """
    called = members_called(names)
    if called and all(is_known(request, member) for member in called):
        device = request.COOKIES[cookie_name()].partition(":")[0]
        return throttle.take(
            [(f"guess:{device}:{each.pk}", limit) for limit in KNOWN_BROWSER for each in called]
        )
    network = throttle.network_of(client_ip(request))
    accounts = [str(member.pk) for member in called] or [_digest(sorted(names))]
    return throttle.take(
        [
            *((f"guess:{network}:{account}", ONE_NETWORK_ONE_ACCOUNT) for account in accounts),
            *((f"guess:{network}", limit) for limit in ONE_NETWORK),
            *((f"guess:{account}", ONE_ACCOUNT) for account in accounts),
        ]
    )


def members_called(names: set[str]) -> list[User]:
    """Whoever signs in as one of ``names``: by username, or by an address that is theirs."""
    found = []
    for name in sorted(names):
        found += addresses.signs_in_at(name)
        found += [member] if (member := members.member_called(name)) else []
    return list(dict.fromkeys(found))


def _digest(names: list[str]) -> str:
    return hashlib.sha256("\n".join(names).lower().encode()).hexdigest()


# --- browsers that are known --------------------------------------------------------------------


def cookie_name() -> str:
    return f"__Host-{COOKIE}" if settings.PORTAL_URL.secure else COOKIE


def is_known(request: HttpRequest, member: User) -> bool:
    """Has this browser signed in as ``member``, with the password that holds now?"""
    device, marks = _read_cookie(request)
    mark = _mark(device, member)
    return any(constant_time_compare(mark, other) for other in marks)


def remember_browser(response: HttpResponse, request: HttpRequest, member: User) -> None:
    """Let the browser that gets ``response`` be known as one of ``member``'s."""
    device, marks = _read_cookie(request)
    mark = _mark(device, member)
    marks = [mark, *(other for other in marks if other != mark)][:MAX_MEMBERS]
    response.set_cookie(
        cookie_name(),
        ":".join([device, *marks]),
        max_age=COOKIE_SECONDS,
        secure=settings.PORTAL_URL.secure,
        httponly=True,
        samesite="Lax",
    )


def _read_cookie(request: HttpRequest) -> tuple[str, list[str]]:
    """The browser's own random name, a new one where it has none, and the marks it carries."""
    value = request.COOKIES.get(cookie_name(), "")
    if not COOKIE_FORM.fullmatch(value):
        return secrets.token_hex(16), []
    device, *marks = value.split(":")
    return device, marks


def _mark(device: str, member: User) -> str:
    secret: Any = salted_hmac(
        "accounts.guesses", f"{device}:{member.get_session_auth_hash()}", algorithm="sha256"
    )
    return str(secret.hexdigest())[:32]
