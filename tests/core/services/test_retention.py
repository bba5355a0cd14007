"""Months leave their tables when their time is over, and the portal goes on as if nothing was.

DETACH CONCURRENTLY commits for itself, so these tests do as well, and clean up behind themselves.
"""

import json
import logging
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.core.checks import Warning as CheckWarning
from django.core.management import CommandError, call_command
from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils import timezone

from dao_portal.core.actions import Action
from dao_portal.core.audit.delivery import deliver_due_events
from dao_portal.core.checks import no_month_hangs_between
from dao_portal.core.db import months
from dao_portal.core.db.months import Month, attached_months, ensure_months, first_key_at
from dao_portal.core.models import AuditLog, EventDelivery
from dao_portal.core.services import retention
from dao_portal.core.services.options import set_option
from dao_portal.core.services.retention import (
    KEEP_OPTIONS,
    MonthInUse,
    MonthSize,
    detach_expired_months,
    detach_month,
    month_sizes,
)
from dao_portal.core.tasks import maintain_partitions
from social.models import Notification
from tests.factories import UserFactory, open_proposal_with
from tests.sql import run, sql
from tests.threads import PATIENCE, second_session, wait_until_blocked

pytestmark = pytest.mark.django_db(transaction=True)

NOW = Month.of(datetime.now(UTC))
MONTHLY = ["audit_logs", "notifications", "transactions"]
OLD = [NOW + -4, NOW + -3, NOW + -2, NOW + -1]


def name(table: str, month: Month) -> str:
    return f"{table}_{month.year}_{month.month:02}"


def key_time(month: Month) -> datetime:
    return datetime(month.year, month.month, 15, 12, tzinfo=UTC)


def key_in(month: Month) -> UUID:
    return first_key_at(key_time(month))


@pytest.fixture(autouse=True)
def months_of_the_past(transactional_db):
    """Four months back; afterwards everything is as it was, whatever the test detached."""
    ensure_months(since=datetime(OLD[0].year, OLD[0].month, 1, tzinfo=UTC))
    yield
    run("DELETE FROM event_deliveries")
    for table, partition in retention.interrupted_partitions():
        run(f"ALTER TABLE {table} DETACH PARTITION {partition} FINALIZE")
    for size in month_sizes():
        if NOW <= size.month <= NOW + 6:
            continue
        partition = name(size.table, size.month)
        if size.attached:
            run(f"ALTER TABLE {size.table} DETACH PARTITION {partition}")
        run(f"DROP TABLE {partition}")
    ensure_months()


@contextmanager
def other_session():
    """A second connection to the database; what it began is rolled back at the end."""
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            yield cursor
    finally:
        other.close()


def keep(audit: int = 0, notifications: int = 0) -> None:
    set_option("audit.keep_months", str(audit), actor=None)
    set_option("notifications.keep_months", str(notifications), actor=None)


def event_in(month: Month, *, done: bool) -> AuditLog:
    event = AuditLog.objects.create(
        id=key_in(month), action=Action.PROPOSAL_OPENED, resource_type="proposal"
    )
    EventDelivery.objects.create(
        event=event, subscriber="notifications", done_at=timezone.now() if done else None
    )
    return event


def notice_in(month: Month, user, **fields) -> Notification:
    return Notification.objects.create(
        id=key_in(month), user=user, type=Action.PROPOSAL_OPENED, title=f"Voting in {month}"
    )


# --- what leaves, and what stays ----------------------------------------------------------------


def test_by_default_everything_is_kept_for_ever():
    assert detach_expired_months().detached == []
    assert {table: attached_months(table)[0] for table in MONTHLY} == dict.fromkeys(MONTHLY, OLD[0])


def test_months_beyond_the_kept_ones_leave_their_table_with_their_rows():
    member = UserFactory()
    for month in (*OLD, NOW):
        notice_in(month, member)
        event_in(month, done=True)
    keep(audit=3, notifications=1)

    retired = detach_expired_months()

    assert retired.kept == []
    assert retired.detached == [
        name("audit_logs", NOW + -4),
        name("notifications", NOW + -4),
        name("notifications", NOW + -3),
        name("notifications", NOW + -2),
    ]
    assert attached_months("audit_logs")[0] == NOW + -3
    assert attached_months("notifications")[0] == NOW + -1
    assert list(Notification.objects.values_list("title", flat=True)) == [
        f"Voting in {NOW}",
        f"Voting in {NOW + -1}",
    ]
    assert sql(f"SELECT title FROM {name('notifications', NOW + -3)}") == [
        (f"Voting in {NOW + -3}",)
    ]
    assert detach_expired_months().detached == []


def test_transactions_never_leave():
    with pytest.raises(MonthInUse, match="books refer to it"):
        detach_month("transactions", OLD[0])
    assert "transactions" not in KEEP_OPTIONS
    assert OLD[0] in attached_months("transactions")


