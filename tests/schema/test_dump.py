"""``pg_dump`` takes all of it along: restored into an empty server, nothing is missing."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from dao_portal.core.db.months import Month, ensure_months
from dao_portal.embedded.programs import postgres_programs
from dao_portal.embedded.servers import Postgres, database_url, socket_dir
from tests.pg_plugin import FAST
from tests.schema.rows import make_rows
from tests.sql import sql

pytestmark = pytest.mark.django_db(transaction=True)

PAST = Month.of(datetime.now(UTC)) + -2

TABLES_SQL = """
    SELECT relname FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') ORDER BY relname
"""
GUARDS_SQL = """
    SELECT tgrelid::regclass::text, tgname, tgenabled::text, pg_get_triggerdef(oid)
    FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2
"""
NUMBERS_SQL = "SELECT last_value, is_called FROM proposals_number_seq"


@pytest.fixture
def empty_server() -> Iterator[Path]:
    """A second PostgreSQL with nothing in it; the folder of its state."""
    state = Path(tempfile.mkdtemp(prefix="dao-restore-"))
    state.chmod(0o755)  # as root, PostgreSQL runs as somebody who must get in
    server = Postgres(state, FAST)
    try:
        server.start()
        yield state
    finally:
        server.stop()
        shutil.rmtree(state, ignore_errors=True)
        shutil.rmtree(socket_dir(state), ignore_errors=True)


@pytest.fixture
def month_of_the_past(transactional_db) -> Iterator[None]:
    """A month more than the first migration makes."""
    made = ensure_months(since=datetime(PAST.year, PAST.month, 1, tzinfo=UTC))
    yield
    for partition in made:
        sql(f"ALTER TABLE {partition[:-8]} DETACH PARTITION {partition}")
        sql(f"DROP TABLE {partition}")


def run(*command: str | Path, **environment: str) -> str:
    done = subprocess.run(
        command,
        cwd=settings.BASE_DIR,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def contents(cursor) -> dict[str, list]:
    """Every table with its rows, in an order that does not depend on where they lie."""
    tables = [name for (name,) in cursor.execute(TABLES_SQL).fetchall()]
    return {
        table: cursor.execute(f'SELECT t::text FROM "{table}" AS t ORDER BY 1').fetchall()
        for table in tables
    }


def test_restored_database_is_whole(tmp_path, empty_server, month_of_the_past):
    make_rows()
    programs, dump = postgres_programs(), tmp_path / "portal.dump"
    here = connection.get_connection_params()
    source = {"PGHOST": here["host"], "PGPORT": str(here["port"]), "PGUSER": here["user"]}
    target = {"PGHOST": str(socket_dir(empty_server)), "PGUSER": here["user"]}

    run(programs / "pg_dump", "--format=custom", f"--file={dump}", here["dbname"], **source)
    run(programs / "pg_restore", "--exit-on-error", "--dbname=dao_portal", dump, **target)

    with (
        psycopg.connect(dbname=here["dbname"], **_lower(source)) as before,
        psycopg.connect(dbname="dao_portal", **_lower(target)) as after,
    ):
        was, is_ = contents(before), contents(after)
        assert {name: len(rows) for name, rows in is_.items()} == {
            name: len(rows) for name, rows in was.items()
        }
        assert is_ == was
        assert min(len(was[table]) for table in ("votes", "comments", "audit_logs")) > 0
        for query in (GUARDS_SQL, NUMBERS_SQL):
            assert after.execute(query).fetchall() == before.execute(query).fetchall()

    portal = {"DATABASE_URL": database_url(empty_server), "DAO_STATE_DIR": str(empty_server)}
    manage = (sys.executable, "manage.py")
    assert json.loads(run(*manage, "check_schema", "--json", **portal))["ok"] is True
    assert run(*manage, "makemigrations", "--check", "--dry-run", **portal).strip() == (
        "No changes detected"
    )
    run(*manage, "migrate", "--check", **portal)


def _lower(address: dict[str, str]) -> dict[str, str]:
    """``PGHOST`` as psycopg spells it: ``host``."""
    return {name.removeprefix("PG").lower(): value for name, value in address.items()}
