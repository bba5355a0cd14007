"""A whole portal as an operator has it, in a state folder and on a port of its own."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError

import psutil
from django.conf import settings

from dao_portal.embedded.processes import is_alive
from dao_portal.embedded.servers import Postgres, Valkey, socket_dir
from tests.stress.parts import wait_for


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Portal:
    """A portal in a state folder and on a port of its own."""

    def __init__(self, state: Path, port: int) -> None:
        self.state = state
        self.port = port
        self.environment = {
            **os.environ,
            "DAO_STATE_DIR": str(state),
            "DAO_PORT": str(port),
            "DATABASE_URL": "",
            "REDIS_URL": "",
        }
        self.lines: list[str] = []

    def manage(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "manage.py", *arguments],
            cwd=settings.BASE_DIR,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def start(self) -> None:
        """Returns when the portal says that it can be stopped."""
        self.process = self.manage("runportal")
        self.lines = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self.wait_for_line("Ctrl-C stops it.")

    def lines_of_errors(self) -> str:
        """What the portal has said of errors, with the traceback of each."""
        starts = [at for at, line in enumerate(self.lines) if " ERROR " in line]
        return "\n".join(line for at in starts for line in self.lines[at : at + 80])

    def _read(self) -> None:
        with self.process.stdout as lines:
            for line in lines:
                self.lines.append(line.rstrip())

    def wait_for_line(self, text: str) -> None:
        def said() -> bool:
            return any(text in line for line in self.lines)

        wait_for(lambda: said() or self.process.poll() is not None, text)
        if self.process.poll() is not None:
            self.reader.join(60)
        assert said(), "\n".join(self.lines)

    def end(self) -> int:
        """Its exit code, when all that it still said is in ``lines``."""
        self.process.wait(timeout=180)
        self.reader.join(timeout=60)
        return self.process.returncode

    def part(self, name: str) -> psutil.Process:
        """A direct part of the portal, by its name in the log."""
        if name in ("postgres", "valkey"):
            return {"postgres": Postgres, "valkey": Valkey}[name](self.state).running()
        marks = {"web": "gunicorn", "front": "caddyfile", "worker": "worker", "beat": "beat"}
        for child in psutil.Process(self.process.pid).children():
            if marks[name] in child.cmdline():
                return child
        raise AssertionError(f"no {name}")

    def processes(self) -> list[psutil.Process]:
        """Everything alive that this portal started: it all inherits DAO_STATE_DIR or names it."""
        found = []
        for process in psutil.process_iter(["cmdline"]):
            try:
                line = " ".join(process.info["cmdline"] or [])
                ours = process.environ().get("DAO_STATE_DIR") == str(self.state)
            except psutil.Error:
                ours = False
            if (ours or str(self.state) in line or str(socket_dir(self.state)) in line) and (
                process.pid != os.getpid()
            ):
                found.append(process)
        return [process for process in found if is_alive(process)]

    def get(self, path: str) -> int:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
            return answer.status


@contextmanager
def own_portal(**environment: str) -> Iterator[Portal]:
    """One that is not started yet, and of which nothing is left afterwards."""
    state = Path(tempfile.mkdtemp(prefix="dao-test-"))
    state.chmod(0o755)
    portal = Portal(state, free_port())
    portal.environment.update(environment)
    try:
        yield portal
    finally:
        for process in portal.processes():
            process.kill()
        shutil.rmtree(state, ignore_errors=True)
        shutil.rmtree(socket_dir(state), ignore_errors=True)


class Asking:
    """Asks for a page again and again, and notes what came."""

    def __init__(self, portal: Portal, path: str) -> None:
        self.portal, self.path = portal, path
        self.answers: Counter[object] = Counter()
        self.done = threading.Event()
        self.thread = threading.Thread(target=self._ask)

    def __enter__(self) -> "Asking":
        self.thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.done.set()
        self.thread.join()

    def _ask(self) -> None:
        while not self.done.wait(0.02):
            try:
                self.answers[self.portal.get(self.path)] += 1
            except HTTPError as error:
                self.answers[error.code] += 1
            except OSError as error:
                self.answers[type(error).__name__] += 1
