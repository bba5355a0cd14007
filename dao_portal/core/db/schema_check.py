"""Holds the live database against the contract (schema_contract.py), by its own catalog."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any
from uuid import UUID

from django.db import connection

from .months import Month, time_of_key
from .schema_contract import CONTRACT, HashBy, Table

# The schema's word for a type -> how PostgreSQL writes it, without a length.
TYPES = {
    "uuid": r"uuid",
    "string": r"character varying(\(\d+\))?|text",
    "text": r"text",
    "boolean": r"boolean",
    "datetime": r"timestamp with time zone",
    "decimal": r"numeric\(\d+,18\)",
    "integer": r"integer",
    "json": r"jsonb",
}


@dataclass(frozen=True)
class Problem:
    """One thing that the database should have and does not. ``table`` may be a function's name."""

    table: str
    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.table}: {self.text}"


@dataclass(frozen=True)
class LiveIndex:
    """An index over all rows, in use. A column that is an expression is None."""

    method: str
    unique: bool
    primary: bool
    columns: list[str | None]


@dataclass
class LiveTable:
    """What the catalog says of one table.

    ``partitioned``: method and columns. ``checks``: column -> definitions that name it alone.
    ``references``: (column, table, column there). ``bounds``: partition -> what it takes in.
    """

    partitioned: tuple[str, list[str | None]] | None = None
    columns: dict[str, str] = field(default_factory=dict)
    indexes: list[LiveIndex] = field(default_factory=list)
    checks: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    references: set[tuple[str | None, str | None, str | None]] = field(default_factory=set)
    bounds: dict[str, str] = field(default_factory=dict)


def schema_problems() -> list[Problem]:
    """Everything that is missing or wrong, in the contract's order; empty when all is there."""
    live = read_catalog(list(CONTRACT))
    return [
        problem
        for name, wanted in CONTRACT.items()
        for problem in (
            _table_problems(name, wanted, live[name])
            if name in live
            else [Problem(name, "table", "the table is missing")]
        )
    ]


# --- reading ------------------------------------------------------------------------------------

TABLES_SQL = """
    SELECT pg_class.oid, relname, partstrat::text, partattrs::int2[]
    FROM pg_class LEFT JOIN pg_partitioned_table ON partrelid = pg_class.oid
    WHERE relnamespace = current_schema()::regnamespace
      AND relkind IN ('r', 'p') AND relname = ANY(%s)
"""
COLUMNS_SQL = """
    SELECT attrelid, attnum, attname, format_type(atttypid, atttypmod)
    FROM pg_attribute
    WHERE attrelid = ANY(%s) AND attnum > 0 AND NOT attisdropped
"""
INDEXES_SQL = """
    SELECT indrelid, amname, indisunique, indisprimary, (indkey::int2[])[0:indnkeyatts - 1]
    FROM pg_index
    JOIN pg_class ON pg_class.oid = indexrelid
    JOIN pg_am ON pg_am.oid = relam
    WHERE indrelid = ANY(%s) AND indisvalid AND indpred IS NULL
"""
CHECKS_SQL = """
    SELECT conrelid, conkey[1], pg_get_constraintdef(oid)
    FROM pg_constraint
    WHERE conrelid = ANY(%s) AND contype = 'c' AND cardinality(conkey) = 1
      AND convalidated AND conenforced
"""
FOREIGN_KEYS_SQL = """
    SELECT conrelid, conkey, confrelid, confkey
    FROM pg_constraint
    WHERE conrelid = ANY(%s) AND contype = 'f' AND conparentid = 0
      AND convalidated AND conenforced
"""
PARTITIONS_SQL = """
    SELECT inhparent, relname, pg_get_expr(relpartbound, pg_class.oid)
    FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
    WHERE inhparent = ANY(%s) AND NOT inhdetachpending
"""
STRATEGIES = {"h": "hash", "r": "range", "l": "list"}


def read_catalog(wanted: list[str]) -> dict[str, LiveTable]:
    """Those of the ``wanted`` tables that exist, in six queries for all of them."""
    with connection.cursor() as cursor:
        tables = _rows(cursor, TABLES_SQL, wanted)
        names = {oid: name for oid, name, *_ in tables}
        live = {oid: LiveTable() for oid in names}
        # The catalog speaks of columns by number; an expression in an index has the number 0.
        column_names: dict[tuple[int, int], str] = {}
        for oid, number, name, type_ in _rows(cursor, COLUMNS_SQL, list(live)):
            column_names[oid, number] = name
            live[oid].columns[name] = type_

        def columns(oid: int, numbers: list[int]) -> list[str | None]:
            return [column_names.get((oid, number)) for number in numbers]

        for oid, _name, strategy, key in tables:
            if strategy:
                live[oid].partitioned = (STRATEGIES[strategy], columns(oid, key))
        for oid, method, unique, primary, key in _rows(cursor, INDEXES_SQL, list(live)):
            live[oid].indexes.append(LiveIndex(method, unique, primary, columns(oid, key)))
        for oid, number, definition in _rows(cursor, CHECKS_SQL, list(live)):
            live[oid].checks[column_names[oid, number]].append(definition)
        for oid, key, target, target_key in _rows(cursor, FOREIGN_KEYS_SQL, list(live)):
            pairs = zip(columns(oid, key), columns(target, target_key), strict=True)
            live[oid].references |= {(own, names.get(target), other) for own, other in pairs}
        for oid, name, bound in _rows(cursor, PARTITIONS_SQL, list(live)):
            live[oid].bounds[name] = bound
    return {names[oid]: table for oid, table in live.items()}


