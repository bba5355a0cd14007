"""Tables with one partition a month: their months are made ahead, and let go.

They are partitioned by ``id``, which begins with the time, so their primary key stays ``id``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from .base import database_now

MONTHS_AHEAD = 6
# A month that joins or leaves locks what its foreign keys refer to (members!) against writing. That
# takes no time by itself, but waiting for it behind a long transaction would stop the whole site.
LOCK_TIMEOUT = "3s"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, order=True)
class Month:
    """A calendar month in UTC."""

    year: int
    month: int

    @classmethod
    def of(cls, moment: datetime) -> Month:
        moment = moment.astimezone(UTC)
        return cls(moment.year, moment.month)

    @classmethod
    def parse(cls, text: str) -> Month:
        """``2026-11``; ValueError otherwise."""
        return cls.of(datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC))

    def __add__(self, months: int) -> Month:
        index = self.year * 12 + self.month - 1 + months
        return Month(index // 12, index % 12 + 1)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"

    @property
    def first_key(self) -> UUID:
        """The smallest UUIDv7 that a row of this month can have."""
        return first_key_at(datetime(self.year, self.month, 1, tzinfo=UTC))


def first_key_at(moment: datetime) -> UUID:
    """The smallest UUIDv7 of the millisecond in which ``moment`` lies (RFC 9562, 5.7)."""
    milliseconds = (moment - EPOCH) // timedelta(milliseconds=1)
    return UUID(int=(milliseconds << 80) | (0x7 << 76) | (0b10 << 62))


def time_of_key(key: UUID) -> datetime:
    """When the row of a UUIDv7 key was made, to the millisecond."""
    return EPOCH + timedelta(milliseconds=key.int >> 80)


def monthly_tables() -> list[str]:
    """The tables that are partitioned by month, as the database has them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_partitioned_table JOIN pg_class ON oid = partrelid"
            " WHERE partstrat = 'r' AND relnamespace = current_schema()::regnamespace ORDER BY 1"
        )
        return [name for (name,) in cursor.fetchall()]


def attached_months(table: str) -> list[Month]:
    """The months of ``table`` that have a partition, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_inherits JOIN pg_class ON oid = inhrelid"
            " WHERE inhparent = %s::regclass AND NOT inhdetachpending",
            [table],
        )
        suffixes = [name.removeprefix(f"{table}_") for (name,) in cursor.fetchall()]
    return sorted(Month.parse(suffix.replace("_", "-")) for suffix in suffixes)


def ensure_months(*, since: datetime | None = None, ahead: int = MONTHS_AHEAD) -> list[str]:
    """Make the missing partitions from the month of ``since`` (now) to ``ahead`` months from now.

    Returns the names of those made. Whoever writes into the past calls this first; a month that
    had been detached comes back with its rows. One transaction a table. LIKE and ATTACH let the
    table's readers and writers go on; OperationalError when a lock is not to be had in time.
    """
    now = Month.of(database_now())
    first = min(now, Month.of(since)) if since else now
    made: list[str] = []
    for table in monthly_tables():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"partitions:{table}"])
            cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
            attached, month = set(attached_months(table)), first
            while month <= now + ahead:
                if month not in attached:
                    made.append(_attach_month(cursor, table, month))
                month += 1
            cursor.execute(
                "SET LOCAL lock_timeout TO DEFAULT"
            )  # the transaction may be a wider one
    return made


def partition_name(table: str, month: Month) -> str:
    return f"{table}_{month.year:04d}_{month.month:02d}"


def _attach_month(cursor: Any, table: str, month: Month) -> str:
    name = partition_name(table, month)
    cursor.execute("SELECT to_regclass(%s) IS NULL", [name])
    if cursor.fetchone()[0]:
        _create_month(cursor, table, name)
    cursor.execute(
        f'ALTER TABLE "{table}" ATTACH PARTITION "{name}" FOR VALUES FROM (%s) TO (%s)',
        [str(month.first_key), str((month + 1).first_key)],
    )
    return name


def _create_month(cursor: Any, table: str, name: str) -> None:
    cursor.execute(
        f'CREATE TABLE "{name}"'
        f' (LIKE "{table}" INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED)'
    )
    # TRUNCATE triggers are not inherited: each partition of an append-only table gets its own.
    cursor.execute(
        "SELECT tgname, tgfoid::regproc FROM pg_trigger"
        " WHERE tgrelid = %s::regclass AND NOT tgisinternal AND tgtype & 32 <> 0",
        [table],
    )
    for trigger, function in cursor.fetchall():
        cursor.execute(
            f'CREATE TRIGGER "{trigger}" BEFORE TRUNCATE ON "{name}" EXECUTE FUNCTION {function}()'
        )
