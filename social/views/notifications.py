"""The inbox and the bell."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse

from dao_portal.core.htmx import render_page


@login_required
def notification_list(request: HttpRequest) -> HttpResponse:
    return render_page(request, "social/notification_list.html")


@login_required
def notification_read(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=204)


@login_required
def notification_open(request: HttpRequest, notification_id: UUID) -> HttpResponse:
    return HttpResponse(status=204)


@login_required
def notification_bell(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=204)
