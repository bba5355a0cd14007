"""What `manage.py check --database default` says about the floor."""

from datetime import UTC, datetime
from typing import Any

from django.core.checks import CheckMessage, Tags, Warning, register

from .partitions import Month, attached_months, monthly_tables


@register(Tags.database)
def months_lie_ahead(databases: list[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """A row whose month has no partition is refused: warn two months before that happens."""
    if not databases:
        return []
    needed = Month.of(datetime.now(UTC)) + 2
    return [
        Warning(
            f"{table} has no partition for {needed}.",
            hint="Run `manage.py partitions`, and see why the daily task does not.",
            id="core.W001",
        )
        for table in monthly_tables()
        if needed not in attached_months(table)
    ]
