"""Times a request through Django's own WSGI handler, in turn with a view that only says hello."""

import gzip
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import path

from dao_portal import urls

WARM_UP = 5
ASSET = re.compile(r'(?:src|href)="/static/([^"]+)"')
HELLO = "/hello/"
CSRF = "b" * 32

Environ = dict[str, Any]


@dataclass(frozen=True)
class Page:
    """``ask`` makes one such request; a new one each time, because a body is read once."""

    name: str
    who: str
    ask: Callable[[], Environ]
    status: int = 200
    bare: bool = False  # without middleware


@dataclass(frozen=True)
class Figures:
    """Medians, in milliseconds. ``cpu``: of this process; ``database``: of PostgreSQL, as a mean.

    ``ratio``: ``cpu`` to that of the hello between whose rounds it was taken. ``statements``
    include the beginning and end of transactions. ``size`` is in bytes, ``zipped`` with gzip.
    ``requests`` and ``fetched`` (bytes, zipped): the first visit, with styles, scripts and icon.
    """

    page: str
    who: str
    statements: int
    cpu: float
    ratio: float
    database: float
    size: int
    zipped: int
    requests: int
    fetched: int


def get(address: str, session: str = "", *, htmx: str = "") -> Environ:
    return _browser(session, htmx).get(address).environ


def post(address: str, data: Mapping[str, str], session: str = "", *, htmx: str = "") -> Environ:
    form = {"csrfmiddlewaretoken": CSRF, **data}
    return _browser(session, htmx).post(address, form).environ


def _browser(session: str, htmx: str) -> RequestFactory:
    headers = {"Host": "localhost", "Cookie": f"csrf={CSRF}; session={session}"}
    if htmx:
        headers |= {"HX-Request": "true", "HX-Target": htmx}
    return RequestFactory(headers=headers)


class Stopwatch:
    """``portal`` answers as in production; ``bare`` is the same handler without middleware."""

    def __init__(self) -> None:
        urls.urlpatterns.append(path(HELLO.strip("/") + "/", _hello))
        self.portal = WSGIHandler()
        with override_settings(MIDDLEWARE=[]):
            self.bare = WSGIHandler()

    def measure(self, page: Page, rounds: int) -> Figures:
        """Hello, page, hello, page ...: what else the machine does troubles both alike."""
        handler = self.bare if page.bare else self.portal
        for _ in range(WARM_UP):
            answer, _cpu = _time(handler, page.ask())
        if answer.status_code != page.status:
            raise SystemExit(f"{page.name}: {answer.status_code} in place of {page.status}")
        # made beforehand: some of them ask the database for a session
        counted, often = ([page.ask() for _ in range(number)] for number in (3, rounds))
        # The settings and the running count are kept for seconds: one time may have to read them.
        statements = min(_count(handler, environ) for environ in counted)
        before = _active_milliseconds()
        times = [(_time(self.bare, get(HELLO))[1], _time(handler, environ)[1]) for environ in often]
        database = (_active_milliseconds() - before) / rounds
        hello, cpu = (median(column) for column in zip(*times, strict=True))
        zipped, assets = len(gzip.compress(answer.content, 6)), _assets(answer.content.decode())
        return Figures(
            page=page.name,
            who=page.who,
            statements=statements,
            cpu=cpu,
            ratio=cpu / hello,
            database=database,
            size=len(answer.content),
            zipped=zipped,
            requests=1 + len(assets),
            fetched=zipped + sum(assets.values()),
        )


def _hello(request: HttpRequest) -> HttpResponse:
    return HttpResponse("hello")


def _count(handler: WSGIHandler, environ: Environ) -> int:
    """The statements of one request."""
    with CaptureQueriesContext(connection) as captured:
        _time(handler, environ)
    return len(captured)


def _time(handler: WSGIHandler, environ: Environ) -> tuple[HttpResponse, float]:
    """The whole answer, and the milliseconds of CPU that this process spent on it."""
    started = time.process_time_ns()
    answer = handler(environ, lambda status, headers: None)
    b"".join(answer)
    answer.close()
    return answer, (time.process_time_ns() - started) / 1e6


def _assets(html: str) -> dict[str, int]:
    """What a browser fetches for the page, by name, with the bytes that WhiteNoise sends."""
    files = {name: settings.STATIC_ROOT / name for name in ASSET.findall(html)}
    zipped = {name: file.with_name(f"{file.name}.gz") for name, file in files.items()}
    return {
        name: (zipped[name] if zipped[name].exists() else file).stat().st_size
        for name, file in files.items()
    }


def _active_milliseconds() -> float:
    """How long PostgreSQL has been at work in this database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute(
            "SELECT active_time FROM pg_stat_database WHERE datname = current_database()"
        )
        return float(cursor.fetchone()[0])
