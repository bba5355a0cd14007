"""Where ``migrate`` leads from an empty database, from the version before, from between the two."""

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import CommandError, call_command
from django.core.management.base import SystemCheckError
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from dao_portal.core.checks import no_database_stands_between
from dao_portal.core.db.guard_check import guard_problems, present_files, read_guards, wanted_guards
from dao_portal.core.db.sql import SET_PATH, LoadSQL, sql_file
from dao_portal.operations.management.commands.runportal import prepare_database
from tests.looking import some
from tests.sql import run, sql

APPS = {
    "core": "dao_portal.core.migrations",
    "accounts": "accounts.migrations",
    "treasury": "treasury.migrations",
    "governance": "governance.migrations",
    "social": "social.migrations",
}
EARLIER = {
    app: ["0001_initial"]
    + [name for _app, name in import_module(f"{package}.0001_initial").Migration.replaces]
    for app, package in APPS.items()
}
STATE_SQL = """
    SELECT (SELECT json_agg(row ORDER BY row.id) FROM django_migrations AS row)::text,
           (SELECT json_agg(row ORDER BY row.attrelid, row.attnum) FROM pg_attribute AS row
             WHERE row.attrelid > 16383)::text,
           (SELECT json_agg(row ORDER BY row.oid) FROM pg_trigger AS row)::text
"""


def manage(database, *arguments: str) -> subprocess.CompletedProcess[str]:
    address = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{database.info.dbname}")
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DATABASE_URL": address.geturl()},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.fixture
def of_the_version_before(real_database) -> Iterator:
    """``real_database`` as the last version with all the earlier migrations left it."""
    before = real_database.execute("SELECT * FROM django_migrations ORDER BY id").fetchall()
    real_database.execute("DELETE FROM django_migrations WHERE app = ANY(%s)", [list(APPS)])
    for app, names in EARLIER.items():
        for name in names:
            real_database.execute(
                "INSERT INTO django_migrations (app, name, applied) VALUES (%s, %s, now())",
                [app, name],
            )
    real_database.execute("CREATE INDEX audit_logs_xact_ix ON audit_logs (transaction_id)")
    yield real_database
    real_database.execute("DROP INDEX IF EXISTS audit_logs_xact_ix")
    real_database.execute("DELETE FROM django_migrations")
    for row in before:
        real_database.execute("INSERT INTO django_migrations VALUES (%s, %s, %s, %s)", row)


# --- forwards -----------------------------------------------------------------------------------


def test_database_of_the_version_before_goes_on(of_the_version_before):
    done = manage(of_the_version_before, "migrate")
    assert done.returncode == 0, done.stderr
    assert "0001_initial" not in done.stdout  # what is there is not made again

    assert manage(of_the_version_before, "check_schema").returncode == 0
    (index,) = of_the_version_before.execute("SELECT to_regclass('audit_logs_xact_ix')").fetchone()
    assert index is None


def test_database_that_stands_between_is_refused_in_words(of_the_version_before):
    """Of ``social``, on which nothing depends, Django itself would say that all is done."""
    *_, last = EARLIER["social"]
    of_the_version_before.execute("DELETE FROM django_migrations WHERE name = %s", [last])
    before = of_the_version_before.execute(STATE_SQL).fetchone()

    refused = manage(of_the_version_before, "migrate")

    assert refused.returncode == 1
    assert f"social.{last} was never applied to it" in refused.stderr
    assert f"social/migrations/{last}.py" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert of_the_version_before.execute(STATE_SQL).fetchone() == before


@pytest.mark.django_db
@pytest.mark.parametrize("app", APPS)
@pytest.mark.parametrize("applied", ["first", "all but the last", "all but the second"])
def test_check_knows_every_place_between(app, applied):
    names = {
        "first": EARLIER[app][1:],
        "all but the last": EARLIER[app][-1:],
        "all but the second": EARLIER[app][1:2],
    }[applied]
    assert run(
        "DELETE FROM django_migrations WHERE app = %(app)s AND name = ANY(%(names)s)",
        app=app,
        names=names,
    ) == len(names)
    (error,) = no_database_stands_between(None, databases=["default"])
    assert error.id == "core.E001"
    assert f"{app}.{names[0]} was never applied" in error.msg


