"""Every page of the admin over tables with as many rows as one asks for: how long it takes.

``DAO_ADMIN_ROWS=1000000 make stress ARGS=tests/stress/test_admin.py`` fills a database of its own
with a million rows in each table, which takes some minutes, and says the figures that
docs/performance.md shows. Without it the same pages are asked over a few hundred rows.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.factories import UserFactory
from tests.stress.million import TABLES, fill

pytestmark = [pytest.mark.stress, pytest.mark.django_db(transaction=True)]

ROWS = int(os.environ.get("DAO_ADMIN_ROWS", "300"))
TIMED = "DAO_ADMIN_ROWS" in os.environ  # few rows say nothing of time, and a busy machine lies
ROUNDS = 3 if TIMED else 0
MAX_STATEMENTS = 11
MAX_MILLISECONDS = 300
# What finds something in one table finds nothing in the others: hit and miss, everywhere.
WORDS = (
    "member7",
    "member",
    "#1",
    "#7",
    "#999999999",
    "nobody.like.this",
    "garden",
    "0x0000000000000000000000000000000000000007",
    f"0x{7:064x}",
    "T00000",
    "option.7",
    "waiting7@example.org",
)


@dataclass(frozen=True)
class Figure:
    """One page: its statements, and its milliseconds from request to answer, the best of ROUNDS."""

    page: str
    what: str
    statements: int
    milliseconds: float


@pytest.fixture
def administrator() -> Iterator[Client]:
    made = fill(ROWS)
    client = Client()
    client.force_login(UserFactory(username="the-admin", role="admin"))
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"VACUUM ANALYZE {table}")
    yield client
    with connection.cursor() as cursor:  # other tests know which months there are
        cursor.execute(f"TRUNCATE {', '.join(TABLES)} CASCADE")
        for partition in made:
            cursor.execute(f"ALTER TABLE {partition[:-8]} DETACH PARTITION {partition}")
            cursor.execute(f"DROP TABLE {partition}")


def visits(client: Client, page: admin.ModelAdmin[Any]) -> Iterator[tuple[str, str]]:
    """What a moderator does on one page of the admin, and its address."""
    meta = page.model._meta
    address = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
    yield "list", address
    yield "second page", f"{address}?p=2"
    changelist = client.get(address).context["cl"]
    yield "last page", f"{address}?p={changelist.paginator.num_pages}"
    for spec in changelist.filter_specs:
        for choice in spec.choices(changelist):
            yield f"{spec.title}: {choice['display']}", address + choice["query_string"]
    for when in ("2025-06", "2026-01-15"):
        yield f"time: {when}", f"{address}?when={when}"
    middle = page.model.objects.order_by("-pk")[1]
    for words in (*WORDS, str(middle.pk)):
        yield f"search: {words}", f"{address}?{urlencode({'q': words})}"
    yield "one row", reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[middle.pk])


def measure(client: Client, page: str, what: str, address: str) -> Figure:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200, address
    statements = len(captured)  # the next request empties the log
    times = []
    for _round in range(ROUNDS):
        before = time.perf_counter()
        client.get(address)
        times.append((time.perf_counter() - before) * 1000)
    return Figure(page, what, statements, min(times, default=0.0))


def test_every_page_of_the_admin_is_fast(
    administrator: Client, report: Callable[[str], None]
) -> None:
    slow = []
    for model, page in admin.site._registry.items():
        name = str(model._meta.verbose_name_plural)
        figures = [measure(administrator, name, *visit) for visit in visits(administrator, page)]
        slow += [
            figure
            for figure in figures
            if not 0 < figure.statements <= MAX_STATEMENTS
            or (TIMED and figure.milliseconds > MAX_MILLISECONDS)
        ]
        report(line_of(model._meta.db_table, figures))
    assert not slow, "\n".join(map(str, slow))


def line_of(table: str, figures: list[Figure]) -> str:
    """The table's line in docs/performance.md: the list, one row, and the slowest of all."""
    by_what = {figure.what: figure for figure in figures}
    slowest = max(figures, key=lambda figure: figure.milliseconds)
    statements = max(figure.statements for figure in figures)
    with suppress(KeyError):
        plain = (by_what["list"], by_what["one row"], slowest)
        times = " | ".join(f"{figure.milliseconds:.0f} ms" for figure in plain)
        return f"| `{table}` | {statements} | {times} ({slowest.what}) |"
    return table
