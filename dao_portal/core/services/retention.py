"""How long months stay in their tables, and how much room each takes.

A month whose time is over is *detached*: it leaves its table in a moment, without deleting a row,
and stays in the database as an ordinary table of the same name, to be dumped and dropped by hand.
``ensure_months(since=...)`` brings it back. Transactions are never detached: books refer to them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db import OperationalError, connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ..db.base import database_now
from ..db.months import LOCK_TIMEOUT, Month, attached_months, monthly_tables, partition_name
from ..errors import DomainError
from ..models import EventDelivery
from ..options import get_option

KEEP_OPTIONS = {"audit_logs": "audit.keep_months", "notifications": "notifications.keep_months"}


class MonthInUse(DomainError):
    """The month cannot leave its table yet; the next run tries again."""


@dataclass
class Retired:
    """What one run did: partitions that left, and why others could not."""

    detached: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


def expired_months(table: str) -> list[Month]:
    """Attached months of ``table`` that the community no longer keeps, oldest first."""
    keep = get_option(KEEP_OPTIONS[table])
    if not keep:
        return []
    oldest_kept = Month.of(database_now()) + (-keep)
    return [month for month in attached_months(table) if month < oldest_kept]


def detach_expired_months() -> Retired:
    """Detach every month whose time is over. Outside of a transaction; safe to repeat.

    A run that was cut off is finished first. A month in use stays, and is named with the reason.
    """
    retired = Retired()
    for table, name in interrupted_partitions():
        _finish_detaching(table, name)
        retired.detached.append(name)
    for table in KEEP_OPTIONS:
        for month in expired_months(table):
            try:
                retired.detached.append(detach_month(table, month))
            except MonthInUse as error:
                retired.kept.append(str(error))
    return retired


def detach_month(table: str, month: Month) -> str:
    """Take ``month`` out of ``table``, and return the name under which it stays; MonthInUse.

    CONCURRENTLY: nobody waits who reads or writes the table, and it cannot run in a transaction.
    """
    name = partition_name(table, month)
    if table not in KEEP_OPTIONS:
        raise MonthInUse(_("%(name)s stays: books refer to it.") % {"name": name})
    if table == "audit_logs":
        _clear_deliveries(month)
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
        try:
            cursor.execute(f'ALTER TABLE "{table}" DETACH PARTITION "{name}" CONCURRENTLY')
        except OperationalError as error:
            raise MonthInUse(
                _("%(name)s is busy, the next run tries again.") % {"name": name}
            ) from error
        finally:
            cursor.execute("RESET lock_timeout")
    return name


@transaction.atomic
def _clear_deliveries(month: Month) -> None:
    """Forget the deliveries of the month's events; MonthInUse while one is still to be made."""
    deliveries = EventDelivery.objects.filter(
        event_id__gte=month.first_key, event_id__lt=(month + 1).first_key
    )
    unfinished = deliveries.filter(done_at__isnull=True).count()
    if unfinished:
        raise MonthInUse(
            ngettext(
                "%(name)s stays: %(count)d delivery of its events is not done.",
                "%(name)s stays: %(count)d deliveries of its events are not done.",
                unfinished,
            )
            % {"name": partition_name("audit_logs", month), "count": unfinished}
        )
    deliveries.delete()


def interrupted_partitions() -> list[tuple[str, str]]:
    """Table and partition of each detaching that was cut off halfway."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT parent.relname, child.relname FROM pg_inherits"
            " JOIN pg_class AS parent ON parent.oid = inhparent"
            " JOIN pg_class AS child ON child.oid = inhrelid"
            " WHERE inhdetachpending AND parent.relname = ANY(%s)",
            [list(KEEP_OPTIONS)],
        )
        rows: list[tuple[str, str]] = cursor.fetchall()
        return rows


@transaction.atomic
def _finish_detaching(table: str, name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        cursor.execute(f'ALTER TABLE "{table}" DETACH PARTITION "{name}" FINALIZE')


@dataclass(frozen=True)
class MonthSize:
    """One month of one table. ``rows`` is PostgreSQL's estimate, None before it made one."""

    table: str
    month: Month
    attached: bool
    rows: int | None
    bytes: int


def month_sizes() -> list[MonthSize]:
    """Every month of every monthly table, detached ones too, by table and then oldest first."""
    sizes = []
    with connection.cursor() as cursor:
        for table in monthly_tables():
            cursor.execute(
                r"SELECT relname, relispartition, reltuples::bigint, pg_total_relation_size(oid)"
                r" FROM pg_class WHERE relnamespace = current_schema()::regnamespace"
                r" AND relkind = 'r' AND relname ~ ('^' || %s || '_\d{4}_\d\d$') ORDER BY relname",
                [table],
            )
            for name, attached, rows, size in cursor.fetchall():
                month = Month.parse(name.removeprefix(f"{table}_").replace("_", "-"))
                sizes.append(MonthSize(table, month, attached, None if rows < 0 else rows, size))
    return sizes
