"""``manage.py partitions``: the monthly tables, and the months that they have."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.template.defaultfilters import filesizeformat

from ...db.months import Month, ensure_months
from ...services import retention

MAX_YEARS_BACK = 20


class Command(BaseCommand):
    help = (
        "Makes the partitions of the next six months for every table that is split by month, and "
        "lists what is there. A daily task does the same. With --from also those of the past, for "
        "rows that are dated back. With --detach, months that are older than the settings "
        "audit.keep_months and notifications.keep_months leave their tables; no row is deleted. "
        "Exits with 1 when a month had to stay. "
        "Example: manage.py partitions --from 2025-01 --sizes"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--from", dest="since", metavar="YYYY-MM", help="the first month")
        parser.add_argument(
            "--detach", action="store_true", help="let months go that are no longer kept"
        )
        parser.add_argument("--sizes", action="store_true", help="rows and room of each month")
        parser.add_argument("--json", action="store_true", help="print it for a machine")

    def handle(self, *args: Any, **options: Any) -> None:
        made = ensure_months(since=first_day(options["since"]) if options["since"] else None)
        retired = retention.detach_expired_months() if options["detach"] else retention.Retired()
        sizes = retention.month_sizes()
        if options["json"]:
            self.stdout.write(as_json(made, retired, sizes, detailed=options["sizes"]))
        else:
            self._print(made, retired, sizes, detailed=options["sizes"])
        if retired.kept:
            raise CommandError("\n".join(retired.kept))

    def _print(
        self,
        made: list[str],
        retired: retention.Retired,
        sizes: list[retention.MonthSize],
        *,
        detailed: bool,
    ) -> None:
        lines = size_lines(sizes) if detailed else month_lines(sizes)
        self.stdout.write("\n".join(lines))
        self.stdout.write(f"Made: {', '.join(made) or 'nothing, all were there'}.")
        if retired.detached:
            self.stdout.write(f"Detached: {', '.join(retired.detached)}.")


def first_day(text: str) -> datetime:
    """The start of month ``text``; CommandError when it is none, or looks like a typing error."""
    try:
        month = Month.parse(text)
    except ValueError as error:
        raise CommandError(f"--from: {text!r} is no month, write it as 2026-11.") from error
    if month.year < datetime.now(UTC).year - MAX_YEARS_BACK:
        raise CommandError(f"--from: {month} is more than {MAX_YEARS_BACK} years ago.")
    return datetime(month.year, month.month, 1, tzinfo=UTC)


def as_json(
    made: list[str], retired: retention.Retired, sizes: list[retention.MonthSize], *, detailed: bool
) -> str:
    tables: dict[str, list[str]] = {size.table: [] for size in sizes}
    for size in sizes:
        if size.attached:
            tables[size.table].append(str(size.month))
    report: dict[str, Any] = {
        "made": made,
        "detached": retired.detached,
        "kept": retired.kept,
        "tables": tables,
    }
    if detailed:
        report["sizes"] = [{**asdict(size), "month": str(size.month)} for size in sizes]
    return json.dumps(report)


def month_lines(sizes: list[retention.MonthSize]) -> list[str]:
    """One line a table: the months that it has, and the detached ones that are still there."""
    tables = list(dict.fromkeys(size.table for size in sizes))
    width = max(map(len, tables), default=0)
    lines = []
    for table in tables:
        attached = [size.month for size in sizes if size.table == table and size.attached]
        detached = [size.month for size in sizes if size.table == table and not size.attached]
        aside = f"  (detached: {spell(detached)})" if detached else ""
        lines.append(f"{table:<{width}}  {spell(attached)}{aside}")
    return lines


def size_lines(sizes: list[retention.MonthSize]) -> list[str]:
    """A table of all months; rows are PostgreSQL's own estimate."""
    lines = [f"{'table':<16}{'month':<9}{'rows, about':>14}{'size':>12}"]
    for size in sizes:
        rows = "?" if size.rows is None else f"{size.rows:,}"
        room = filesizeformat(size.bytes).replace("\xa0", " ")
        aside = "" if size.attached else "  detached"
        lines.append(f"{size.table:<16}{size.month!s:<9}{rows:>14}{room:>12}{aside}")
    return lines


def spell(months: list[Month]) -> str:
    """``2026-09 to 2027-05``, and where a month is missing, what stands on both sides of it."""
    runs: list[list[Month]] = []
    for month in months:
        if runs and runs[-1][-1] + 1 == month:
            runs[-1].append(month)
        else:
            runs.append([month])
    return ", ".join(f"{run[0]} to {run[-1]}" if run[1:] else f"{run[0]}" for run in runs)
