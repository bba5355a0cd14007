"""What `manage.py check --database default` says about the floor."""

from datetime import UTC, datetime
from typing import Any

from django.core import checks

from .partitions import Month, attached_months, monthly_tables


@checks.register(checks.Tags.database)
def months_lie_ahead(
    app_configs: Any, databases: Any = None, **kwargs: Any
) -> list[checks.CheckMessage]:
    """A row whose month has no partition is refused: warn two months before that happens."""
    if not databases:
        return []
    needed = Month.of(datetime.now(UTC)) + 2
    return [
        checks.Warning(
            f"{table} has no partition for {needed}.",
            hint="Run `manage.py partitions`, and see why the daily task does not.",
            id="core.W001",
        )
        for table in monthly_tables()
        if needed not in attached_months(table)
    ]