def test_finished_deliveries_go_before_their_month_and_others_stay():
    event_in(OLD[0], done=True)
    newer = event_in(OLD[1], done=True)

    detach_month("audit_logs", OLD[0])

    assert list(EventDelivery.objects.values_list("event_id", flat=True)) == [newer.pk]


def test_a_delivery_that_is_not_done_keeps_its_month():
    done, waiting = event_in(OLD[0], done=True), event_in(OLD[1], done=False)
    keep(audit=1)

    retired = detach_expired_months()

    assert retired.kept == [
        f"{name('audit_logs', OLD[1])} stays: 1 delivery of its events is not done."
    ]
    assert retired.detached == [name("audit_logs", OLD[0]), name("audit_logs", OLD[2])]
    assert not EventDelivery.objects.filter(event_id=done.pk).exists()
    assert EventDelivery.objects.filter(event_id=waiting.pk, done_at=None).exists()


def test_a_delivery_to_nobody_keeps_no_month(caplog):
    event_in(OLD[0], done=False)
    EventDelivery.objects.update(subscriber="retired", created_at=key_time(OLD[0]))
    keep(audit=3)
    assert detach_expired_months().detached == []

    deliver_due_events()

    assert detach_expired_months().detached == [name("audit_logs", OLD[0])]


def test_a_detached_month_comes_back_with_its_rows_and_its_guard():
    event = event_in(OLD[0], done=True)
    detach_month("audit_logs", OLD[0])
    assert not AuditLog.objects.filter(pk=event.pk).exists()

    made = ensure_months(since=datetime(OLD[0].year, OLD[0].month, 1, tzinfo=UTC))

    assert made == [name("audit_logs", OLD[0])]
    assert AuditLog.objects.filter(pk=event.pk).exists()
    triggers = sql(
        "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgrelid = %(name)s::regclass"
        " ORDER BY tgname",
        name=name("audit_logs", OLD[0]),
    )
    assert triggers == [("audit_logs_no_change",), ("audit_logs_no_truncate",)]


# --- others at work -----------------------------------------------------------------------------


def test_a_month_in_use_stays_until_the_next_run_and_the_check_says_so(monkeypatch):
    monkeypatch.setattr(retention, "LOCK_TIMEOUT", "50ms")
    notice_in(OLD[0], UserFactory())
    keep(notifications=3)
    month = name("notifications", OLD[0])

    with other_session() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(f"SELECT count(*) FROM {month}")
        assert detach_expired_months().kept == [f"{month} is busy, the next run tries again."]
        assert no_month_hangs_between(None, databases=["default"]) == [
            CheckWarning(
                f"{month} is half detached from notifications: something was in its way.",
                hint="Run `manage.py partitions --detach`, which finishes it; "
                "so does the daily task.",
                id="core.W002",
            )
        ]

    assert detach_expired_months().detached == [month]
    assert no_month_hangs_between(None, databases=["default"]) == []
    assert sql(f"SELECT count(*) FROM {month}") == [(1,)]
    assert sql("SHOW lock_timeout") == [("0",)]


def test_making_months_gives_up_before_members_have_to_wait(monkeypatch):
    """A month that joins locks members against writing; somebody may be writing for long."""
    monkeypatch.setattr(months, "LOCK_TIMEOUT", "50ms")
    UserFactory()
    with other_session() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("UPDATE users SET first_name = 'Ada'")
        with pytest.raises(OperationalError, match="lock timeout"):
            ensure_months(ahead=7)
    assert len(ensure_months(ahead=7)) == 3


def test_upkeep_waits_for_another_and_finds_its_work_done():
    with second_session() as start:
        with transaction.atomic():
            assert len(ensure_months(ahead=9)) == 3 * len(MONTHLY)
            other = start(ensure_months, ahead=9)
            wait_until_blocked()
        assert other.result(PATIENCE) == []


# --- the site without the month -----------------------------------------------------------------


def test_pages_go_on_without_the_month(client):
    ada, alan = UserFactory(username="ada"), UserFactory(username="alan", role="admin")
    proposal = open_proposal_with({ada: 10})
    event_in(OLD[0], done=True)
    notice_in(OLD[0], ada)
    newest = notice_in(NOW, ada)
    keep(audit=2, notifications=2)

    detach_expired_months()

    client.force_login(ada)
    for page in ("/", "/proposals/", proposal.get_absolute_url(), "/treasury/transactions/"):
        assert client.get(page).status_code == 200
    inbox = client.get("/notifications/").text
    assert f"Voting in {NOW}" in inbox
    assert f"Voting in {OLD[0]}" not in inbox
    assert client.get(f"/notifications/{key_in(OLD[0])}/open/").status_code == 404
    assert client.post("/notifications/read/").status_code == 303
    newest.refresh_from_db()
    assert newest.is_read
    client.force_login(alan)
    for table in ("core/auditlog", "social/notification"):
        assert client.get(f"/admin/{table}/").status_code == 200
    with pytest.raises(IntegrityError, match="no partition"):
        notice_in(OLD[0], ada)  # nothing lands in a month that is gone


