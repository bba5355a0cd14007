"""One valid row in every table of ours, to be bent through SQL until the database says no."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID, uuid4

import pytest
from django.apps import apps
from django.db import DatabaseError, models, transaction

from accounts.models import Profile, User, Wallet
from dao_portal.core.models import FormKey, OutgoingMail
from dao_portal.core.services.options import set_option
from social.models import Comment, CommentReaction, Notification
from social.services.comments import set_reaction
from tests.factories import (
    TokenFactory,
    TransactionFactory,
    cast,
    comment_on,
    open_proposal_with,
    voters_of,
)
from tests.sql import run, sql
from treasury.models import TransactionHash, WaitingHolding

APPS = ("core", "accounts", "treasury", "governance", "social")
MODELS: dict[str, type[models.Model]] = {
    model._meta.db_table: model for app in APPS for model in apps.get_app_config(app).get_models()
}

# What keeps a second row with otherwise the same values from being one too many.
APART = {
    "users": {
        "username": "uuidv7()::text",
        "username_skeleton": "uuidv7()::text",
        "email": "NULL",
    },
    "tokens": {"symbol": "'OTHER'", "contract_address": "NULL"},
    "proposals": {"number": "nextval('proposals_number_seq')", "source_id": "''"},
    "power_snapshots": {"user_id": "uuidv7()"},
}


def make_rows() -> tuple[User, Comment]:
    """At least one row in each table; a member and an answer that have all that others may lack."""
    token = TokenFactory(contract_address="0x6b175474e89094c44da98b954eedeac495271d0f")
    proposal = open_proposal_with({"ada": 60, "mira": 40})
    ada, mira = voters_of(proposal)
    cast(proposal, ada, "yes", "It pays for itself.")
    answer = comment_on(proposal, parent=comment_on(proposal, author=mira), author=ada)
    set_reaction(actor=mira, comment=answer, kind=CommentReaction.Kind.LIKE)
    FormKey.objects.create(user=ada, form="comment", key=uuid4(), result=answer.pk)
    Profile.objects.get_or_create(user=ada)
    Wallet.objects.create(user=ada, address="0x00000000000000000000000000000000DeaDBeef")
    Notification.objects.create(user=ada, type="proposal.opened", title="Voting is open")
    movement = TransactionFactory(user=ada)
    TransactionHash.objects.create(transaction=movement, network="ethereum", hash="0xabc")
    WaitingHolding.objects.create(token=token, holder="tomo@example.org", balance=1)
    OutgoingMail.objects.create(recipient="ada@example.org", message="encrypted")
    set_option("community.name", "Commons", actor=None)
    return ada, answer


def fill_tables() -> dict[str, UUID]:
    """A row in each table, table -> id; from then on our own triggers are off.

    All but those of users, without which a new row would lack its skeletons. What is left is judged
    by the constraints alone. Belongs into a transaction that is rolled back.
    """
    ada, answer = make_rows()
    sql("SET CONSTRAINTS ALL IMMEDIATE")  # whatever is still to be judged is judged now
    sql("SET CONSTRAINTS ALL DEFERRED")
    for table in MODELS.keys() - {"users"}:
        sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    sql("UPDATE wallets SET is_primary = true")
    sql("UPDATE proposals SET source_id = 'elsewhere'")
    ids = {table: sql(f"SELECT id FROM {table} ORDER BY id LIMIT 1")[0][0] for table in MODELS}
    return ids | {"users": ada.pk, "comments": answer.pk}


def change(table: str, key: UUID, assignments: str) -> None:
    """UPDATE that one row."""
    assert run(f"UPDATE {table} SET {assignments} WHERE id = %(key)s", key=key) == 1


def copy_row(table: str, key: UUID, **others: str) -> UUID:
    """INSERT the row once more under a new key, with ``others`` (SQL) in place of its values."""
    columns = sql(
        "SELECT attname FROM pg_attribute WHERE attrelid = %(table)s::regclass"
        " AND attnum > 0 AND NOT attisdropped AND attgenerated = ''",
        table=table,
    )
    values = {column: column for (column,) in columns} | {"id": "uuidv7()"} | others
    return sql(
        f"INSERT INTO {table} ({', '.join(values)}) SELECT {', '.join(values.values())}"
        f" FROM {table} WHERE id = %(key)s RETURNING id",
        key=key,
    )[0][0]


def another_row(table: str, key: UUID) -> UUID:
    """A valid second row that nothing refers to yet."""
    return copy_row(table, key, **APART.get(table, {}))


@contextmanager
def refused_by(constraint: str) -> Iterator[None]:
    """The block must fail on ``constraint``; a deferred foreign key is asked at its end.

    Only that one is asked: a row that is bent for one foreign key may break others as well.
    """
    with pytest.raises(DatabaseError) as caught, asked_at_the_end(constraint):
        yield
    said = caught.value.__cause__.diag.constraint_name
    assert whole_name(said) == constraint, caught.value


@contextmanager
def asked_at_the_end(constraint: str) -> Iterator[None]:
    with transaction.atomic():
        yield
        sql(f"SET CONSTRAINTS {constraint} IMMEDIATE")


def whole_name(name: str | None) -> str | None:
    """A unique index of a partition has a name of its own; that of the whole table's index."""
    rows = sql(
        "SELECT pg_partition_root(oid)::regclass::text FROM pg_class"
        " WHERE relname = %(name)s AND relkind = 'i' AND relispartition",
        name=name,
    )
    return rows[0][0] if rows else name
