"""The pages of no app: theme, health, and mail on a machine without a mail server."""

from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from .context_processors import THEME_COOKIE, THEMES
from .devmail import get_mail, newest_mails, readable_here
from .http import see_other

A_YEAR = 365 * 24 * 3600


@require_POST
def theme_set(request: HttpRequest) -> HttpResponse:
    """Keep the chosen theme in a cookie ("auto" forgets it) and go back to where the form was."""
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure()):
        back = "/"
    response = see_other(back)
    keep_theme(response, request.POST.get("theme", ""))
    return response


def keep_theme(response: HttpResponse, theme: str) -> None:
    """Let the browser remember ``theme``; anything but light and dark follows the device."""
    if theme in THEMES:
        response.set_cookie(
            THEME_COOKIE,
            theme,
            max_age=A_YEAR,
            secure=settings.PORTAL_URL.secure,
            httponly=True,
            samesite="Lax",
        )
    else:
        response.delete_cookie(THEME_COOKIE, samesite="Lax")


@require_safe
@never_cache
def health(request: HttpRequest) -> HttpResponse:
    """Is this process answering? Asks neither PostgreSQL nor Valkey."""
    return HttpResponse("ok", content_type="text/plain")


@require_safe
@never_cache
def dev_mail_list(request: HttpRequest) -> HttpResponse:
    """What the portal has mailed, newest first."""
    if not readable_here():
        raise Http404
    return render(request, "core/dev_mail_list.html", {"mails": newest_mails()})


@require_safe
@never_cache
def dev_mail(request: HttpRequest, mail_id: UUID) -> HttpResponse:
    """One message as its reader would get it, its links ready to follow."""
    mail = get_mail(mail_id) if readable_here() else None
    if mail is None:
        raise Http404
    return render(request, "core/dev_mail.html", {"mail": mail})
