"""Rows land in the partition that is theirs, and a usual question asks no other one."""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from django.core.checks import Warning as CheckWarning
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from dao_portal.core.checks import months_lie_ahead
from dao_portal.core.db.base import uuid7
from dao_portal.core.db.hashes import HASH_PARTITIONS
from dao_portal.core.db.months import (
    Month,
    attached_months,
    ensure_months,
    first_key_at,
    monthly_tables,
)
from dao_portal.core.models import AuditLog
from governance.models import PowerSnapshot, Vote
from social.models import Comment, CommentReaction, Notification
from tests.factories import UserFactory, cast, open_proposal_with, unguarded, voters_of
from tests.sql import run, sql
from treasury.models import Transaction

pytestmark = pytest.mark.django_db

NOW = Month.of(datetime.now(UTC))
MONTHLY = ["audit_logs", "notifications", "transactions"]
HASHED = ["comment_reactions", "comments", "power_snapshots", "votes"]
PARTITION = re.compile(rf" on ((?:{'|'.join(MONTHLY + HASHED)})(?:_\d\d|_\d{{4}}_\d\d))\b")


def key_in(month: Month) -> UUID:
    """A key of the middle of ``month``."""
    return first_key_at(datetime(month.year, month.month, 15, 12, tzinfo=UTC))


def partition_of(model, key) -> str:
    table = model._meta.db_table
    return sql(f"SELECT tableoid::regclass::text FROM {table} WHERE id = %(key)s", key=key)[0][0]


def planned_partitions(query: QuerySet | str) -> set[str]:
    """The partitions that PostgreSQL would look into."""
    plan = (
        query.explain()
        if isinstance(query, QuerySet)
        else "\n".join(line for (line,) in sql(f"EXPLAIN {query}"))
    )
    return set(PARTITION.findall(plan))


def monthly_row(model, key: UUID, user=None):
    """One row of a monthly table, with that key."""
    user = user or UserFactory()
    if model is AuditLog:
        return AuditLog.objects.create(id=key, user=user, action="x", resource_type="y")
    if model is Notification:
        return Notification.objects.create(id=key, user=user, type="x", title="y")
    return Transaction.objects.create(
        id=key, user=user, type="deposit", amount=1, currency="DPT", description="y"
    )


def name(table: str, month: Month) -> str:
    return f"{table}_{month.year}_{month.month:02}"


def drop_month(table: str, month: Month) -> None:
    run(f"ALTER TABLE {table} DETACH PARTITION {name(table, month)}")
    run(f"DROP TABLE {name(table, month)}")


# --- a month is a range of keys -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2026-11", 1, "2026-12"),
        ("2026-12", 1, "2027-01"),
        ("2027-01", -1, "2026-12"),
        ("2026-11", -23, "2024-12"),
        ("2024-02", 24, "2026-02"),
    ],
)
def test_months_add_up(start, months, end):
    assert Month.parse(start) + months == Month.parse(end)
    assert str(Month.parse(start) + months) == end


@pytest.mark.parametrize("text", ["", "2026", "2026-13", "11-2026", "2026-11-01", "x"])
def test_what_is_no_month_is_refused(text):
    with pytest.raises(ValueError, match=r"does not match|unconverted"):
        Month.parse(text)


def test_a_month_begins_at_its_first_millisecond_in_utc():
    month = Month(2026, 11)
    start = datetime(2026, 11, 1, tzinfo=UTC)
    tokyo = start.astimezone(ZoneInfo("Asia/Tokyo"))

    assert month.first_key == first_key_at(start) == first_key_at(tokyo)
    assert month.first_key.version == 7
    assert first_key_at(start - timedelta(milliseconds=1)) < month.first_key
    assert Month.of(start) == month == Month.of(tokyo)
    assert Month.of(start - timedelta(microseconds=1)) == Month(2026, 10)
    assert sql("SELECT uuid_extract_timestamp(%(key)s)", key=month.first_key) == [(start,)]


@pytest.mark.parametrize("make", [uuid7, lambda: sql("SELECT uuidv7()")[0][0]], ids=["ours", "sql"])
def test_a_key_made_now_lies_in_this_month(make):
    assert NOW.first_key <= make() < (NOW + 1).first_key


