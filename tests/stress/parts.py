"""Parts of a portal as real processes on the test's database, with a Valkey of their own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, build_opener

from django.conf import settings
from django.db import connection

from dao_portal.embedded.servers import Valkey, redis_url

PATIENCE = 60.0


def wait_for(condition: Callable[[], object], what: str) -> None:
    give_up = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < give_up, f"waited in vain for {what}"
        time.sleep(0.02)


@contextmanager
def own_valkey(state: Path) -> Iterator[Valkey]:
    """A server that a test may flush, stop and freeze."""
    server = Valkey(state, persist=False)
    server.start()
    try:
        yield server
    finally:
        if server.process:
            server.process.send_signal(signal.SIGCONT)
        server.stop()
        server.socket.unlink(missing_ok=True)
        server.sockets.rmdir()


def database_environment() -> dict[str, str]:
    """For processes that work on the test's database."""
    address = urlsplit(os.environ["DATABASE_URL"])
    database = address._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    return {**os.environ, "DATABASE_URL": database}


def environment(valkey: Valkey) -> dict[str, str]:
    """For processes that work on the test's database and on that Valkey."""
    return {**database_environment(), "REDIS_URL": redis_url(valkey.state)}


@contextmanager
def process(*command: str, valkey: Valkey, ready: str, log: Path) -> Iterator[subprocess.Popen]:
    """``python -m command`` in a group of its own, from the moment it says ``ready``."""
    with log.open("wb") as output:
        running = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=settings.BASE_DIR,
            env=environment(valkey),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        wait_for(lambda: ready in log.read_text() or running.poll() is not None, command[0])
        assert running.poll() is None, log.read_text()
        yield running
    finally:
        end(running)


def end(running: subprocess.Popen) -> None:
    """``kill -9`` of the process and of what it started."""
    if running.poll() is None:
        os.killpg(running.pid, signal.SIGKILL)
        running.wait(PATIENCE)


class Visitor:
    """A browser: keeps its cookies, sends the form's token along, follows no redirect."""

    class NoRedirect(HTTPRedirectHandler):
        def redirect_request(self, *args: object) -> None:
            return None

    def __init__(self, address: str) -> None:
        self.address = address
        self.cookies = CookieJar()
        self.opener = build_opener(HTTPCookieProcessor(self.cookies), self.NoRedirect)
        self.slowest = 0.0

    def get(self, path: str) -> tuple[int, str]:
        return self._ask(path, None)

    def post(self, path: str, **form: str) -> tuple[int, str]:
        token = next(cookie.value for cookie in self.cookies if cookie.name == "csrf")
        return self._ask(path, urlencode({"csrfmiddlewaretoken": token, **form}).encode())

    def _ask(self, path: str, body: bytes | None) -> tuple[int, str]:
        start = time.monotonic()
        try:
            with self.opener.open(self.address + path, body, timeout=PATIENCE) as answer:
                status, text = answer.status, answer.read().decode()
        except HTTPError as error:
            with error:
                status, text = error.code, error.read().decode()
        self.slowest = max(self.slowest, time.monotonic() - start)
        return status, text
