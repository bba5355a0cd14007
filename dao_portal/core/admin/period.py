"""A filter by day, month or year, which a key that carries its time answers from its index."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import dateformat, timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ..db.months import EPOCH, first_key_at, time_of_key

PERIOD = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?", re.ASCII)
YEARS = range(EPOCH.year, 9999)  # what a key can carry


class PeriodFilter(admin.SimpleListFilter):
    """Rows of one year, month or day in the viewer's time zone, by the time in their keys.

    Django's date hierarchy reads the whole table to learn which days have rows. This one offers
    every day since the first row, and asks for a range of the key that orders the list.
    """

    title = _("time")
    parameter_name = "when"
    template = "admin/parts/period_filter.html"
    key = "id"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        self.rows = model_admin.get_queryset(request)
        return [("", "")]  # there is always something to offer: choices() says what

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if not value:
            return queryset
        start, end = read_period(value)
        keys = {f"{self.key}__gte": first_key_at(start), f"{self.key}__lt": first_key_at(end)}
        return queryset.filter(**keys)

    def choices(self, changelist: Any) -> Iterator[Any]:
        current = self.value() or ""
        for value, label in self._offered(current):
            yield {
                "selected": value == current,
                "query_string": changelist.get_query_string(
                    {self.parameter_name: value or None}, []
                ),
                "display": label,
            }

    def _offered(self, current: str) -> Iterator[tuple[str, str]]:
        """The way back up and one step down: the years, the months of one, the days of one."""
        now = timezone.localtime()
        yield "", gettext("Any time")
        if not current:
            yield f"{now:%Y-%m-%d}", gettext("Today")
            years = range(now.year, self._first_year(now) - 1, -1)
            yield from ((f"{year:04d}", str(year)) for year in years)
            return
        start, _end = read_period(current)
        yield f"{start:%Y}", f"{start:%Y}"
        if len(current) == len("2026"):
            for number in range(1, 13):
                month = start.replace(month=number)
                if month < now:
                    yield f"{month:%Y-%m}", dateformat.format(month, "F")
            return
        yield f"{start:%Y-%m}", dateformat.format(start, "F")
        day = start.replace(day=1)
        while day.month == start.month and day < now:
            yield f"{day:%Y-%m-%d}", str(day.day)
            day += timedelta(days=1)

    def _first_year(self, now: datetime) -> int:
        oldest = self.rows.order_by(self.key).values_list(self.key, flat=True).first()
        if not isinstance(oldest, UUID):
            return now.year
        return timezone.localtime(time_of_key(oldest)).year


def read_period(text: str) -> tuple[datetime, datetime]:
    """``2026``, ``2026-11`` or ``2026-11-22`` as its start and the start of the next.

    IncorrectLookupParameters for anything else: the admin then shows the list without filters.
    """
    found = PERIOD.fullmatch(text)
    if not found or int(found[1]) not in YEARS:
        raise IncorrectLookupParameters
    year, month, day = (int(part or 0) for part in found.groups())
    try:
        start = datetime(year, month or 1, day or 1, tzinfo=timezone.get_current_timezone())
    except ValueError as error:  # the 31st of February
        raise IncorrectLookupParameters from error
    if day:
        return start, start + timedelta(days=1)
    if month:
        return start, (start + timedelta(days=31)).replace(day=1)
    return start, start.replace(year=year + 1)