# --- monthly tables -----------------------------------------------------------------------------


def test_three_tables_are_split_by_month():
    assert monthly_tables() == MONTHLY


@pytest.mark.parametrize("table", MONTHLY)
def test_this_month_and_six_more_are_there_from_the_first_migration(table):
    assert attached_months(table) == [NOW + n for n in range(7)]


@pytest.mark.parametrize("model", [AuditLog, Notification, Transaction])
@pytest.mark.parametrize("ahead", [0, 1, 6])
def test_a_row_lands_in_the_month_of_its_key(model, ahead):
    row = monthly_row(model, key_in(NOW + ahead))
    row.refresh_from_db()

    assert partition_of(model, row.pk) == name(model._meta.db_table, NOW + ahead)
    assert Month.of(row.created_at) == NOW + ahead


@pytest.mark.parametrize("model", [AuditLog, Notification, Transaction])
def test_a_row_of_the_past_lands_in_its_month_once_that_is_made(model):
    past = NOW + -14
    with pytest.raises(IntegrityError, match="no partition"), transaction.atomic():
        monthly_row(model, key_in(past))

    made = ensure_months(since=datetime(past.year, past.month, 28, tzinfo=UTC))

    assert made == [name(table, NOW + n) for table in MONTHLY for n in range(-14, 0)]
    row = monthly_row(model, key_in(past))
    assert partition_of(model, row.pk) == name(model._meta.db_table, past)


@pytest.mark.parametrize("model", [AuditLog, Notification, Transaction])
def test_a_key_that_carries_no_time_is_refused(model):
    with pytest.raises(IntegrityError), transaction.atomic():
        monthly_row(model, UUID("f47ac10b-58cc-4372-a567-0e02b2c3d479"))


@pytest.mark.parametrize("model", [AuditLog, Notification, Transaction])
def test_time_and_key_cannot_disagree(model):
    row = monthly_row(model, key_in(NOW))
    table = model._meta.db_table
    with pytest.raises(Exception, match="created_at"), transaction.atomic():
        run(f"UPDATE {table} SET created_at = now() WHERE id = %(key)s", key=row.pk)


@pytest.mark.parametrize("model", [AuditLog, Notification, Transaction])
def test_one_row_or_one_month_is_looked_for_in_one_partition(model):
    table = model._meta.db_table
    month = NOW + 2
    rows = model.objects.filter(pk__gte=month.first_key, pk__lt=(month + 1).first_key)

    assert planned_partitions(model.objects.filter(pk=key_in(month))) == {name(table, month)}
    assert planned_partitions(rows) == {name(table, month)}


@pytest.mark.parametrize("model", [Notification, Transaction])
def test_saving_a_row_touches_one_partition(model, django_assert_num_queries):
    row = monthly_row(model, key_in(NOW))
    with django_assert_num_queries(1) as queries:
        row.save(update_fields=["updated_at"])
    assert planned_partitions(queries[0]["sql"]) == {name(model._meta.db_table, NOW)}


def test_the_newest_of_an_inbox_are_found_without_looking_into_the_past():
    member = UserFactory()
    ensure_months(since=timezone.now() - timedelta(days=100))
    for ago in range(4):
        for _ in range(3):
            key = UUID(int=key_in(NOW + -ago).int + Notification.objects.count())
            monthly_row(Notification, key, member)

    sql("SET LOCAL enable_seqscan = off")  # the table is too small to be worth an index
    newest = Notification.objects.filter(user=member)[:2]
    plan = newest.explain(analyze=True)

    executed = {
        partition
        for line in plan.splitlines()
        if "never executed" not in line
        for partition in PARTITION.findall(line)
    }
    past = {name("notifications", NOW + -ago) for ago in (1, 2, 3)}
    assert past <= set(PARTITION.findall(plan))
    assert executed & past == set()
    assert name("notifications", NOW) in executed


# --- tables spread by proposal ------------------------------------------------------------------

