"""``runportal`` as an operator meets it: real processes, real signals."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from django.conf import settings

from dao_portal.processes import is_alive
from dao_portal.services import Postgres, socket_dir
from dao_portal.supervisor import Child, Roster

PARTS = {"web", "worker", "beat", "postgres", "valkey"}


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
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            if "Ctrl-C stops it." in line:
                return
        self.end()
        pytest.fail("\n".join(["the portal did not start", *self.lines]))

    def end(self) -> int:
        """What the portal still says, and its exit code."""
        rest, _ = self.process.communicate(timeout=180)
        self.lines += rest.splitlines()
        return self.process.returncode

    def part(self, name: str) -> psutil.Process:
        """A direct part of the portal, by its name in the log."""
        if name == "postgres":
            return Postgres(self.state).running()
        marks = {"web": "gunicorn", "worker": "worker", "beat": "beat"}
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


@pytest.fixture(scope="module")
def portal() -> Iterator[Portal]:
    state = Path(tempfile.mkdtemp(prefix="dao-test-"))
    state.chmod(0o755)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    portal = Portal(state, port)
    yield portal
    for process in portal.processes():
        process.kill()
    shutil.rmtree(state, ignore_errors=True)
    shutil.rmtree(socket_dir(state), ignore_errors=True)


def test_the_portal_runs_until_ctrl_c(portal):
    portal.start()
    text = "\n".join(portal.lines)
    assert f"  Address        http://localhost:{portal.port}/" in portal.lines
    assert "try-the-portal" not in text  # no demo was asked for
    assert "Nobody administers it yet. Next: manage.py setup" in portal.lines
    assert portal.get("/healthz") == 200

    second = portal.manage("runportal")
    said, _ = second.communicate(timeout=180)
    assert second.returncode == 1
    assert said == (
        f"CommandError: The portal already runs here (http://localhost:{portal.port}, process"
        f" {portal.process.pid}). Stop it first, or start a second one with its own DAO_PORT and"
        " DAO_STATE_DIR.\n"
    )

    beside = portal.manage("migrate", "--check")
    assert (beside.communicate(timeout=180)[0], beside.returncode) == ("", 0)
    assert portal.get("/healthz") == 200

    os.killpg(portal.process.pid, signal.SIGINT)  # what a terminal does
    assert portal.end() == 0
    assert portal.lines[-1] == "portal   | stopped"
    assert portal.processes() == []


def test_a_killed_portal_leaves_nothing_that_the_next_start_does_not_clear(portal):
    portal.start()
    orphans = {name: portal.part(name).pid for name in ("web", "worker", "beat")}
    portal.process.kill()
    portal.process.communicate()

    portal.start()
    for name, pid in orphans.items():
        assert (
            f"portal   | ending {name} (process {pid}) of a portal that was killed" in portal.lines
        )
        assert portal.part(name).pid != pid
    assert [pid for pid in orphans.values() if psutil.pid_exists(pid)] == []
    assert portal.get("/healthz") == 200

    portal.process.terminate()
    assert portal.end() == 0
    assert portal.processes() == []


@pytest.mark.parametrize("name", ["worker", "postgres"])
def test_a_part_that_dies_ends_the_portal(portal, name):
    portal.start()
    portal.part(name).kill()
    assert portal.end() == 1
    assert f"portal   | {name} ended by itself, stopping the rest" in portal.lines
    assert portal.processes() == []


def test_a_busy_port_is_refused_before_anything_starts(portal, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        other = Portal(tmp_path, taken.getsockname()[1])
        process = other.manage("runportal")
        said, _ = process.communicate(timeout=180)
    assert process.returncode == 1
    name = psutil.Process().name()
    assert said == (
        f"CommandError: Cannot listen on 127.0.0.1:{other.port}: {name} (process {os.getpid()})"
        " uses the port. Choose another port with DAO_PORT.\n"
    )
    assert {path.name for path in tmp_path.iterdir()} == {"portal.lock", "secrets"}


def test_a_process_that_got_an_old_number_is_left_alone(tmp_path):
    roster = Roster(tmp_path / "portal.json")
    child = Child("web", ["sleep", "60"], tmp_path)
    child.start()
    roster.add(child)
    text = roster.path.read_text()
    born = str(child.process.create_time())
    roster.path.write_text(text.replace(born, str(float(born) - 100)))
    roster.end_leftovers()
    assert not child.exited
    assert not roster.path.exists()
    child.ask_to_stop()
    child.await_stop()
