"""An open session is not enough to take an account: what protects it asks for the password."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account import app_settings
from allauth.account.authentication import get_authentication_records
from allauth.core.exceptions import ReauthenticationRequired
from django.http import HttpRequest, HttpResponse

View = Callable[..., HttpResponse]


def asks_again(view: View) -> View:
    """Let a POST through only soon after a sign-in or after the password was typed again.

    allauth's middleware keeps what was posted, asks, and then carries on with it. Reading the page
    needs the session alone.
    """

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "POST" and request.user.is_authenticated and not _is_fresh(request):
            raise ReauthenticationRequired
        return view(request, *args, **kwargs)

    return wrapper


def _is_fresh(request: HttpRequest) -> bool:
    """Did whoever asks prove it within ACCOUNT_REAUTHENTICATION_TIMEOUT?

    allauth's own question does not count a sign-in of a moment ago, and never asks a member who has
    no password.
    """
    records = get_authentication_records(request, request.user)
    return any(
        0 <= time.time() - record["at"] < app_settings.REAUTHENTICATION_TIMEOUT
        for record in records
    )
