"""Every entry of the contract is taken away in turn, and ``check_schema`` has to name it.

DDL is transactional in PostgreSQL: each test wrecks the schema and is rolled back.
"""

import json
from datetime import UTC, datetime

import pytest
from django.core.management import call_command
from django.db import connection

from dao_portal.core.db.months import Month
from dao_portal.core.db.schema_check import schema_problems
from dao_portal.core.db.schema_contract import CONTRACT, ByMonth, HashBy

pytestmark = pytest.mark.django_db

OTHER_TYPES = {"uuid": "text", "json": "json", "decimal": "numeric(18,6)"}
COLUMNS = [(name, column) for name, table in CONTRACT.items() for column in table.columns]
UNIQUE = [(name, columns) for name, table in CONTRACT.items() for columns in table.unique]
ALLOWED = [(name, column) for name, table in CONTRACT.items() for column in table.allowed]
INDEXES = [(name, columns) for name, table in CONTRACT.items() for columns in table.indexes]
JSON_INDEXES = [(name, column) for name, table in CONTRACT.items() for column in table.json_indexes]
FOREIGN_KEYS = [
    (name, column, target)
    for name, table in CONTRACT.items()
    for column, target in table.foreign_keys.items()
]
HASHED = [name for name, table in CONTRACT.items() if isinstance(table.partitions, HashBy)]
MONTHLY = [name for name, table in CONTRACT.items() if isinstance(table.partitions, ByMonth)]


def run(statement, values=()):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


def problems():
    return [str(problem) for problem in schema_problems()]


def indexes_on(table, columns, *, unique=False):
    """Indexes that begin with ``columns``; with ``unique``, unique ones on exactly these."""
    names = run(
        """
        SELECT relname, ARRAY(
            SELECT attname::text
            FROM unnest(indkey::int2[]) WITH ORDINALITY AS item (number, place)
            JOIN pg_attribute ON attrelid = indrelid AND attnum = number
            ORDER BY place
        ), indisunique
        FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
        WHERE indrelid = %s::regclass
        """,
        [table],
    )
    wanted = columns.split(", ")
    if unique:
        return [name for name, found, is_unique in names if is_unique and found == wanted]
    return [name for name, found, _ in names if found[: len(wanted)] == wanted]


def drop_index(table, name):
    run(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name} CASCADE")
    run(f"DROP INDEX IF EXISTS {name}")


def drop_constraints(table, column, kind, target=None):
    """Those of ``kind`` ("c", "f") that contain ``column`` and refer to ``target``."""
    names = run(
        """
        SELECT conname
        FROM pg_constraint
        JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY(conkey)
        WHERE conrelid = %s::regclass AND contype = %s AND attname = %s AND conparentid = 0
          AND (%s::text IS NULL OR confrelid = to_regclass(%s))
        """,
        [table, kind, column, target, target],
    )
    assert names
    for (name,) in names:
        run(f"ALTER TABLE {table} DROP CONSTRAINT {name}")


# --- the contract itself ------------------------------------------------------------------------


def test_migrated_database_holds_the_contract():
    assert problems() == []


def test_check_takes_six_statements(django_assert_num_queries):
    with django_assert_num_queries(6):
        schema_problems()


def test_contract_has_the_twelve_tables():
    assert list(CONTRACT) == [
        *("users", "profiles", "wallets", "tokens", "user_tokens", "proposals", "votes"),
        *("comments", "notifications", "transactions", "audit_logs", "settings"),
    ]


@pytest.mark.parametrize("name", CONTRACT)
def test_contract_follows_its_general_rules(name):
    """UUID keys, both timestamps, an index on created_at, on each foreign key, on each unique."""
    table = CONTRACT[name]
    times = {column for column in ("created_at", "updated_at") if column in table.columns}

    assert table.columns["id"] == "uuid"
    assert times == ({"created_at"} if name == "audit_logs" else {"created_at", "updated_at"})
    assert {"created_at", *table.foreign_keys, *table.unique} <= set(table.indexes)
    assert {
        column
        for columns in (*table.unique, *table.allowed, *table.indexes, *table.json_indexes)
        for column in columns.split(", ")
    } <= set(table.columns)


# --- each entry in turn -------------------------------------------------------------------------


@pytest.mark.parametrize("name", CONTRACT)
def test_missing_table_is_named(name):
    run(f"ALTER TABLE {name} RENAME TO elsewhere")
    assert f"{name}: the table is missing" in problems()


