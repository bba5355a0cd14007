"""Lists that stay fast: one order, and a count that ends where nobody reads on."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

from .period import PeriodFilter

NEWEST_FIRST = ("-id",)


class CappedPaginator(Paginator[Any]):
    """Counts no further than MAX_ROWS: nobody leafs through a million votes to find one."""

    MAX_ROWS = 1_000

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        counted: int = rows.order_by()[: self.MAX_ROWS].count()
        return counted

    @property
    def is_capped(self) -> bool:
        """Are there more than are counted?"""
        return self.count >= self.MAX_ROWS


class OneOrder(ChangeList):
    """A list in its admin's own order. Django lets the address (``?o=``) sort by any column."""

    model_admin: Any  # a ReadOnlyAdmin

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        return list(self.model_admin.ordering or ())

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        """Filtered by a column, the keys are looked up first, in the index of that column.

        PostgreSQL would walk the primary key back from the newest row and expect to meet what it
        looks for soon: where all of that is old, it passes everything else before.
        """
        rows = super().get_queryset(request, exclude_parameters)
        by_column = set(self.get_filters_params()) - {PeriodFilter.parameter_name}
        if not by_column or self.model_admin.ordering != NEWEST_FIRST:
            return rows
        keys = list(rows.values_list("pk", flat=True)[: CappedPaginator.MAX_ROWS])
        shown = self.apply_select_related(self.root_queryset).filter(pk__in=keys)
        return shown.order_by(*self.get_ordering(request, shown))

    def apply_select_related(self, qs: QuerySet[Any]) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().apply_select_related(qs)
        return rows.defer(*self.model_admin.not_listed)