@pytest.mark.django_db
def test_check_is_content_with_all_and_with_none():
    assert no_database_stands_between(None, databases=["default"]) == []
    sql("DELETE FROM django_migrations WHERE name = '0001_initial' AND app = 'social'")
    assert no_database_stands_between(None, databases=["default"]) == []  # migrate writes it down
    sql("DELETE FROM django_migrations WHERE app = 'social'")
    assert no_database_stands_between(None, databases=["default"]) == []


@pytest.mark.django_db
def test_portal_does_not_start_on_a_database_that_stands_between():
    sql("DELETE FROM django_migrations WHERE name = %(name)s", name=EARLIER["social"][-1])
    with pytest.raises(SystemCheckError, match=r"core\.E001"):
        prepare_database()


def test_no_migration_has_the_name_of_an_earlier_one():
    """Where the earlier one was applied, Django would take it for done."""
    for key in some(MigrationLoader(None).disk_migrations):
        _first, *later = EARLIER.get(key[0], [""])
        assert key[1] not in later


# --- backwards ----------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("app", APPS)
def test_what_cannot_be_undone_says_so_before_anything_is(app):
    before = sql(STATE_SQL)
    with pytest.raises(CommandError, match=r"0001_initial cannot be undone \(Load sql/\w+\.sql\)"):
        call_command("migrate", app, "zero", verbosity=0)
    assert sql(STATE_SQL) == before


# --- SQL as it stands ---------------------------------------------------------------------------


@pytest.mark.django_db
def test_migrated_database_has_what_the_present_files_define():
    wanted, unread = wanted_guards()
    live = read_guards()
    roots = {key: text for key, text in live.triggers.items() if not is_partition(key[0])}
    assert unread == []
    assert wanted.functions == live.functions
    assert wanted.triggers == roots
    assert {"votes_guard()", "notification_id(event uuid, member uuid, channel text)"} <= set(
        wanted.functions
    )
    assert {("votes", "votes_1_guard"), ("audit_logs", "audit_logs_no_truncate")} <= set(roots)


def is_partition(table: str) -> bool:
    return sql("SELECT relispartition FROM pg_class WHERE relname = %(table)s", table=table)[0][0]


@pytest.mark.django_db
def test_every_present_file_can_be_loaded_over_itself():
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    before = read_guards()
    with connection.cursor() as cursor:
        for app, name in present_files():
            cursor.execute(SET_PATH + sql_file(app, name).read_text())
    assert read_guards() == before
    assert guard_problems() == []


def test_every_file_is_loaded_and_only_the_last_time_without_a_version():
    loaded: dict[Path, None] = {}
    versions: dict[tuple[str, str], list[int | None]] = {}
    migrations = MigrationLoader(None).disk_migrations
    for app, label in sorted(migrations):
        for operation in migrations[app, label].operations:
            if isinstance(operation, LoadSQL):
                loaded[sql_file(app, operation.name, operation.version)] = None
                versions.setdefault((app, operation.name), []).append(operation.version)
    files = {path for app in APPS for path in sql_file(app, "any").parent.glob("*.sql")}
    assert set(loaded) == files
    for each in some(versions.values()):
        assert each == [*range(1, len(each)), None]


@pytest.mark.django_db
def test_changed_object_is_loaded_by_its_versions(tmp_path, monkeypatch):
    monkeypatch.setattr(apps.get_app_config("social"), "path", tmp_path)
    (tmp_path / "sql").mkdir()
    text = "CREATE OR REPLACE FUNCTION heard() RETURNS text LANGUAGE sql RETURN '{}';"
    for name, said in (("heard.1", "old"), ("heard", "new")):
        (tmp_path / "sql" / f"{name}.sql").write_text(text.format(said))

    said = []
    for operation in (LoadSQL("heard", version=1), LoadSQL("heard")):
        with connection.schema_editor() as editor:
            operation.database_forwards("social", editor, None, None)
        said += sql("SELECT heard()")
    assert said == [("old",), ("new",)]


@pytest.mark.django_db
def test_loaded_text_may_name_what_django_leaves_to_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr(apps.get_app_config("social"), "path", tmp_path)
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql" / "late.sql").write_text("DROP INDEX late_ix;")
    with connection.schema_editor() as editor:
        editor.deferred_sql.append("CREATE INDEX late_ix ON tokens (name)")
        LoadSQL("late", once=True).database_forwards("social", editor, None, None)
        assert editor.deferred_sql == []