def _rows(cursor: Any, query: str, values: list[Any]) -> list[tuple[Any, ...]]:
    cursor.execute(query, [values])
    rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


# --- comparing ----------------------------------------------------------------------------------


def _table_problems(name: str, wanted: Table, live: LiveTable) -> Iterator[Problem]:
    found = (
        ("column", _columns(wanted, live)),
        ("primary key", _primary_key(wanted, live)),
        ("unique", _unique(wanted, live)),
        ("check", _checks(wanted, live)),
        ("foreign key", _foreign_keys(wanted, live)),
        ("index", _indexes(wanted, live)),
        ("partition", _partitions(wanted, live)),
    )
    for kind, texts in found:
        for text in texts:
            yield Problem(name, kind, text)


def _columns(wanted: Table, live: LiveTable) -> Iterator[str]:
    for column, word in wanted.columns.items():
        type_ = live.columns.get(column)
        if type_ is None:
            yield f"no column {column}"
        elif not re.fullmatch(TYPES[word], type_):
            yield f"column {column} is {type_}, and should be a {word}"


def _primary_key(wanted: Table, live: LiveTable) -> Iterator[str]:
    allowed = [{"id"}]
    if isinstance(wanted.partitions, HashBy):
        allowed.append({"id", wanted.partitions.column})
    keys = [set(index.columns) for index in live.indexes if index.primary]
    if not any(key in allowed for key in keys):
        yield "no primary key on (id)"


def _unique(wanted: Table, live: LiveTable) -> Iterator[str]:
    keys = [set(index.columns) for index in live.indexes if index.unique]
    for columns in wanted.unique:
        if set(columns.split(", ")) not in keys:
            yield f"no unique constraint on ({columns})"


def _checks(wanted: Table, live: LiveTable) -> Iterator[str]:
    for column, values in wanted.allowed.items():
        lists = [
            listed
            for definition in live.checks.get(column, ())
            if (listed := _listed_values(definition)) is not None
        ]
        if not lists:
            yield f"no check that {column} is one of {', '.join(values)}"
        elif set.intersection(*lists) != set(values):
            allowed = ", ".join(sorted(set.intersection(*lists))) or "nothing"
            yield f"the check on {column} allows {allowed}, and should allow {', '.join(values)}"


def _listed_values(definition: str) -> set[str] | None:
    """The words of ``column IN (...)``, which PostgreSQL writes as ``= ANY (ARRAY[...])``."""
    literal = r"'((?:[^']|'')*)'::"
    rest = re.sub(literal, "", definition)
    if "= ANY (" not in rest or re.search(r"\b(AND|OR|NOT)\b", rest):
        return None
    return set(re.findall(literal, definition))


def _foreign_keys(wanted: Table, live: LiveTable) -> Iterator[str]:
    for column, table in wanted.foreign_keys.items():
        if (column, table, "id") not in live.references:
            yield f"no foreign key from {column} to {table} (id)"


def _indexes(wanted: Table, live: LiveTable) -> Iterator[str]:
    for columns in wanted.indexes:
        if not _begins_an_index("btree", columns.split(", "), live):
            yield f"no index that begins with ({columns})"
    for column in wanted.json_indexes:
        if not _begins_an_index("gin", [column], live):
            yield f"no GIN index on ({column})"


def _begins_an_index(method: str, columns: list[str], live: LiveTable) -> bool:
    return any(
        index.method == method and index.columns[: len(columns)] == columns
        for index in live.indexes
    )


def _partitions(wanted: Table, live: LiveTable) -> Iterator[str]:
    if wanted.partitions is None:
        return
    hash_column = wanted.partitions.column if isinstance(wanted.partitions, HashBy) else None
    right = ("hash", [hash_column]) if hash_column else ("range", ["id"])
    if live.partitioned is None:
        yield f"not partitioned {wanted.partitions}"
    elif live.partitioned != right:
        method, columns = live.partitioned
        key = ", ".join(column or "an expression" for column in columns)
        yield f"partitioned by {method} of {key}, and should be {wanted.partitions}"
    elif hash_column:
        yield from _hash_gaps(live.bounds)
    else:
        yield from _month_gaps(live.bounds)


def _hash_gaps(bounds: dict[str, str]) -> Iterator[str]:
    moduli = [int(bound.partition("modulus ")[2].partition(",")[0]) for bound in bounds.values()]
    missing = 1 - sum((Fraction(1, modulus) for modulus in moduli), Fraction(0))
    if missing:
        yield f"hash partitions are missing: {missing} of all rows would be refused"


def _month_gaps(bounds: dict[str, str]) -> Iterator[str]:
    months = set()
    for name, bound in sorted(bounds.items()):
        keys = [UUID(key) for key in re.findall(r"'([0-9a-f-]{36})'", bound)]
        month = Month.of(time_of_key(keys[0])) if keys else None
        if month and keys == [month.first_key, (month + 1).first_key]:
            months.add(month)
        else:
            yield f"the partition {name} is not one calendar month"
    if (now := Month.of(datetime.now(UTC))) not in months:
        yield f"no partition for {now}, the current month"