HASHED_ROWS = {
    "votes": "(proposal_id, voter_id, vote_type, voting_power, reason_sha256)"
    " VALUES (%(proposal)s, uuidv7(), 'yes', 1, encode(sha256(''), 'hex'))",
    "power_snapshots": "(proposal_id, user_id, power) VALUES (%(proposal)s, uuidv7(), 1)",
    "comments": "(id, proposal_id, user_id, root_id, path, content)"
    " SELECT key, %(proposal)s, uuidv7(), key, '', 'Well said' FROM uuidv7() AS key",
    "comment_reactions": "(proposal_id, comment_id, user_id, kind)"
    " VALUES (%(proposal)s, uuidv7(), uuidv7(), 1)",
}


@pytest.mark.parametrize("table", HASHED)
def test_rows_are_spread_over_all_partitions_and_those_of_a_proposal_lie_together(table):
    with unguarded():
        for proposal in [uuid4() for _ in range(200)]:
            for _ in range(2):
                run(f"INSERT INTO {table} {HASHED_ROWS[table]}", proposal=proposal)

    used = sql(f"SELECT DISTINCT tableoid::regclass::text FROM {table} ORDER BY 1")
    scattered = sql(
        f"SELECT proposal_id FROM {table} GROUP BY 1 HAVING count(DISTINCT tableoid) > 1"
    )
    misplaced = sql(
        f"SELECT id FROM {table} WHERE NOT satisfies_hash_partition("
        f"'{table}'::regclass, {HASH_PARTITIONS}, right(tableoid::regclass::text, 2)::int,"
        " proposal_id)"
    )
    assert used == [(f"{table}_{number:02}",) for number in range(HASH_PARTITIONS)]
    assert (scattered, misplaced) == ([], [])


@pytest.mark.parametrize("model", [Vote, PowerSnapshot, Comment, CommentReaction])
def test_what_belongs_to_a_proposal_is_looked_for_in_one_partition(model):
    rows = model.objects.filter(proposal_id=uuid4())
    assert len(planned_partitions(rows)) == 1
    assert len(planned_partitions(rows.filter(pk=uuid4()))) == 1
    assert len(planned_partitions(model.objects.filter(pk=uuid4()))) == HASH_PARTITIONS


def test_saving_touches_one_partition(django_assert_num_queries):
    proposal = open_proposal_with([10])
    vote = cast(proposal, voters_of(proposal)[0], "yes")

    with django_assert_num_queries(1) as queries:
        vote.save(update_fields=["updated_at"])

    assert planned_partitions(queries[0]["sql"]) == {partition_of(Vote, vote.pk)}


# --- upkeep -------------------------------------------------------------------------------------


def test_upkeep_makes_what_is_missing_and_nothing_twice():
    drop_month("transactions", NOW + 3)
    drop_month("notifications", NOW + 6)

    assert ensure_months() == [name("notifications", NOW + 6), name("transactions", NOW + 3)]
    assert ensure_months() == []
    assert ensure_months(ahead=8) == [name(table, NOW + n) for table in MONTHLY for n in (7, 8)]


def test_a_future_start_leaves_no_gap_before_it():
    assert ensure_months(since=timezone.now() + timedelta(days=400)) == []


def test_each_month_of_the_audit_log_refuses_to_be_emptied():
    ensure_months(since=timezone.now() - timedelta(days=40))
    guarded = sql(
        "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'audit_logs_no_truncate'"
    )
    parts = {name("audit_logs", month) for month in attached_months("audit_logs")}
    assert {table for (table,) in guarded} == {"audit_logs", *parts}


def test_upkeep_leaves_the_lock_timeout_of_a_wider_transaction_alone():
    before = sql("SHOW lock_timeout")
    ensure_months(ahead=7)
    assert sql("SHOW lock_timeout") == before


def test_a_month_that_runs_out_is_announced_two_months_before():
    assert months_lie_ahead(None, databases=["default"]) == []
    drop_month("notifications", NOW + 2)
    assert months_lie_ahead(None, databases=["default"]) == [
        CheckWarning(
            f"notifications has no partition for {NOW + 2}.",
            hint="Run `manage.py partitions`, and see why the daily task does not.",
            id="core.W001",
        )
    ]
    assert months_lie_ahead(None) == []
