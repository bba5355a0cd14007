"""Holds the live database's functions and triggers against the present files of ``<app>/sql/``.

PostgreSQL itself reads both: the files are loaded into a schema of empty tables, by a transaction
that is rolled back, and the catalog is asked for each definition there and here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db import DatabaseError, connection, transaction
from django.db.migrations.loader import MigrationLoader

from .schema_check import Problem
from .sql import SET_PATH, LoadSQL, sql_file

SCRATCH = "check_schema_scratch"

TABLES_SQL = """
    SELECT relname FROM pg_class
    WHERE relnamespace = current_schema()::regnamespace
      AND relkind IN ('r', 'p') AND NOT relispartition AND has_table_privilege(oid, 'SELECT')
    ORDER BY relname
"""
FUNCTIONS_SQL = """
    SELECT proname || '(' || pg_get_function_identity_arguments(oid) || ')',
           pg_get_functiondef(oid)
    FROM pg_proc
    WHERE pronamespace = current_schema()::regnamespace AND prokind = 'f'
      AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
    ORDER BY proname
"""
# A partition of any depth stands under the table that it belongs to.
TRIGGERS_SQL = """
    SELECT coalesce(root.relname, own.relname), own.relname, tgname, tgenabled::text,
           pg_get_triggerdef(pg_trigger.oid, true)
    FROM pg_trigger
    JOIN pg_class AS own ON own.oid = tgrelid
    LEFT JOIN pg_class AS root ON own.relispartition AND root.oid = pg_partition_root(tgrelid)
    WHERE own.relnamespace = current_schema()::regnamespace AND NOT tgisinternal
    ORDER BY 1, 2, 3
"""
PARTITIONS_SQL = """
    SELECT root.relname, own.relname
    FROM pg_class AS own JOIN pg_class AS root ON root.oid = pg_partition_root(own.oid)
    WHERE own.relnamespace = current_schema()::regnamespace
      AND own.relispartition AND own.relkind = 'r'
    ORDER BY 1, 2
"""
# What keeps a foreign key is a trigger as well, of PostgreSQL's own.
SWITCHED_OFF_SQL = """
    SELECT DISTINCT tgrelid::regclass::text, conname
    FROM pg_trigger JOIN pg_constraint ON pg_constraint.oid = tgconstraint
    WHERE connamespace = current_schema()::regnamespace AND tgisinternal AND tgenabled IN ('D', 'R')
    ORDER BY 1, 2
"""


@dataclass
class Guards:
    """What one schema has.

    ``functions``: name with arguments -> definition. ``triggers``: (table, name) -> definition,
    without the table's name. ``off``: those of them that do not fire for everybody.
    """

    functions: dict[str, str] = field(default_factory=dict)
    triggers: dict[tuple[str, str], str] = field(default_factory=dict)
    off: set[tuple[str, str]] = field(default_factory=set)
    partitions: dict[str, list[str]] = field(default_factory=dict)


def guard_problems() -> list[Problem]:
    """Functions and triggers that are missing, changed or switched off; empty when all are right.

    Leaves nothing behind. DatabaseError when the role may not make a schema for the while.
    """
    wanted, unread = wanted_guards()
    return [*unread, *_differences(wanted, read_guards())]


def wanted_guards() -> tuple[Guards, list[Problem]]:
    """What the present files define, and which of them this database's tables cannot take."""
    unread = []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        (live,) = cursor.fetchone()
        cursor.execute(TABLES_SQL)
        tables = [name for (name,) in cursor.fetchall()]
        cursor.execute(f"CREATE SCHEMA {SCRATCH}")
        for table in map(connection.ops.quote_name, tables):
            cursor.execute(f"CREATE TABLE {SCRATCH}.{table} (LIKE {table})")
        cursor.execute(f"SET LOCAL search_path = {SCRATCH}")
        for app_label, name in present_files():
            text = sql_file(app_label, name).read_text()
            try:
                with transaction.atomic():
                    cursor.execute(SET_PATH + text)
            except DatabaseError as error:
                said = str(error).partition("\n")[0]
                unread.append(Problem(f"{app_label}/sql/{name}.sql", "function", said))
        guards = read_guards()
        guards.functions = {
            name: text.replace(SCRATCH, live) for name, text in guards.functions.items()
        }
        transaction.set_rollback(True)
    return guards, unread


def present_files() -> list[tuple[str, str]]:
    """App and name of each function's or trigger's file, in the order of the migrations."""
    loader = MigrationLoader(None)
    order = dict.fromkeys(
        key for leaf in loader.graph.leaf_nodes() for key in loader.graph.forwards_plan(leaf)
    )
    return [
        (key[0], operation.name)
        for key in order
        for operation in loader.disk_migrations[key].operations
        if isinstance(operation, LoadSQL) and not operation.once and operation.version is None
    ]


def read_guards() -> Guards:
    """The functions and triggers of the current schema."""
    guards = Guards()
    with connection.cursor() as cursor:
        cursor.execute(FUNCTIONS_SQL)
        guards.functions = dict(cursor.fetchall())
        cursor.execute(TRIGGERS_SQL)
        for _root, table, name, enabled, definition in cursor.fetchall():
            guards.triggers[table, name] = definition.replace(f" ON {table} ", " ", 1)
            if enabled in "DR":
                guards.off.add((table, name))
        cursor.execute(PARTITIONS_SQL)
        for root, partition in cursor.fetchall():
            guards.partitions.setdefault(root, []).append(partition)
    return guards


def _differences(wanted: Guards, live: Guards) -> Iterator[Problem]:
    for function, definition in wanted.functions.items():
        if function not in live.functions:
            yield Problem(function, "function", "the function is missing")
        elif live.functions[function] != definition:
            yield Problem(function, "function", "the function is not that of its file")
    for (table, trigger), definition in wanted.triggers.items():
        everywhere = _trigger_fault(table, trigger, definition, live)
        if everywhere:
            yield Problem(table, "trigger", everywhere)
        # What guards a table guards each of its partitions: nobody writes past it.
        for partition in live.partitions.get(table, ()):
            fault = _trigger_fault(partition, trigger, definition, live)
            if fault and fault != everywhere:
                yield Problem(partition, "trigger", fault)
    with connection.cursor() as cursor:
        cursor.execute(SWITCHED_OFF_SQL)
        for table, constraint in cursor.fetchall():
            yield Problem(table, "trigger", f"the foreign key {constraint} is switched off")


def _trigger_fault(table: str, trigger: str, definition: str, live: Guards) -> str | None:
    found = live.triggers.get((table, trigger))
    if found is None:
        return f"the trigger {trigger} is missing"
    if found != definition:
        return f"the trigger {trigger} is not that of its file"
    return f"the trigger {trigger} is switched off" if (table, trigger) in live.off else None
