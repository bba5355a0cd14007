"""``runportal`` as an operator meets it: real processes, real signals."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import suppress

import psutil
import pytest
from redis import Redis

from dao_portal.embedded.processes import ServiceError
from dao_portal.embedded.servers import Valkey
from dao_portal.embedded.supervisor import LIVED_SECONDS, Child, Keeper, Roster
from tests.portal import Asking, Portal, own_portal
from tests.stress.parts import wait_for

CHILDREN = ("web", "front", "worker", "beat")


@pytest.fixture(scope="module")
def portal() -> Iterator[Portal]:
    with own_portal() as portal:
        yield portal


def test_the_portal_runs_until_ctrl_c(portal):
    portal.start()
    assert f"  Address        http://localhost:{portal.port}/" in portal.lines
    assert [line for line in portal.lines if "try-the-portal" in line] == []  # no demo
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
    orphans = {name: portal.part(name).pid for name in CHILDREN}
    portal.process.kill()
    portal.process.wait(60)

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


def test_postgres_that_dies_ends_the_portal(portal):
    portal.start()
    portal.part("postgres").kill()
    assert portal.end() == 1
    assert "portal   | postgres ended by itself, stopping the rest" in portal.lines
    assert portal.processes() == []


def test_every_other_part_that_is_killed_comes_back(portal):
    """Pages go on meanwhile; only without the front nobody is there to say "in a moment"."""
    portal.start()
    portal.get("/proposals/")
    came = {}
    for name in ("beat", "worker", "valkey", "web", "front"):
        old = portal.part(name)
        with Asking(portal, "/proposals/") as asking:
            old.kill()
            portal.wait_for_line(f"portal   | {name} is started again")
            wait_for(lambda old=old, name=name: is_back(portal, name, old), name)
            seen = sum(asking.answers.values())
            wait_for(lambda asking=asking, seen=seen: sum(asking.answers.values()) > seen + 3, name)
        came[name] = asking.answers
        assert f"portal   | {name} ended by itself, starting it again in 0.5 s" in portal.lines
        assert portal.get("/proposals/") == 200

    for name in ("beat", "worker", "valkey"):
        assert set(came[name]) == {200}, came
    assert set(came["web"]) <= {200, 503}, came
    with Redis(unix_socket_path=str(Valkey(portal.state).socket)) as queue:
        # The worker waits at the new server for what there is to do, and does it.
        wait_for(lambda: any(c["cmd"] == "brpop" for c in queue.client_list()), "the worker")
        wait_for(lambda: queue.llen("celery") == 0, "an empty queue")

    portal.process.terminate()
    assert portal.end() == 0
    assert portal.processes() == []


def is_back(portal: Portal, name: str, old: psutil.Process) -> bool:
    with suppress(AssertionError, psutil.NoSuchProcess):
        new = portal.part(name)
        if new is None or new.pid == old.pid:
            return False
        with suppress(OSError):
            return portal.get("/healthz") == 200
    return False


def test_a_web_that_cannot_start_ends_everything(portal):
    """A second gunicorn option is nonsense: the process ends before it answers once."""
    portal.environment["GUNICORN_CMD_ARGS"] = "--workers=nonsense"
    process = portal.manage("runportal")
    said, _ = process.communicate(timeout=180)
    del portal.environment["GUNICORN_CMD_ARGS"]
    assert process.returncode == 1
    assert "portal   | web ended by itself, stopping the rest" in said
    assert portal.processes() == []


def test_a_front_of_ones_own_replaces_ours(portal):
    portal.environment["DAO_FRONT"] = "0"
    portal.start()
    del portal.environment["DAO_FRONT"]
    assert portal.get("/healthz") == 200
    with pytest.raises(AssertionError, match="no front"):
        portal.part("front")
    os.killpg(portal.process.pid, signal.SIGINT)
    assert portal.end() == 0
    assert portal.processes() == []


# --- the pause before a part is started again ---------------------------------------------------


class Fragile:
    """A part that can be made to end."""

    name = "fragile"

    def __init__(self) -> None:
        self.exited = False
        self.starts = 0
        self.broken = False

    def start_again(self) -> None:
        self.starts += 1
        if self.broken:
            raise ServiceError("no")
        self.exited = False


def test_the_pause_grows_while_a_part_keeps_ending_and_begins_anew_after_a_while(capsys):
    now = 0.0
    part = Fragile()
    keeper = Keeper(part, part.start_again, clock=lambda: now)
    pauses = []

    def end_and_wait() -> None:
        nonlocal now
        part.exited = True
        ended, starts = now, part.starts
        while part.starts == starts:
            keeper.look()
            now += 0.25
        pauses.append(now - 0.25 - ended)

    for _end in range(9):
        end_and_wait()
    assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    now += LIVED_SECONDS
    pauses.clear()
    end_and_wait()
    end_and_wait()
    assert pauses == [0.5, 1]
    assert (
        "portal   | fragile ended by itself, starting it again in 0.5 s" in capsys.readouterr().out
    )


def test_a_part_that_cannot_be_started_is_tried_again(capsys):
    now = 0.0
    part = Fragile()
    keeper = Keeper(part, part.start_again, clock=lambda: now)
    part.exited = part.broken = True
    while part.starts < 3:
        keeper.look()
        now += 0.5
    part.broken = False
    while part.exited:
        keeper.look()
        now += 0.5
    said = capsys.readouterr().out
    assert said.count("portal   | fragile could not be started: no") == 3
    assert said.endswith("portal   | fragile is started again\n")


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
