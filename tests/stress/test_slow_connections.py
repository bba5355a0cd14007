"""Two hundred who drip and two hundred who say nothing: nobody else may feel them.

A whole portal with its front, as ``make run`` starts it; and PostgreSQL killed under load.
"""

import os
import re
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from http.client import HTTPException
from statistics import median

import psutil
import pytest

from dao_portal.core.web.middleware import MAX_BYTES
from dao_portal.embedded.servers import Postgres
from tests.portal import Portal, own_portal
from tests.stress.parts import Visitor, wait_for

pytestmark = pytest.mark.stress

CONNECTIONS = 200
LARGE = 40
SOON = 1.0
RECOVERY_SECONDS = 10.0 if "DAO_STRESS_ROUNDS" in os.environ else 4.0


@pytest.fixture(scope="module")
def portal() -> Iterator[Portal]:
    with own_portal(DAO_DEMO="1", TRUSTED_PROXY_COUNT="") as portal:
        portal.start()
        yield portal
        portal.process.terminate()
        assert portal.end() == 0


class Dripping:
    """One byte a second on every line, half of them in a head, half in a body, until the end."""

    def __init__(self, port: int, lines: int) -> None:
        self.lines: list[socket.socket] = []
        for number in range(lines):
            line = socket.create_connection(("127.0.0.1", port), timeout=10)
            self.lines.append(line)
            if number % 2:
                line.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: ")
            else:
                line.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n")
        self.done = threading.Event()
        self.thread = threading.Thread(target=self._drip, daemon=True)

    def _drip(self) -> None:
        while not self.done.wait(1):
            for line in self.lines:
                with suppress(OSError):
                    line.sendall(b"a")

    def __enter__(self) -> "Dripping":
        self.thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.done.set()
        self.thread.join()
        for line in self.lines:
            line.close()


def sign_in(portal: Portal, name: str) -> Visitor:
    visitor = Visitor(f"http://127.0.0.1:{portal.port}")
    visitor.get("/accounts/login/")
    status, _page = visitor.post("/accounts/login/", login=name, password="try-the-portal")
    assert status == 302
    return visitor


def open_vote(visitor: Visitor) -> str:
    """The address of a proposal on which the visitor can vote now."""
    _status, page = visitor.get("/proposals/?status=open")
    for number in sorted(set(re.findall(r'href="/proposals/(\d+)/"', page)), key=int):
        _status, page = visitor.get(f"/proposals/{number}/")
        if f'action="/proposals/{number}/vote/"' in page:
            return f"/proposals/{number}/"
    raise AssertionError("no vote is open")


def seen_vote(visitor: Visitor, proposal: str) -> str:
    """The receipt that the ballot on the page would replace; "" for none."""
    _status, page = visitor.get(f"{proposal}?change=1")
    found = re.search(r'name="replaces" value="([^"]*)"', page)
    assert found, page
    return found[1]


def test_whoever_drips_stops_nobody(portal, report):
    front = portal.part("front")
    web = portal.part("web")
    visitor = sign_in(portal, "mira")
    proposal = open_vote(visitor)
    before = front.memory_info().rss
    times: dict[str, list[float]] = {"health": [], "page": [], "vote": []}

    with ExitStack() as stack:
        for _number in range(CONNECTIONS):
            idle = socket.create_connection(("127.0.0.1", portal.port), timeout=10)
            stack.callback(idle.close)
        stack.enter_context(Dripping(portal.port, CONNECTIONS))
        time.sleep(2)  # every line has dripped: that is the state under test
        for turn in range(5):
            times["health"].append(timed(visitor, "/healthz", {200}))
            times["page"].append(timed(visitor, "/proposals/", {200}))
            choice = ("yes", "no")[turn % 2]
            ballot = {"choice": choice, "step": "confirm", "replaces": seen_vote(visitor, proposal)}
            begin = time.monotonic()
            status, page = visitor.post(f"{proposal}vote/", **ballot)
            times["vote"].append(time.monotonic() - begin)
            assert status == 303, page
        held = len([line for line in web.net_connections("all") if line.status == "ESTABLISHED"])
        after = front.memory_info().rss

    figures = ", ".join(
        f"{name} {median(took):.3f} s (slowest {max(took):.3f})" for name, took in times.items()
    )
    report(
        f"{CONNECTIONS} dripping and {CONNECTIONS} idle connections: {figures};"
        f" Caddy {before >> 20} -> {after >> 20} MB, gunicorn's master held {held} connections"
    )
    for name, took in times.items():
        assert median(took) < SOON, (name, took)


