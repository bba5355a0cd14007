"""The audit log is append-only, for every member, service and client with SQL."""

import psycopg
import pytest
from django.db import DatabaseError, transaction

from dao_portal.core.actions import Action
from dao_portal.core.audit.events import record
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
def real_log(real_database):
    """A log with one entry; gives the connection to it."""
    insert = "INSERT INTO audit_logs (action, resource_type) VALUES ('vote.cast', 'vote')"
    real_database.execute(insert)
    return real_database


@pytest.mark.parametrize("attack", ["TRUNCATE {table}", "TRUNCATE {table} CASCADE"])
@pytest.mark.parametrize("target", ["the table", "the month", "the members"])
def test_a_real_log_is_never_emptied(real_log, attack, target):
    """Nor by way of the members, to whom its rows refer."""
    (month,) = real_log.execute("SELECT tableoid::regclass::text FROM audit_logs").fetchone()
    table = {"the table": "audit_logs", "the month": month, "the members": "users"}[target]

    with pytest.raises(psycopg.Error) as refusal:
        real_log.execute(attack.format(table=table))

    words = str(refusal.value)
    assert "append-only" in words or "referenced in a foreign key" in words
    assert real_log.execute("SELECT count(*) FROM audit_logs").fetchone() == (1,)
