"""The pages of no app: theme, health, and mail on a machine without a mail server."""

import logging
import sys
from uuid import UUID

from django.conf import settings
from django.db import Error, connection
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBadRequest,
    HttpResponseServerError,
    UnreadablePostError,
)
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from .devmail import get_mail, newest_mails, readable_here
from .web.away import database_is_away
from .web.bare import bare_page
from .web.context import FIXED_THEMES, THEME_COOKIE
from .web.http import see_other

logger = logging.getLogger(__name__)

RETRY_SECONDS = 5
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
    if theme in FIXED_THEMES:
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
    """Is the portal answering? 503 while PostgreSQL is away; Valkey may be, pages go on then."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error as error:
        if not database_is_away(error):
            raise
        answer = HttpResponse("the database is away", status=503, content_type="text/plain")
        answer["Retry-After"] = str(RETRY_SECONDS)
        return answer
    return HttpResponse("ok", content_type="text/plain")


def server_error(request: HttpRequest) -> HttpResponse:
    """The answer to an error that nobody caught: "in a moment" where only the database is away.

    Django calls it while the exception is being handled, wherever in a request that was.
    """
    error = sys.exc_info()[1]
    if isinstance(error, UnreadablePostError):  # the sender hung up
        return HttpResponseBadRequest(bare_page(400))
    if not database_is_away(error):
        return HttpResponseServerError(bare_page(500))
    logger.warning("the database is away: %s", type(error).__name__)
    answer = HttpResponse(bare_page(503), status=503)
    answer["Retry-After"] = str(RETRY_SECONDS)
    add_never_cache_headers(answer)
    # Django's mark: one line says it, not a traceback for each request.
    answer._has_been_logged = True  # type: ignore[attr-defined]  # noqa: SLF001
    return answer


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
