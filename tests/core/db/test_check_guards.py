"""Every trigger and function is taken away, switched off or hollowed out: it has to be named."""

import json
import re
from contextlib import contextmanager

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from dao_portal.core.db.guard_check import SCRATCH, guard_problems
from tests.looking import some
from tests.sql import sql

pytestmark = pytest.mark.django_db

TRIGGERS_SQL = """
    SELECT relname, tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
    WHERE NOT tgisinternal AND NOT relispartition AND relnamespace = 'public'::regnamespace
    ORDER BY relname, tgname
"""
FUNCTIONS_SQL = """
    SELECT proname, pg_get_function_identity_arguments(pg_proc.oid),
           pg_get_function_arguments(pg_proc.oid),
           pg_get_function_result(pg_proc.oid), lanname
    FROM pg_proc JOIN pg_language ON pg_language.oid = prolang
    WHERE pronamespace = 'public'::regnamespace ORDER BY proname
"""


def problems(kind=None):
    return [str(problem) for problem in guard_problems() if kind in (None, problem.kind)]


def every_trigger():
    triggers = sql(TRIGGERS_SQL)
    assert {("votes", "votes_1_guard"), ("users", "users_names_on_insert")} <= set(triggers)
    return triggers


def every_function():
    functions = sql(FUNCTIONS_SQL)
    assert {"votes_guard", "proposal_outcome", "notification_id"} <= {
        name for name, *_ in functions
    }
    return functions


def test_healthy_database_has_no_problems():
    assert problems() == []


@contextmanager
def wrecked(statement):
    """The database after ``statement``; as before again at the end."""
    with transaction.atomic():
        sql(statement)
        yield
        transaction.set_rollback(True)


def test_every_dropped_trigger_is_named():
    for table, trigger in some(every_trigger()):
        with wrecked(f"DROP TRIGGER {trigger} ON {table}"):
            assert problems() == [f"{table}: the trigger {trigger} is missing"]


def test_every_trigger_that_is_switched_off_is_named():
    for table, trigger in some(every_trigger()):
        with wrecked(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}"):
            assert problems() == [f"{table}: the trigger {trigger} is switched off"]


def test_trigger_that_fires_on_replicas_only_is_off():
    with wrecked("ALTER TABLE proposals ENABLE REPLICA TRIGGER proposals_1_guard"):
        assert problems() == ["proposals: the trigger proposals_1_guard is switched off"]


def test_trigger_that_always_fires_is_none_that_is_off():
    with wrecked("ALTER TABLE proposals ENABLE ALWAYS TRIGGER proposals_1_guard"):
        assert problems() == []


def test_every_trigger_that_never_fires_is_named():
    """Its function and its name are there; what it waits for never happens."""
    for table, trigger in some(every_trigger()):
        ((definition, per_row),) = sql(
            "SELECT pg_get_triggerdef(pg_trigger.oid), tgtype & 1 FROM pg_trigger"
            " JOIN pg_class ON pg_class.oid = tgrelid"
            " WHERE relname = %(table)s AND tgname = %(trigger)s",
            table=table,
            trigger=trigger,
        )
        head, _, call = definition.partition(" EXECUTE FUNCTION ")
        head = re.sub(r" WHEN \(.*", "", head).replace("CREATE ", "CREATE OR REPLACE ")
        with wrecked(f"{head} WHEN (false) EXECUTE FUNCTION {call}"):
            assert problems() == [f"{table}: the trigger {trigger} is not that of its file"]
        assert per_row == (" FOR EACH ROW" in definition)


def test_every_function_that_was_hollowed_out_is_named():
    for name, arguments, with_names, result, language in some(every_function()):
        body = {
            "trigger": "LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
            "void": "LANGUAGE plpgsql AS $$ BEGIN END $$",
        }.get(result, f"LANGUAGE {language} IMMUTABLE AS $$ SELECT NULL::{result} $$")
        replacement = f"CREATE OR REPLACE FUNCTION {name}({with_names}) RETURNS {result} {body}"
        with wrecked(replacement):
            assert problems() == [f"{name}({arguments}): the function is not that of its file"]


