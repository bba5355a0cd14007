"""Times in the viewer's own zone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cached_property

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from .preferences import zone_of


class ViewerZone(tzinfo):
    """The zone of whoever asks, looked up when the first time of day is written.

    What has no times must not load a member for them: the polled answers know no session.
    """

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    @cached_property
    def zone(self) -> tzinfo:
        """The member's zone; UTC for whoever is signed out or has no profile."""
        profile = getattr(self.request.user, "profile", None)
        return zone_of(profile.preferences) if profile else UTC

    def utcoffset(self, moment: datetime | None) -> timedelta | None:
        return self.zone.utcoffset(moment)

    def dst(self, moment: datetime | None) -> timedelta | None:
        return self.zone.dst(moment)

    def tzname(self, moment: datetime | None) -> str | None:
        return self.zone.tzname(moment)

    def fromutc(self, moment: datetime) -> datetime:
        return moment.replace(tzinfo=UTC).astimezone(self.zone)

    def __str__(self) -> str:
        return str(self.zone)


def viewer_zone(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Makes the viewer's zone the current one for the length of a request."""

    def middleware(request: HttpRequest) -> HttpResponse:
        with timezone.override(ViewerZone(request)):
            return get_response(request)

    return middleware
