"""Each delete rule of docs/schema.md is tried, through SQL and through the ORM.

Always with a parent that nothing else refers to: only the rule in question can speak.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from django.conf import settings
from django.db import models
from django.db.models import RestrictedError

from tests.schema.rows import MODELS, another_row, change, refused_by
from tests.sql import run, sql

pytestmark = pytest.mark.django_db

RULE_ROW = re.compile(
    r"^\| `(\w+)` \| ((?:`\w+`(?:, )?)+) \| `(\w+)` \| (CASCADE|RESTRICT) \| [^|]+ \|$",
    re.MULTILINE,
)
ON_DELETE = {"CASCADE": models.CASCADE, "RESTRICT": models.RESTRICT}
IN_CATALOG = {"CASCADE": "c", "RESTRICT": "a"}  # a: NO ACTION, deferred to the commit

FOREIGN_KEYS_SQL = """
    SELECT conname, conrelid::regclass::text, confrelid::regclass::text, confdeltype::text,
      ARRAY(
        SELECT attname::text FROM unnest(conkey) WITH ORDINALITY AS item (number, place)
        JOIN pg_attribute ON attrelid = conrelid AND attnum = number ORDER BY place
      ),
      (SELECT attname FROM pg_attribute
        WHERE attrelid = confrelid AND attnum = confkey[cardinality(confkey)])
    FROM pg_constraint
    WHERE conrelid = ANY(%(tables)s::regclass[]) AND contype = 'f' AND conparentid = 0
"""


@dataclass(frozen=True)
class Rule:
    """One row of the table in docs/schema.md."""

    table: str
    columns: tuple[str, ...]
    parent: str
    rule: str

    def __str__(self) -> str:
        return f"{self.table}({','.join(self.columns)})"

    @property
    def column(self) -> str:
        """The one that names the parent; before it, a composite key has what both share."""
        return self.columns[-1]

    @property
    def field(self) -> models.ForeignKey | None:
        """Django's own foreign key for it, where it has one."""
        parent = MODELS[self.parent]
        for field in MODELS[self.table]._meta.concrete_fields:
            if field.column == self.column and field.related_model is parent:
                return field
        return None


RULES = [
    Rule(table, tuple(re.findall(r"\w+", columns)), parent, rule)
    for table, columns, parent, rule in RULE_ROW.findall(
        (Path(settings.BASE_DIR) / "docs" / "schema.md").read_text()
    )
]


@dataclass(frozen=True)
class Case:
    """A child row that refers to a parent row of its own."""

    constraint: str
    child: UUID
    parent: UUID


def catalog() -> dict[Rule, tuple[str, str]]:
    """Every foreign key of ours: rule -> name, column referred to."""
    rules = {value: word for word, value in IN_CATALOG.items()}
    return {
        Rule(table, tuple(columns), parent, rules[action]): (name, target)
        for name, table, parent, action, columns, target in sql(
            FOREIGN_KEYS_SQL, tables=list(MODELS)
        )
    }


@pytest.fixture
def case(rows, request) -> Case:
    """For the rule in question: its child row, moved to a parent that has no other child."""
    rule = request.getfixturevalue("rule")
    constraint, target = catalog()[rule]
    parent = another_row(rule.parent, rows[rule.parent])
    value = f"(SELECT {target} FROM {rule.parent} WHERE id = '{parent}')"
    change(rule.table, rows[rule.table], f"{rule.column} = {value}")
    return Case(constraint, rows[rule.table], parent)


def exists(table: str, key: UUID) -> bool:
    return sql(f"SELECT count(*) FROM {table} WHERE id = %(key)s", key=key) == [(1,)]


def delete(table: str, key: UUID) -> None:
    assert run(f"DELETE FROM {table} WHERE id = %(key)s", key=key) == 1


# --- the page, the database and the models agree ------------------------------------------------


def test_page_lists_every_foreign_key_with_its_rule(rows):
    assert sorted(map(repr, RULES)) == sorted(map(repr, catalog()))


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_model_has_the_rule(rule):
    if rule.field:
        assert rule.field.remote_field.on_delete is ON_DELETE[rule.rule]
    else:
        # Only the database knows these: no ORM can express them, so no ORM can break them.
        assert (rule.table, rule.column) in {("comments", "root_id"), ("votes", "voter_id")}


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_foreign_key_has_an_index(rule):
    """Or each deletion of a parent would read the whole child table."""
    indexes = sql(
        """
        SELECT ARRAY(
          SELECT attname::text FROM unnest(indkey::int2[]) WITH ORDINALITY AS item (number, place)
          JOIN pg_attribute ON attrelid = indrelid AND attnum = number ORDER BY place
        )
        FROM pg_index WHERE indrelid = %(table)s::regclass AND indpred IS NULL AND indisvalid
        """,
        table=rule.table,
    )
    beginnings = [set(columns[: len(rule.columns)]) for (columns,) in indexes]
    # A parent's own key is enough: the rows under it are few, and all of the same proposal.
    alone = [{columns[0]} for (columns,) in indexes if columns]
    assert set(rule.columns) in beginnings or {rule.column} in alone


# --- through SQL --------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_reference_to_nothing_is_refused(rows, rule):
    constraint, _ = catalog()[rule]
    with refused_by(constraint):
        change(rule.table, rows[rule.table], f"{rule.column} = uuidv7()")


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.rule == "RESTRICT"], ids=str)
def test_sql_cannot_delete_what_something_must_keep(case, rule):
    with refused_by(case.constraint):
        delete(rule.parent, case.parent)
    assert exists(rule.table, case.child)


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.rule == "CASCADE"], ids=str)
def test_sql_takes_along_what_has_no_meaning_alone(case, rule):
    delete(rule.parent, case.parent)
    assert not exists(rule.table, case.child)


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_sql_deletes_what_nothing_refers_to(rows, rule):
    """The tests above would pass as well if nothing could ever be deleted."""
    parent = another_row(rule.parent, rows[rule.parent])
    delete(rule.parent, parent)
    assert not exists(rule.parent, parent)


# --- through the ORM ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rule", [rule for rule in RULES if rule.rule == "RESTRICT" and rule.field], ids=str
)
def test_orm_cannot_delete_what_something_must_keep(case, rule):
    with pytest.raises(RestrictedError) as refusal:
        MODELS[rule.parent].objects.get(pk=case.parent).delete()
    assert [row.pk for row in refusal.value.restricted_objects] == [case.child]
    assert exists(rule.table, case.child)


@pytest.mark.parametrize(
    "rule", [rule for rule in RULES if rule.rule == "CASCADE" and rule.field], ids=str
)
def test_orm_takes_along_what_has_no_meaning_alone(case, rule):
    MODELS[rule.parent].objects.get(pk=case.parent).delete()
    assert not exists(rule.table, case.child)
