"""What lists share: tabs with counts, and pages that need not count again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.utils.functional import Promise

Row = TypeVar("Row", bound=Model)

PER_PAGE = 20


@dataclass(frozen=True)
class Tab:
    """One filter, and how many rows it leaves; "" is all of them."""

    key: str
    label: str | Promise
    count: int


class CountedPaginator(Paginator[Row]):
    """A paginator that is told the count, where somebody has it already; else it asks."""

    def __init__(self, rows: QuerySet[Row], *, count: int | None) -> None:
        super().__init__(rows, PER_PAGE)
        if count is not None:
            self.__dict__["count"] = count  # where cached_property keeps it