@pytest.mark.parametrize(("name", "column"), COLUMNS)
def test_missing_column_is_named(name, column):
    # Renamed, because PostgreSQL drops no column that a partition is chosen by.
    run(f"ALTER TABLE {name} RENAME {column} TO elsewhere")
    assert f"{name}: no column {column}" in problems()


@pytest.mark.parametrize(("name", "column"), COLUMNS)
def test_column_of_another_type_is_named(name, column):
    word = CONTRACT[name].columns[column]
    other = OTHER_TYPES.get(word, "bigint")
    run(f"ALTER TABLE {name} RENAME {column} TO elsewhere")
    run(f"ALTER TABLE {name} ADD {column} {other}")
    assert f"{name}: column {column} is {other}, and should be a {word}" in problems()


@pytest.mark.parametrize("name", CONTRACT)
def test_missing_primary_key_is_named(name):
    run(f"ALTER TABLE {name} DROP CONSTRAINT {name}_pkey CASCADE")
    assert f"{name}: no primary key on (id)" in problems()


@pytest.mark.parametrize(("name", "columns"), UNIQUE)
def test_missing_unique_is_named(name, columns):
    for index in indexes_on(name, columns, unique=True):
        drop_index(name, index)
    assert f"{name}: no unique constraint on ({columns})" in problems()


@pytest.mark.parametrize(("name", "column"), ALLOWED)
def test_missing_check_is_named(name, column):
    drop_constraints(name, column, "c")
    values = ", ".join(CONTRACT[name].allowed[column])
    assert problems() == [f"{name}: no check that {column} is one of {values}"]


@pytest.mark.parametrize(("name", "column"), ALLOWED)
def test_check_that_allows_more_is_named(name, column):
    drop_constraints(name, column, "c")
    right = CONTRACT[name].allowed[column]
    wrong = sorted((*right, "other"))
    run(f"ALTER TABLE {name} ADD CHECK ({column} IN ({', '.join(map(repr, wrong))}))")
    allows, should = ", ".join(wrong), ", ".join(right)
    assert problems() == [
        f"{name}: the check on {column} allows {allows}, and should allow {should}"
    ]


@pytest.mark.parametrize(("name", "columns"), INDEXES)
def test_missing_index_is_named(name, columns):
    for index in indexes_on(name, columns):
        drop_index(name, index)
    assert f"{name}: no index that begins with ({columns})" in problems()


@pytest.mark.parametrize(("name", "column"), JSON_INDEXES)
def test_missing_json_index_is_named(name, column):
    for index in indexes_on(name, column):
        drop_index(name, index)
    assert problems() == [f"{name}: no GIN index on ({column})"]


@pytest.mark.parametrize(("name", "column", "target"), FOREIGN_KEYS)
def test_missing_foreign_key_is_named(name, column, target):
    drop_constraints(name, column, "f", target)
    assert problems() == [f"{name}: no foreign key from {column} to {target} (id)"]


@pytest.mark.parametrize("name", [*HASHED, *MONTHLY])
def test_table_without_partitions_is_named(name):
    way = CONTRACT[name].partitions
    run(f"ALTER TABLE {name} RENAME TO elsewhere")
    run(f"CREATE TABLE {name} (LIKE elsewhere INCLUDING ALL)")
    assert f"{name}: not partitioned {way}" in problems()


@pytest.mark.parametrize("name", [*HASHED, *MONTHLY])
def test_partitions_by_another_column_are_named(name):
    run(f"ALTER TABLE {name} RENAME TO elsewhere")
    run(f"CREATE TABLE {name} (LIKE elsewhere INCLUDING DEFAULTS) PARTITION BY HASH (id)")
    way = CONTRACT[name].partitions
    assert f"{name}: partitioned by hash of id, and should be {way}" in problems()


@pytest.mark.parametrize("name", HASHED)
def test_missing_hash_partition_is_named(name):
    run(f"ALTER TABLE {name} DETACH PARTITION {name}_07")
    assert problems() == [f"{name}: hash partitions are missing: 1/16 of all rows would be refused"]


@pytest.mark.parametrize("name", MONTHLY)
def test_missing_month_is_named(name):
    now = Month.of(datetime.now(UTC))
    run(f"ALTER TABLE {name} DETACH PARTITION {name}_{now.year}_{now.month:02}")
    assert problems() == [f"{name}: no partition for {now}, the current month"]


