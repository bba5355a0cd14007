"""The admin's floor: what services guard is shown, never edited, and fast in tables of millions.

Every list has one order, newest first, by a key that is indexed and carries its time. It is
searched and filtered only in ways that an index answers; docs/performance.md has the figures.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode
from uuid import UUID

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth import get_user_model
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.db.models.functions import Lower
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import dateformat, timezone
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from .partitions import EPOCH, first_key_at
from .text import one_line

UUID_IN_WORDS = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
PERIOD = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?", re.ASCII)
YEARS = range(EPOCH.year, 9999)  # what a key can carry


class PeriodFilter(admin.SimpleListFilter):
    """Rows of one year, month or day in the reader's time zone, by the time in their keys.

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
        milliseconds = oldest.int >> 80
        return timezone.localtime(EPOCH + timedelta(milliseconds=milliseconds)).year


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


class CappedPaginator(Paginator[Any]):
    """Counts no further than MOST_ROWS: nobody leafs through a million votes to find one."""

    MOST_ROWS = 1_000

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        counted: int = rows.order_by()[: self.MOST_ROWS].count()
        return counted

    @property
    def is_capped(self) -> bool:
        """Are there more than are counted?"""
        return self.count >= self.MOST_ROWS


class OneOrder(ChangeList):
    """A list in its admin's own order. Django lets the address (``?o=``) sort by any column."""

    model_admin: ReadOnlyAdmin

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        return list(self.model_admin.ordering or ())

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        """Filtered by a column, the keys are looked up first, in the index of that column.

        PostgreSQL would walk the primary key back from the newest row and expect to meet what it
        looks for soon: where all of that is old, it passes everything else before.
        """
        rows = super().get_queryset(request, exclude_parameters)
        by_column = set(self.get_filters_params()) - {PeriodFilter.parameter_name}
        if not by_column or self.model_admin.ordering != ReadOnlyAdmin.ordering:
            return rows
        keys = list(rows.values_list("pk", flat=True)[: CappedPaginator.MOST_ROWS])
        shown = self.apply_select_related(self.root_queryset).filter(pk__in=keys)
        return shown.order_by(*self.get_ordering(request, shown))

    def apply_select_related(self, qs: QuerySet[Any]) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().apply_select_related(qs)
        return rows.defer(*self.model_admin.not_listed)


class ReadOnlyAdmin(admin.ModelAdmin[Any]):
    """Look, search and filter; every write has its service elsewhere.

    A page says in ``find`` what its search box understands, and in ``search_help_text`` tells it.
    """

    show_full_result_count = False  # count(*) over a million rows is no answer to a search
    show_facets = admin.ShowFacets.NEVER  # one more count for each choice of each filter
    paginator = CappedPaginator
    actions = None
    list_per_page = 50
    list_filter: ClassVar[Any] = (PeriodFilter,)
    not_listed: ClassVar[Any] = ()  # long columns that the page of one row shows, and the list not
    search_fields: ClassVar[Any] = ("pk",)  # shows the box; find() rules
    ordering: ClassVar[Any] = ("-id",)
    sortable_by: ClassVar[Any] = ()
    empty_value_display = _("none")

    @property
    def nothing(self) -> str:
        """What a column says that has no value: a page of one row would print "None"."""
        return str(self.empty_value_display)

    # --- for each table to say -------------------------------------------------------------

    def find(self, request: HttpRequest, rows: QuerySet[Any], words: str) -> QuerySet[Any]:
        """Those of ``rows`` that ``words`` (never empty) ask for, by an index."""
        raise NotImplementedError

    def heading(self, row: Any) -> str:
        """What the page of one row is called."""
        return str(row)

    def on_portal(self, row: Any) -> str | None:
        """Where members see ``row``."""
        return row.get_absolute_url() if hasattr(row, "get_absolute_url") else None

    def see_also(self, row: Any) -> list[tuple[Any, str]]:
        """Lists that tell more about ``row``: words and addresses."""
        return [(_("What happened to it"), list_address("core", "auditlog", str(row.pk)))]

    # --- the same for all ------------------------------------------------------------------

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        words = one_line(search_term.replace("\0", ""))
        return (self.find(request, queryset, words) if words else queryset), False

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """Only what a filter on the page asks, word for word.

        Django lets every column be asked for in the address: with ``?password__startswith=``, or
        over a filter's own relation, a moderator could read a hash letter by letter.
        """
        filters: Any = self.list_filter
        offered = {
            f"{each}__exact" if isinstance(each, str) else each.parameter_name for each in filters
        }
        return lookup in offered and "\0" not in str(value)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return OneOrder

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        title = {"title": capfirst(self.opts.verbose_name_plural)}
        return super().changelist_view(request, {**title, **(extra_context or {})})

    def get_view_on_site_url(self, obj: Any = None) -> str | None:
        return self.on_portal(obj) if obj else None

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        row = context["original"]
        context.update(
            title=capfirst(self.heading(row)), subtitle=None, see_also=self.see_also(row)
        )
        return super().render_change_form(request, context, *args, **kwargs)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(getattr(request.user, "is_staff", False))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


# --- helpers of the pages -----------------------------------------------------------------------


def pages() -> Iterator[Any]:
    """Every page of the admin, in the order of the apps."""
    for model in apps.get_models():
        if admin.site.is_registered(model):
            yield admin.site.get_model_admin(model)


def list_address(app: str, model: str, words: str = "") -> str:
    """The address of a list, searched for ``words``."""
    address = reverse(f"admin:{app}_{model}_changelist")
    return f"{address}?{urlencode({'q': words})}" if words else address


def link_to(row: Model | None, label: object = "") -> str | None:
    """A link to the admin's page of ``row``; None for none. Costs no query."""
    if row is None:
        return None
    meta = row._meta
    address = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])
    return format_html('<a href="{}">{}</a>', address, label or row)


def yes_or_no(value: bool) -> str:
    """In words: on a phone's card a tick says nothing of what it ticks."""
    return gettext("yes") if value else gettext("no")


def member_named(words: str) -> UUID | None:
    """The key of the member with exactly this username, however capitalised; @ may lead it."""
    members = get_user_model()._default_manager.alias(  # noqa: SLF001  (whatever it is called)
        lower_username=Lower("username")
    )
    found: UUID | None = (
        members.filter(lower_username=words.lower().removeprefix("@"))
        .values_list("pk", flat=True)
        .first()
    )
    return found


def number_in(words: str) -> int | None:
    """The proposal's number in "42" or "#42"; None for anything else, or what no number can be."""
    number = words.removeprefix("#")
    if number.isascii() and number.isdigit() and len(number) <= len(str(2**62)) - 1:
        return int(number)
    return None


def key_in(words: str) -> UUID | None:
    """The key in ``words``: typed alone, or within an address of the portal."""
    found = UUID_IN_WORDS.search(words)
    return UUID(found[0]) if found else None