def test_every_missing_function_is_named():
    for name, arguments, *_ in some(every_function()):
        with wrecked(f"ALTER FUNCTION {name}({arguments}) RENAME TO elsewhere"):
            assert f"{name}({arguments}): the function is missing" in problems("function")


@pytest.mark.parametrize(
    "change",
    ["RESET search_path", "SET search_path = public", "SECURITY DEFINER", "SET jit = off"],
)
def test_function_under_other_settings_is_named(change):
    with wrecked(f"ALTER FUNCTION votes_guard() {change}"):
        assert problems() == ["votes_guard(): the function is not that of its file"]


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        (
            "ALTER TABLE votes_07 DISABLE TRIGGER votes_1_guard",
            "votes_07: the trigger votes_1_guard is switched off",
        ),
        (
            "DROP TRIGGER votes_3_tally ON votes_07",
            "votes_07: the trigger votes_3_tally is missing",
        ),
        (
            "DROP TRIGGER governance_no_truncate ON power_snapshots_15",
            "power_snapshots_15: the trigger governance_no_truncate is missing",
        ),
    ],
)
def test_door_past_a_table_by_one_of_its_partitions_is_named(statement, problem):
    with wrecked(statement):
        assert problems() == [problem]


def test_month_that_may_be_emptied_is_named():
    (partition,) = sql("SELECT max(relid::text) FROM pg_partition_tree('audit_logs')")[0]
    with wrecked(f"DROP TRIGGER audit_logs_no_truncate ON {partition}"):
        assert problems() == [f"{partition}: the trigger audit_logs_no_truncate is missing"]


def test_fault_of_a_table_is_not_told_of_each_partition_again():
    with wrecked("ALTER TABLE votes DISABLE TRIGGER votes_1_guard"):  # reaches all sixteen
        assert problems() == ["votes: the trigger votes_1_guard is switched off"]


def test_foreign_key_that_is_switched_off_is_named():
    with wrecked("ALTER TABLE wallets DISABLE TRIGGER ALL"):  # PostgreSQL's own triggers as well
        ((name,),) = sql(
            "SELECT conname FROM pg_constraint"
            " WHERE conrelid = 'wallets'::regclass AND contype = 'f'"
        )
        assert problems() == [f"wallets: the foreign key {name} is switched off"]


def test_missing_table_leaves_its_file_unread():
    with wrecked("ALTER TABLE tally_slots RENAME TO elsewhere"):
        found = problems()
        assert 'governance/sql/tally.sql: relation "tally_slots" does not exist' in found


def test_functions_and_triggers_of_others_are_none_of_its_business():
    with wrecked("CREATE FUNCTION theirs() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'"):
        sql("CREATE TRIGGER theirs AFTER INSERT ON tokens EXECUTE FUNCTION theirs()")
        assert problems() == []


def test_nothing_stays_of_the_comparison():
    before = sql("SHOW search_path")
    guard_problems()
    assert sql("SELECT to_regnamespace(%(name)s)", name=SCRATCH) == [(None,)]
    assert sql("SHOW search_path") == before


# --- the command --------------------------------------------------------------------------------


def test_command_names_it_and_exits_with_one(capsys):
    with wrecked("ALTER TABLE ONLY votes DISABLE TRIGGER votes_1_guard"):
        with pytest.raises(SystemExit) as stopped:
            call_command("check_schema", "--json")
        assert stopped.value.code == 1
        assert json.loads(capsys.readouterr().out) == {
            "ok": False,
            "problems": [
                {
                    "table": "votes",
                    "kind": "trigger",
                    "text": "the trigger votes_1_guard is switched off",
                }
            ],
        }


def test_role_that_may_not_make_a_schema_is_told_what_to_do():
    sql("CREATE ROLE reader")
    sql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    with wrecked("SET LOCAL ROLE reader"):
        with pytest.raises(CommandError, match="Run this as the role that owns the tables"):
            call_command("check_schema")
        sql("RESET ROLE")
