"""The admin's floor: what services guard is shown, never edited, and fast in tables of millions.

Every list has one order, newest first, by a key that is indexed and carries its time. It is
searched and filtered only in ways that an index answers; docs/performance.md has the figures.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from ..text import one_line
from .links import list_address
from .lists import NEWEST_FIRST, CappedPaginator, OneOrder
from .period import PeriodFilter


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
    ordering: ClassVar[Any] = NEWEST_FIRST
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
        words = one_line(search_term)
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
        return lookup in offered

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
