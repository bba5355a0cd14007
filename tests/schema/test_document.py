"""docs/schema.md says what the database has: the diagram, the tables, the indexes it names."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from dao_portal.core.db.schema_contract import CONTRACT
from tests.schema.rows import MODELS
from tests.sql import sql

pytestmark = pytest.mark.django_db

PAGE = (Path(settings.BASE_DIR) / "docs" / "schema.md").read_text()
DIAGRAM = PAGE.split("```mermaid")[1].split("```")[0]
TABLES = PAGE.split("## Tables")[1].split("## Delete rules")[0]

COLUMNS_SQL = """
    SELECT attname, typname,
      EXISTS (SELECT FROM pg_index
        WHERE indrelid = attrelid AND indisprimary AND attnum = ANY(indkey)),
      EXISTS (SELECT FROM pg_constraint
        WHERE conrelid = attrelid AND contype = 'f' AND attnum = ANY(conkey)),
      EXISTS (SELECT FROM pg_index
        WHERE indrelid = attrelid AND indisunique AND NOT indisprimary AND indpred IS NULL
          AND indnkeyatts = 1 AND indkey[0] = attnum)
    FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid
    WHERE attrelid = %(table)s::regclass AND attnum > 0 AND NOT attisdropped
    ORDER BY attnum
"""


def drawn(table: str) -> list[str]:
    """What the diagram shows in the box of ``table``, line by line."""
    box = re.search(rf"^    {table} {{\n(.*?)^    }}", DIAGRAM, re.MULTILINE | re.DOTALL)
    return [line.strip() for line in box[1].splitlines()] if box else []


@pytest.mark.parametrize("table", MODELS)
def test_diagram_shows_every_column(table):
    lines = []
    for name, type_, *keys in sql(COLUMNS_SQL, table=table):
        marks = [mark for mark, is_one in zip(("PK", "FK", "UK"), keys, strict=True) if is_one]
        lines.append(f"{type_} {name} {', '.join(marks)}".strip())
    assert drawn(table) == lines


def test_diagram_shows_every_table_and_no_other():
    assert sorted(re.findall(r"^    (\w+) {$", DIAGRAM, re.MULTILINE)) == sorted(MODELS)


def test_diagram_shows_every_relation():
    relations = sql(
        "SELECT DISTINCT confrelid::regclass::text, conrelid::regclass::text FROM pg_constraint"
        " WHERE conrelid = ANY(%(tables)s::regclass[]) AND contype = 'f' AND conparentid = 0",
        tables=list(MODELS),
    )
    shown = re.findall(r"^    (\w+) \|\|--o[{|] (\w+) : ", DIAGRAM, re.MULTILINE)
    assert sorted(shown) == sorted(relations)


def test_tables_are_listed_with_their_app_and_partitions():
    partitions = {
        table: "by month" if strategy == "r" else f"16 by hash of `{column}`"
        for table, strategy, column in sql(
            "SELECT relname, partstrat::text, (SELECT attname FROM pg_attribute"
            "  WHERE attrelid = partrelid AND attnum = partattrs[0])"
            " FROM pg_partitioned_table JOIN pg_class ON pg_class.oid = partrelid"
        )
    }
    listed = re.findall(r"^\| `(\w+)` \| (\w+) \| [^|]+ \| ?([^|]*?) ?\|$", TABLES, re.MULTILINE)
    assert sorted(listed) == sorted(
        (table, model._meta.app_label, partitions.get(table, "")) for table, model in MODELS.items()
    )
    assert {table for table, *_ in listed[:12]} == set(CONTRACT)


def test_every_index_and_constraint_that_is_named_exists():
    names = set(re.findall(r"\b[a-z_]+_(?:ix|uniq)\b", PAGE))
    found = sql(
        "SELECT relname FROM pg_class WHERE relkind IN ('i', 'I') AND relname = ANY(%(names)s)",
        names=list(names),
    )
    assert {name for (name,) in found} == names


def test_json_columns_all_have_their_decision():
    columns = sql(
        "SELECT attrelid::regclass::text, attname FROM pg_attribute"
        " JOIN pg_type ON pg_type.oid = atttypid"
        " WHERE attrelid = ANY(%(tables)s::regclass[]) AND typname = 'jsonb' AND attnum > 0",
        tables=list(MODELS),
    )
    section = PAGE.split("JSON has an index")[1].split("## ")[0]
    decided = {
        (table, column)
        for table, first, rest in re.findall(
            r"^\| `(\w+)\.(\w+)`((?:, `\w+`)*)", section, re.MULTILINE
        )
        for column in (first, *re.findall(r"\w+", rest))
    }
    assert decided == set(columns)
