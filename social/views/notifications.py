"""The inbox and the bell."""

from uuid import UUID

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.signed_in import MemberRequest, is_signed_in, member_required
from dao_portal.core.web.htmx import render_page
from dao_portal.core.web.http import see_other

from ..selectors import notification_list
from ..services import notifications

UNREAD = "unread"


@require_safe
@never_cache
@member_required
def show_notification_list(request: MemberRequest) -> HttpResponse:
    """What the member was told, newest first; ``?show=unread`` leaves out what they have read."""
    inbox = notification_list.notification_list(
        request.user,
        unread_only=request.GET.get("show") == UNREAD,
        page=request.GET.get("page"),
    )
    context = {"inbox": inbox, "unread": inbox.unread}
    return render_page(request, "social/notification_list.html", context, partials=("feed",))


@require_POST
@member_required
def notification_read(request: MemberRequest) -> HttpResponse:
    """Mark one (``id``) or all notifications read, and go back to the same list and page."""
    try:
        ids = [UUID(given) for given in request.POST.getlist("id")] or None
    except ValueError as error:
        raise BadRequest("id is not the id of a notification") from error
    notifications.mark_read(actor=request.user, ids=ids)
    return see_other(reverse("social:notification_list", query=request.GET))


@require_safe
@never_cache
@member_required
def notification_open(request: MemberRequest, notification_id: UUID) -> HttpResponse:
    """Go to what a notification is about; that reads it.

    A link that changes something is right here: it changes nothing but the viewer's own mark, it
    does so once, and a page that was fetched ahead of time loses no more than that mark.
    """
    notification = get_object_or_404(
        notification_list.notifications_of(request.user), pk=notification_id
    )
    notifications.mark_read(actor=request.user, ids=[notification.pk])
    return see_other(notification.data.get("url") or reverse("social:notification_list"))


@require_safe
@never_cache
def show_notification_bell(request: HttpRequest) -> HttpResponse:
    """The bell for a page that polls: 204 while it shows the right number.

    Also 204 for who has signed out meanwhile: the form to sign in has no place in a bell.
    """
    unread = notification_list.unread_count(request.user)
    if not is_signed_in(request) or request.GET.get("n") == str(unread):
        return HttpResponse(status=204)
    return render(request, "social/bell_poll.html", {"unread": unread})
