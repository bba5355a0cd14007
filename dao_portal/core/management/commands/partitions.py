"""``manage.py partitions``: the monthly tables, and the months that they have."""

import json
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dao_portal.core.partitions import Month, attached_months, ensure_months, monthly_tables

MOST_YEARS_BACK = 20


class Command(BaseCommand):
    help = (
        "Makes the partitions of the next six months for every table that is split by month, and "
        "lists what is there. A daily task does the same. With --from also those of the past, for "
        "rows that are dated back. Example: manage.py partitions --from 2025-01"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--from", dest="since", metavar="YYYY-MM", help="the first month")
        parser.add_argument("--json", action="store_true", help="print it for a machine")

    def handle(self, *args: Any, **options: Any) -> None:
        made = ensure_months(since=first_day(options["since"]) if options["since"] else None)
        tables = {table: attached_months(table) for table in monthly_tables()}
        if options["json"]:
            months = {table: [str(month) for month in found] for table, found in tables.items()}
            self.stdout.write(json.dumps({"made": made, "tables": months}))
            return
        width = max(map(len, tables), default=0)
        for table, found in tables.items():
            self.stdout.write(f"{table:<{width}}  {spell(found)}")
        self.stdout.write(f"Made: {', '.join(made) or 'nothing, all were there'}.")


def first_day(text: str) -> datetime:
    """The start of month ``text``; CommandError when it is none, or looks like a typing error."""
    try:
        month = Month.parse(text)
    except ValueError as error:
        raise CommandError(f"--from: {text!r} is no month, write it as 2026-11.") from error
    if month.year < datetime.now(UTC).year - MOST_YEARS_BACK:
        raise CommandError(f"--from: {month} is more than {MOST_YEARS_BACK} years ago.")
    return datetime(month.year, month.month, 1, tzinfo=UTC)


def spell(months: list[Month]) -> str:
    """``2026-09 to 2027-05``, and where a month is missing, what stands on both sides of it."""
    runs: list[list[Month]] = []
    for month in months:
        if runs and runs[-1][-1] + 1 == month:
            runs[-1].append(month)
        else:
            runs.append([month])
    return ", ".join(f"{run[0]} to {run[-1]}" if run[1:] else f"{run[0]}" for run in runs)
