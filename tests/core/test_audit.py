"""The audit log is append-only, for every member, service and client with SQL."""

import os
import subprocess
import sys
from urllib.parse import urlsplit

import psycopg
import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction

from dao_portal.core.actions import Action
from dao_portal.core.events import record
from dao_portal.core.models import AuditLog
from tests.factories import ProposalFactory
from tests.sql import run, sql

APPEND_ONLY = "audit_logs is append-only"

ATTACKS = [
    "UPDATE {table} SET new_values = NULL",
    "UPDATE {table} SET user_id = NULL",
    "UPDATE {table} SET id = uuidv7()",
    "DELETE FROM {table}",
    """INSERT INTO {table} (id, action, resource_type) SELECT id, action, '' FROM {table}
       ON CONFLICT (id) DO UPDATE SET action = 'vote.cast'""",
    """MERGE INTO {table} AS mine USING {table} AS theirs ON mine.id = theirs.id
       WHEN MATCHED THEN DELETE""",
]


@pytest.fixture
def event(db):
    return record(Action.DRAFT_EDITED, actor=None, resource=ProposalFactory())


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("target", ["the table", "the month"])
def test_a_row_is_never_changed_or_deleted(event, attack, target):
    (month,) = sql("SELECT tableoid::regclass::text FROM audit_logs")[0]
    table = "audit_logs" if target == "the table" else month

    with pytest.raises(DatabaseError, match=APPEND_ONLY), transaction.atomic():
        run(attack.format(table=table))
    assert AuditLog.objects.filter(pk=event.pk, action="proposal.draft_edited").exists()


def test_the_orm_is_refused_as_well(event):
    event.action = Action.VOTE_CAST
    with pytest.raises(DatabaseError, match=APPEND_ONLY), transaction.atomic():
        event.save(update_fields=["action"])
    with pytest.raises(DatabaseError, match=APPEND_ONLY), transaction.atomic():
        event.delete()


# --- a database that is no test's: there the log cannot be emptied either -----------------------


@pytest.fixture(scope="module")
def real_database(django_db_setup, django_db_blocker):
    """A migrated database with a name of its own; gives a connection to it."""
    name = f"portal_{os.getpid()}"
    address = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity=0"],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DATABASE_URL": address},
        check=True,
        timeout=120,
    )
    with psycopg.connect(address, autocommit=True) as ours:
        ours.execute("INSERT INTO audit_logs (action, resource_type) VALUES ('vote.cast', 'vote')")
        yield ours
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.parametrize("attack", ["TRUNCATE {table}", "TRUNCATE {table} CASCADE"])
@pytest.mark.parametrize("target", ["the table", "the month", "the members"])
def test_a_real_log_is_never_emptied(real_database, attack, target):
    """Nor by way of the members, to whom its rows refer."""
    (month,) = real_database.execute("SELECT tableoid::regclass::text FROM audit_logs").fetchone()
    table = {"the table": "audit_logs", "the month": month, "the members": "users"}[target]

    with pytest.raises(psycopg.Error) as refusal:
        real_database.execute(attack.format(table=table))

    words = str(refusal.value)
    assert "append-only" in words or "referenced in a foreign key" in words
    assert real_database.execute("SELECT count(*) FROM audit_logs").fetchone() == (1,)