def timed(visitor: Visitor, path: str, statuses: set[int]) -> float:
    begin = time.monotonic()
    status, _page = visitor.get(path)
    assert status in statuses, path
    return time.monotonic() - begin


def test_whoever_reads_slowly_stops_nobody(portal, report):
    """Fifty who ask for a page and read no byte of it: the page waits in the front, no thread."""
    visitor = Visitor(f"http://127.0.0.1:{portal.port}")
    took = []
    with ExitStack() as stack:
        for _number in range(50):
            line = socket.socket()
            stack.callback(line.close)
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            line.connect(("127.0.0.1", portal.port))
            line.sendall(b"GET /proposals/ HTTP/1.1\r\nHost: localhost\r\n\r\n" * 3)
        # A hundred and fifty pages are work; whoever has none of them read is none.
        wait_for(lambda: timed(visitor, "/healthz", {200}) < SOON, "the pages' end")
        took = [timed(visitor, "/healthz", {200}) for _turn in range(5)]
    report(f"50 connections that read nothing: health {max(took):.3f} s at most")
    assert median(took) < SOON


def test_whoever_sends_much_fills_little(portal, report):
    """Forty who send as much as is taken and never end: it costs what they sent, and no more."""
    front = portal.part("front")
    visitor = Visitor(f"http://127.0.0.1:{portal.port}")
    before = front.memory_info().rss
    head = (
        f"POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: {MAX_BYTES}\r\n\r\n"
    )
    with ExitStack() as stack:
        for _number in range(LARGE):
            line = socket.create_connection(("127.0.0.1", portal.port), timeout=10)
            stack.callback(line.close)
            line.sendall(head.encode() + b"a" * (MAX_BYTES - 1))
        took = timed(visitor, "/healthz", {200})
        grown = front.memory_info().rss - before
    report(
        f"{LARGE} bodies of {MAX_BYTES >> 20} MB without their end: Caddy grew by"
        f" {grown >> 20} MB, health {took:.3f} s"
    )
    assert grown < 3 * LARGE * MAX_BYTES
    assert took < SOON


def test_a_database_that_recovers_is_no_error_of_ours(portal, report):
    """Killed again and again under load: pages say 503 and come back by themselves."""
    statuses: Counter[object] = Counter()
    lock = threading.Lock()
    done = threading.Event()

    def read(paths: list[str], visitor: Visitor) -> None:
        while not done.is_set():
            for path in paths:
                try:
                    status, _page = visitor.get(path)
                except (OSError, HTTPException) as error:
                    status = type(error).__name__
                with lock:
                    statuses[status] += 1

    paths = ["/", "/proposals/", "/members/", "/treasury/", "/healthz", "/proposals/1/votes.csv"]
    visitors = [sign_in(portal, name) for name in ("ada", "tomo", "mira")]
    visitors.append(Visitor(f"http://127.0.0.1:{portal.port}"))
    readers = [threading.Thread(target=read, args=(paths, visitor)) for visitor in visitors]
    for reader in readers:
        reader.start()
    postmaster = Postgres(portal.state).running()
    end = time.monotonic() + RECOVERY_SECONDS
    kills = 0
    try:
        while time.monotonic() < end:
            kills += kill_a_session(postmaster)
            time.sleep(0.7)
        wait_for(lambda: visitors[-1].get("/healthz")[0] == 200, "the database")
    finally:
        done.set()
        for reader in readers:
            reader.join()

    report(f"PostgreSQL killed {kills} times under load: {dict(statuses)}")
    assert kills
    # A file that had begun when the server died can only end too early, and be seen to.
    unexpected = set(statuses) - {200, 503, "IncompleteRead"}
    assert not unexpected, (statuses, portal.lines_of_errors())
    assert statuses[200]
    assert statuses[503]
    assert visitors[-1].get("/proposals/")[0] == 200


def kill_a_session(postmaster: psutil.Process) -> bool:
    """After that PostgreSQL ends all others, recovers, and refuses meanwhile."""
    for child in postmaster.children():
        with suppress(psutil.NoSuchProcess):
            if "postgres: dao_portal" in " ".join(child.cmdline()):
                child.send_signal(signal.SIGKILL)
                return True
    return False
