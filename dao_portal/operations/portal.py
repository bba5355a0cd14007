"""The parts of a running portal beside its servers: how they are called, where they listen."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import sys
from dataclasses import dataclass
from functools import cached_property
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import psutil
from django.conf import settings
from django.core.management import CommandError

from dao_portal.core.options import get_option
from dao_portal.core.web.bare import bare_headers, bare_page
from dao_portal.core.web.middleware import MAX_BYTES
from dao_portal.embedded.processes import claim
from dao_portal.embedded.programs import caddy_program
from dao_portal.embedded.servers import socket_dir
from dao_portal.embedded.supervisor import Child
from dao_portal.front import PAGES, Front

ASK_SECONDS = 5
BELOW_1024 = (
    "only root may use ports below 1024. Allow it to Caddy once with `sudo setcap"
    " cap_net_bind_service=+ep {program}`, or to the portal with AmbientCapabilities="
    "CAP_NET_BIND_SERVICE in its systemd unit; or end TLS in a proxy of your own (DAO_TLS=off)."
)


class UnixConnection(HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=ASK_SECONDS)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(ASK_SECONDS)
        self.sock.connect(str(self.path))


@dataclass(frozen=True)
class Portal:
    """Where it listens: the front on ``host``, or without one gunicorn itself."""

    host: str
    front: Front | None

    @cached_property
    def near(self) -> str:
        """From where ``host`` can be asked on this machine."""
        everywhere = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104
        return everywhere.get(self.host, self.host)

    def children(self, web_workers: int, task_workers: int) -> list[Child]:
        """Web, front, worker and beat, in the order of their start."""
        # Where there is only root, as in a container, root runs the worker: once is enough to know.
        python = [sys.executable, "-W", "ignore:You're running the worker with superuser", "-m"]
        gunicorn = [*python, "gunicorn", "--config=python:dao_portal.web"]
        celery = [*python, "celery", "-A", "dao_portal", "--quiet"]
        bind, application = f"{bracketed(self.host)}:{settings.PORTAL_PORT}", "dao_portal.wsgi"
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        proxies = {}
        if self.front:
            if not self.front.web.parent.exists():
                claim(self.front.web.parent)
            community = get_option("community.name")
            self.front.write({status: bare_page(status, community=community) for status in PAGES})
            bind, application = f"unix:{self.front.web}", "dao_portal.fronted"
            proxies = {"TRUSTED_PROXY_COUNT": str(settings.PROXIES_BEFORE_FRONT)}
        web = [*gunicorn, f"--bind={bind}", f"--workers={web_workers}", application]
        worker = [
            *celery,
            "worker",
            "--loglevel=WARNING",
            f"--concurrency={task_workers}",
            "--without-gossip",
            "--without-mingle",
        ]
        beat = [
            *celery,
            "beat",
            "--loglevel=WARNING",
            f"--schedule={settings.STATE_DIR / 'beat'}",
            "--pidfile=",
        ]
        folder = settings.BASE_DIR
        children = [
            Child("web", web, folder, environment | proxies),
            Child("worker", worker, folder, environment),
            Child("beat", beat, folder, environment),
        ]
        if self.front:
            command, private = self.front.command(), self.front.environment()
            # What Caddy says before it has read how much it is to say.
            children.insert(1, Child("front", command, folder, private, unsaid='"level":"info"'))
        return children

    def answers(self) -> bool:
        """Can the first page be had?"""
        if self.front and self.front.secure:  # its certificate may need longer, or not be for us
            return is_well(UnixConnection(self.front.web)) and self._accepts()
        return is_well(HTTPConnection(self.near, settings.PORTAL_PORT, timeout=ASK_SECONDS))

    def _accepts(self) -> bool:
        try:
            with socket.create_connection((self.near, settings.PORTAL_PORT), ASK_SECONDS):
                return True
        except OSError:
            return False

    def refuse_busy_ports(self) -> None:
        """Find out before anything is started."""
        ports = self.front.ports if self.front else {"DAO_PORT": settings.PORTAL_PORT}
        for variable, port in ports.items():
            with socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((self.host, port))
                except OSError as error:
                    self._refuse(error, variable, port)

    def _refuse(self, error: OSError, variable: str, port: int) -> None:
        where = f"Cannot listen on {bracketed(self.host) or 'any address'}:{port}"
        if error.errno == errno.EACCES and self.front:
            if may_use_any_port(self.front.program):
                return
            why = BELOW_1024.format(program=self.front.program)
            raise CommandError(f"{where}: {why}") from error
        why = why_not(error, port)
        raise CommandError(f"{where}: {why} Choose another port with {variable}.") from error


def front_of(host: str) -> Front | None:
    """The front as the settings want it, or None where they want none."""
    if not settings.FRONT:
        return None
    state: Path = settings.STATE_DIR
    hosts = [name for name in settings.ALLOWED_HOSTS if name != "*" and not name.startswith(".")]
    return Front(
        program=caddy_program(),
        folder=state / "front",
        web=socket_dir(state) / "web.sock",
        host=host,
        port=settings.PORTAL_PORT,
        redirect_port=settings.REDIRECT_PORT,
        address=str(settings.PORTAL_URL),
        names=hosts,
        tls=settings.TLS,
        behind=settings.PROXIES_BEFORE_FRONT > 0,
        static=settings.STATIC_ROOT,
        media=settings.MEDIA_ROOT,
        headers=bare_headers(),
        most_bytes=MAX_BYTES,
    )


def is_well(connection: HTTPConnection) -> bool:
    with contextlib.closing(connection):
        try:
            connection.request("GET", "/healthz", headers={"Host": settings.PORTAL_URL.netloc})
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False


def may_use_any_port(program: Path) -> bool:
    """Has somebody given ``program`` the right to ports below 1024? (Linux keeps that with it.)"""
    try:
        return bool(os.getxattr(program, "security.capability"))
    except (AttributeError, OSError):
        return False


def why_not(error: OSError, port: int) -> str:
    if error.errno != errno.EADDRINUSE:
        return f"{error.strerror}."
    with contextlib.suppress(psutil.Error):
        for connection in psutil.net_connections("inet"):
            if connection.status != psutil.CONN_LISTEN or not connection.pid:
                continue
            if connection.laddr and connection.laddr.port == port:
                name = psutil.Process(connection.pid).name()
                return f"{name} (process {connection.pid}) uses the port."
    return "another program uses the port."


def bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
