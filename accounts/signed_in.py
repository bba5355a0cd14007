"""Who is signed in: for views that are for members only, wholly or in part."""

from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeGuard

from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse

from dao_portal.core.web.htmx import HtmxRequest
from dao_portal.core.web.http import see_other

from .models import User

Arguments = ParamSpec("Arguments")


class MemberRequest(HtmxRequest):
    """A request of somebody who is signed in."""

    user: User


def member_required(
    view: Callable[Concatenate[MemberRequest, Arguments], HttpResponse],
) -> Callable[Concatenate[HttpRequest, Arguments], HttpResponse]:
    """A view for members only: everybody else is asked to sign in, and comes back to it."""
    return login_required(view)  # type: ignore[return-value]  # which lets nobody else in


def is_signed_in(request: HttpRequest) -> TypeGuard[MemberRequest]:
    return request.user.is_authenticated


def sign_in_first(request: HtmxRequest, back: str) -> HttpResponse:
    """To the page to sign in, and then ``back``. htmx leaves this page, or it would be a part."""
    address = redirect_to_login(back).url
    if request.htmx:
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return see_other(address)