# --- sizes, task and command --------------------------------------------------------------------


def test_sizes_name_every_month_with_its_rows_and_room():
    notice_in(OLD[0], UserFactory())
    run(f"ANALYZE {name('notifications', OLD[0])}")
    detach_month("notifications", OLD[0])

    sizes = month_sizes()

    assert [(size.table, size.month) for size in sizes] == [
        (table, NOW + n) for table in MONTHLY for n in range(-4, 7)
    ]
    (bytes_,) = sql(
        "SELECT pg_total_relation_size(%(name)s::regclass)", name=name("notifications", OLD[0])
    )[0]
    assert [size for size in sizes if not size.attached] == [
        MonthSize("notifications", OLD[0], attached=False, rows=1, bytes=bytes_)
    ]
    assert {size.rows for size in sizes if size.table == "transactions"} == {None}


def test_daily_task_makes_detaches_and_says_what_had_to_stay(caplog):
    event_in(OLD[1], done=False)
    keep(audit=2)
    run(f"ALTER TABLE transactions DETACH PARTITION {name('transactions', NOW + 6)}")
    run(f"DROP TABLE {name('transactions', NOW + 6)}")

    caplog.clear()  # the decision was told to who listens
    with caplog.at_level(logging.WARNING):
        done = maintain_partitions()

    assert done == [name("transactions", NOW + 6), name("audit_logs", OLD[0])]
    assert caplog.messages == [
        f"{name('audit_logs', OLD[1])} stays: 1 delivery of its events is not done."
    ]


def test_command_detaches_only_when_asked(capsys):
    keep(notifications=3)
    call_command("partitions")
    assert capsys.readouterr().out.splitlines() == [
        f"audit_logs     {NOW + -4} to {NOW + 6}",
        f"notifications  {NOW + -4} to {NOW + 6}",
        f"transactions   {NOW + -4} to {NOW + 6}",
        "Made: nothing, all were there.",
    ]

    call_command("partitions", "--detach")
    assert capsys.readouterr().out.splitlines() == [
        f"audit_logs     {NOW + -4} to {NOW + 6}",
        f"notifications  {NOW + -3} to {NOW + 6}  (detached: {NOW + -4})",
        f"transactions   {NOW + -4} to {NOW + 6}",
        "Made: nothing, all were there.",
        f"Detached: {name('notifications', NOW + -4)}.",
    ]


def test_command_fails_when_a_month_had_to_stay(capsys):
    event_in(OLD[0], done=False)
    keep(audit=3)
    with pytest.raises(CommandError, match="stays: 1 delivery of its events is not done"):
        call_command("partitions", "--detach", "--json")
    assert json.loads(capsys.readouterr().out)["kept"] == [
        f"{name('audit_logs', OLD[0])} stays: 1 delivery of its events is not done."
    ]


def test_command_speaks_json(capsys):
    call_command("partitions", "--json", "--sizes")
    report = json.loads(capsys.readouterr().out)

    months = [str(NOW + n) for n in range(-4, 7)]
    assert report["tables"] == dict.fromkeys(MONTHLY, months)
    assert (report["made"], report["detached"], report["kept"]) == ([], [], [])
    assert [(size["table"], size["month"], size["attached"]) for size in report["sizes"]] == [
        (table, month, True) for table in MONTHLY for month in months
    ]


def test_command_shows_the_size_of_each_month(capsys):
    for size in month_sizes():
        run(f"ANALYZE {name(size.table, size.month)}")
    call_command("partitions", "--sizes")
    lines = capsys.readouterr().out.splitlines()

    assert lines[0] == "table           month       rows, about        size"
    assert len(lines) == 1 + 3 * 11 + 1
    assert lines[1].split()[:2] == ["audit_logs", str(OLD[0])]
    assert lines[1].split()[3] == "KB" or lines[1].split()[-1] == "KB"


def test_command_makes_the_past_on_request(capsys):
    far = NOW + -6
    call_command("partitions", "--from", str(far), "--json")
    assert json.loads(capsys.readouterr().out)["made"] == [
        name(table, NOW + n) for table in MONTHLY for n in (-6, -5)
    ]


@pytest.mark.parametrize("text", ["2026-13", "soon", "1980-01"])
def test_command_refuses_what_is_no_sensible_month(text):
    with pytest.raises(CommandError, match="--from: "):
        call_command("partitions", "--from", text)
    assert attached_months("transactions")[0] == OLD[0]