@pytest.mark.parametrize("name", MONTHLY)
def test_partition_of_two_months_is_named(name):
    first = Month(2001, 1)
    run(
        f"CREATE TABLE winter PARTITION OF {name} FOR VALUES FROM (%s) TO (%s)",
        [str(first.first_key), str((first + 2).first_key)],
    )
    run(f"CREATE TABLE rest PARTITION OF {name} DEFAULT")
    assert problems() == [
        f"{name}: the partition rest is not one calendar month",
        f"{name}: the partition winter is not one calendar month",
    ]


# --- what counts, and what does not -------------------------------------------------------------


@pytest.mark.parametrize(
    ("replacement", "counts"),
    [
        ("CREATE INDEX ON proposals (status)", True),
        ("CREATE INDEX ON proposals (status, created_at)", True),
        ("CREATE INDEX ON proposals (created_at, status)", False),
        ("CREATE INDEX ON proposals (lower(status))", False),
        ("CREATE INDEX ON proposals (title) INCLUDE (status)", False),
        ("CREATE INDEX ON proposals (status) WHERE status = 'active'", False),
        ("CREATE INDEX ON proposals USING hash (status)", False),
    ],
)
def test_only_an_index_that_begins_with_the_columns_counts(replacement, counts):
    run("DROP INDEX proposals_status_newest_ix")
    run(replacement)
    expected = [] if counts else ["proposals: no index that begins with (status)"]
    assert problems() == expected


def test_index_that_a_failed_build_left_behind_does_not_count():
    run(
        "UPDATE pg_index SET indisvalid = false"
        " WHERE indexrelid = 'proposals_status_newest_ix'::regclass"
    )
    assert problems() == ["proposals: no index that begins with (status)"]


@pytest.mark.parametrize(
    "replacement",
    [
        "CREATE INDEX ON tokens (symbol)",
        "CREATE UNIQUE INDEX ON tokens (symbol) WHERE is_active",
        "CREATE UNIQUE INDEX ON tokens (symbol, network)",
        "CREATE UNIQUE INDEX ON tokens (lower(symbol))",
    ],
)
def test_only_a_unique_index_on_exactly_the_columns_counts(replacement):
    run("ALTER TABLE tokens DROP CONSTRAINT tokens_symbol_key")
    run(replacement)
    assert "tokens: no unique constraint on (symbol)" in problems()


@pytest.mark.parametrize("how", ["NOT VALID", "NOT ENFORCED"])
def test_constraint_that_does_not_hold_for_every_row_does_not_count(how):
    drop_constraints("users", "role", "c")
    drop_constraints("wallets", "user_id", "f", "users")
    run(f"ALTER TABLE users ADD CHECK (role IN ('user', 'moderator', 'admin')) {how}")
    run(f"ALTER TABLE wallets ADD FOREIGN KEY (user_id) REFERENCES users (id) {how}")
    assert problems() == [
        "users: no check that role is one of user, moderator, admin",
        "wallets: no foreign key from user_id to users (id)",
    ]


# --- the command --------------------------------------------------------------------------------


def test_command_is_content_with_a_migrated_database(capsys):
    call_command("check_schema")
    assert capsys.readouterr() == ("All 12 tables with 127 columns are as promised.\n", "")


def test_command_names_what_is_missing_and_exits_with_one(capsys):
    run("ALTER TABLE votes DROP CONSTRAINT votes_proposal_voter_uniq CASCADE")
    with pytest.raises(SystemExit) as stopped:
        call_command("check_schema")
    assert stopped.value.code == 1
    printed = capsys.readouterr()
    assert printed.out.splitlines() == [
        "votes: no unique constraint on (proposal_id, voter_id)",
        "votes: no index that begins with (proposal_id, voter_id)",
    ]
    assert printed.err == "Differences from the schema: 2. See docs/schema.md.\n"


def test_command_speaks_json(capsys):
    call_command("check_schema", "--json")
    assert json.loads(capsys.readouterr().out) == {"ok": True, "problems": []}

    run("DROP INDEX settings_public_ix")
    with pytest.raises(SystemExit):
        call_command("check_schema", "--json")
    assert json.loads(capsys.readouterr().out) == {
        "ok": False,
        "problems": [
            {
                "table": "settings",
                "kind": "index",
                "text": "no index that begins with (is_public)",
            }
        ],
    }
