"""`make mutants` over one small module: what it notices, and that it names what no test misses."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, transaction

from tests import mutants
from tests.sql import sql

GUARDS = """
log = []

class Purse:
    def spend(self, amount):
        if amount < 0:
            raise ValueError("less than nothing")
        if amount == 7:
            return 7
        log.append(amount)
        return amount

def count_down(n):
    if n < 0:
        return
    while n:
        n -= 1
"""
TESTS = """
import guards, pytest

def test_spend():
    with pytest.raises(ValueError):
        guards.Purse().spend(-1)
    assert guards.Purse().spend(7) == 7
    assert guards.Purse().spend(1) == 1
    assert guards.log[-1] == 1

def test_spend_that_fails_anyway():
    assert guards.Purse().spend(7) == 8

def test_count_down():
    guards.count_down(-1)
"""
CONFTEST = """
from tests import mutants

mutants.MODULES[:] = ["guards.py"]
mutants.PATIENCE = 5
"""
INI = """
[pytest]
pythonpath = .
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("mutants")
    files = {
        "guards.py": GUARDS,
        "test_guards.py": TESTS,
        "conftest.py": CONFTEST,
        "pytest.ini": INI,
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.mutants", "-p", "no:randomly"]
    environment = os.environ | {"PYTHONPATH": str(settings.BASE_DIR)}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr  # 75 of a hundred are too few
    return done.stdout


@pytest.mark.parametrize("guard", [
    "guards.py Purse.spend: if amount < 0: (by test_guards.py::test_spend)",
    "guards.py Purse.spend: log.append(amount) (by test_guards.py::test_spend)",
    "guards.py count_down: if n < 0: (by test_guards.py::test_count_down)",
])  # fmt: skip
def test_guard_that_a_test_misses_is_noticed(said, guard):
    """The last one by a test that hangs without it."""
    assert f"noticed  {guard}" in said


def test_useless_guard_is_named_though_some_test_fails_anyway(said):
    assert "no test misses guards.py Purse.spend: if amount == 7:" in said
    assert "3 of 4 guards noticed: 75.0 %" in said


@pytest.mark.django_db
def test_every_guard_of_the_database_can_be_taken_away():
    connection.ensure_connection()
    found = list(mutants.sql_mutants(connection.connection))
    places = {mutant.place for mutant in found}
    assert {"SQL votes_guard()", "SQL trigger votes_1_guard"} <= places
    for mutant in found:
        with transaction.atomic():
            before = guards_as_they_stand()
            sql(mutant.sql.replace("%", "%%"))
            assert guards_as_they_stand() != before, mutant
            transaction.set_rollback(True)


def guards_as_they_stand():
    return sql("SELECT md5(string_agg(prosrc, '' ORDER BY oid)) FROM pg_proc") + sql(
        "SELECT md5(string_agg(tgenabled::text, '' ORDER BY oid)) FROM pg_trigger"
    )


@pytest.mark.django_db
def test_guards_that_are_not_tried_exist():
    connection.ensure_connection()
    python, database = mutants.python_mutants(Path(settings.BASE_DIR)), connection.connection
    assert mutants.EQUIVALENT.keys() <= {
        *map(str, python),
        *map(str, mutants.sql_mutants(database)),
    }
