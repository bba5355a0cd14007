"""``manage.py runportal``: the whole portal as one command in the foreground."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.staticfiles.finders import get_finders
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand, CommandParser
from django.db import connections

from dao_portal.embedded.processes import ServiceError, lock_file, try_lock
from dao_portal.embedded.servers import Server, embedded_services
from dao_portal.embedded.supervisor import Child, Keeper, Roster, say

from ...portal import Portal, front_of

WEB_SECONDS = 60.0
WATCH_SECONDS = 0.3
WEB_FAILURES = 6  # one soon after the other: it will not start, and that is for the operator
DEMO_ACCOUNTS = """
  Members        ada, mira, tomo
  Moderator      grace
  Administrator  alan
  Password       try-the-portal
"""


class Command(BaseCommand):
    help = (
        "Runs the portal: PostgreSQL and Valkey (unless DATABASE_URL and REDIS_URL name others), "
        "web, the front before it (unless DAO_FRONT=0), Celery worker and beat. Ctrl-C stops it "
        "all. "
        "Example: DAO_PORT=8001 DAO_STATE_DIR=/srv/portal manage.py runportal"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--host",
            default="" if settings.TLS != "off" else "127.0.0.1",
            help="the address to listen on (default: every one with TLS, else this machine's own)",
        )
        parser.add_argument("--web-workers", type=int, default=2, help="gunicorn processes")
        parser.add_argument("--task-workers", type=int, default=2, help="Celery processes")

    def handle(self, *args: Any, **options: Any) -> None:
        """Runs until a signal comes (exit code 0), PostgreSQL dies or the web cannot start (1)."""
        state: Path = settings.STATE_DIR
        roster = Roster(state / "portal.json")
        dead = None
        try:
            with only_portal(state):
                roster.end_leftovers()
                portal = Portal(options["host"], front_of(options["host"]))
                portal.refuse_busy_ports()
                with (
                    Signals() as signals,
                    embedded_services(state, settings.EMBEDDED_SERVICES) as services,
                ):
                    for service in services:
                        say(service.name, f"ready, data in {service.data}")
                    with signals.interrupt():
                        prepare_database()
                    children = portal.children(options["web_workers"], options["task_workers"])
                    dead = self.run(services, children, portal, roster, signals)
        except ServiceError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            pass  # asked to stop before the portal was up
        say("portal", "stopped")
        if dead:
            sys.exit(1)

    def run(
        self,
        services: Sequence[Server],
        children: Sequence[Child],
        portal: Portal,
        roster: Roster,
        signals: Signals,
    ) -> str | None:
        """The name of the part that died, or None when a signal came; children are gone then."""

        def start_again(child: Child) -> None:
            child.start_again()
            roster.add(child)

        started: list[Child] = []
        try:
            for child in children:
                child.start()
                started.append(child)
                roster.add(child)
            dead = wait_for_web(portal, [*services, *children], signals)
            if not dead and not signals.received:
                self.stdout.write(summary())
                self.stdout.flush()  # also when a pipe or a journal reads us
            keepers = [
                *(Keeper(service, service.start_again) for service in services),
                *(Keeper(child, partial(start_again, child)) for child in children),
            ]
            while not dead and not signals.wait(WATCH_SECONDS):
                dead = find_dead(services, keepers)
                for keeper in keepers if not dead else ():
                    keeper.look()
            say("portal", f"{dead} ended by itself, stopping the rest" if dead else "stopping")
            return dead
        finally:
            for child in started:
                child.ask_to_stop()
            for child in started:
                child.await_stop()
            roster.clear()


class Signals:
    """Notes Ctrl-C, SIGTERM and SIGHUP instead of dying of them."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._may_interrupt = False

    def __enter__(self) -> Signals:
        self._before = {
            number: signal.signal(number, self._note)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        }
        return self

    def __exit__(self, *exception: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._event.set()
        if self._may_interrupt:
            raise KeyboardInterrupt

    @contextlib.contextmanager
    def interrupt(self) -> Iterator[None]:
        """A block that may be left anywhere: in it, a signal raises KeyboardInterrupt."""
        self._may_interrupt = True
        try:
            if self.received:
                raise KeyboardInterrupt
            yield
        finally:
            self._may_interrupt = False

    @property
    def received(self) -> bool:
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Did a signal come within ``seconds``, or before?"""
        return self._event.wait(seconds)


@contextlib.contextmanager
def only_portal(state: Path) -> Iterator[None]:
    """One portal per DAO_STATE_DIR. The lock goes with the process, however that ends."""
    with lock_file(state / "portal.lock") as lock:
        if not try_lock(lock):
            owner = os.pread(lock, 200, 0).decode()
            raise CommandError(
                f"The portal already runs here ({owner}). Stop it first, or start a second one"
                " with its own DAO_PORT and DAO_STATE_DIR."
            )
        os.truncate(lock, 0)
        os.pwrite(lock, f"{settings.PORTAL_URL}, process {os.getpid()}".encode(), 0)
        yield


def prepare_database() -> None:
    """Tables, static files, and the demo where it is asked for."""
    say("portal", "migrating the database")
    call_command("migrate", interactive=False, verbosity=0, skip_checks=False)
    collect_static()
    if settings.DEMO:
        say("portal", "filling the demo community")
        call_command("seed_demo", verbosity=0)
    connections.close_all()


def collect_static() -> None:
    """Hash and compress the static files, which takes seconds, only when one has changed."""
    sources = sorted(
        f"{path} {Path(storage.path(path)).stat().st_mtime_ns}"
        for finder in get_finders()
        for path, storage in finder.list([])
    )
    digest = hashlib.sha256("\n".join(sources).encode()).hexdigest()
    stamp: Path = settings.STATE_DIR / "static.digest"
    if stamp.exists() and stamp.read_text() == digest:
        return
    say("portal", "collecting static files")
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    stamp.write_text(digest)


def find_dead(services: Sequence[Server], keepers: Sequence[Keeper]) -> str | None:
    """The part without which there is no portal: all others are started again."""
    for service in services:
        if service.exited and service.name == "postgres":
            return service.name
    for keeper in keepers:
        if keeper.part.name == "web" and keeper.failures > WEB_FAILURES:
            return keeper.part.name
    return None


def wait_for_web(portal: Portal, parts: Sequence[Server | Child], signals: Signals) -> str | None:
    """Returns when the first page can be had, a signal came, or a part died (then its name)."""
    deadline = time.monotonic() + WEB_SECONDS
    while not portal.answers():
        if time.monotonic() > deadline:
            raise ServiceError(f"The web server did not answer within {WEB_SECONDS:.0f} seconds.")
        dead = next((part.name for part in parts if part.exited), None)
        if dead or signals.wait(0.1):
            return dead
    return None


def summary() -> str:
    lines = ["", "The portal is running.", "", f"  Address        {settings.PORTAL_URL}/"]
    if not settings.PORTAL_URL.secure:
        lines.append(f"  Mails          {settings.PORTAL_URL}/dev/mail/")
    if settings.DEMO:
        lines.append(DEMO_ACCOUNTS.rstrip("\n"))
    elif not get_user_model().objects.filter(role="admin").exists():
        lines += ["", "Nobody administers it yet. Next: manage.py setup"]
    connections.close_all()
    return "\n".join([*lines, "", "Ctrl-C stops it.", ""])
