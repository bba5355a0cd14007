"""Many sessions at once, without sleeping: one waits for another's lock, and we see it wait."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier
from typing import Any

from django.db import connection, connections

from tests.sql import sql

PATIENCE = 30.0


@contextmanager
def second_session() -> Iterator[Callable[..., Future[Any]]]:
    """``start(function, *args, **kwargs)`` runs it in a thread with a connection of its own."""

    def run_and_leave(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        yield lambda *args, **kwargs: pool.submit(run_and_leave, *args, **kwargs)


def all_at_once(calls: list[Callable[[], Any]]) -> list[Any]:
    """Run ``calls`` together, each in a thread and a connection; an exception is a result."""
    start = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        try:
            connection.ensure_connection()
            start.wait(timeout=60)
            return call()
        except Exception as error:  # noqa: BLE001  # the test looks at it
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def wait_until_blocked(sessions: int = 1) -> None:
    """Return as soon as so many other sessions wait for a lock."""
    give_up = time.monotonic() + PATIENCE
    while sql(BLOCKED)[0][0] < sessions:
        sql("SELECT pg_stat_clear_snapshot()")  # inside a transaction the view stands still
        assert time.monotonic() < give_up, "nobody waited for a lock"


BLOCKED = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
