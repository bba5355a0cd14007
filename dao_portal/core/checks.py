"""What `manage.py check --database default` says about the floor."""

from typing import Any

from django.core import checks

from .db.base import database_now
from .db.months import Month, attached_months, monthly_tables
from .services import retention


@checks.register(checks.Tags.database)
def months_lie_ahead(
    app_configs: Any, databases: Any = None, **kwargs: Any
) -> list[checks.CheckMessage]:
    """A row whose month has no partition is refused: warn two months before that happens."""
    if not databases:
        return []
    needed = Month.of(database_now()) + 2
    return [
        checks.Warning(
            f"{table} has no partition for {needed}.",
            hint="Run `manage.py partitions`, and see why the daily task does not.",
            id="core.W001",
        )
        for table in monthly_tables()
        if needed not in attached_months(table)
    ]


@checks.register(checks.Tags.database)
def no_month_hangs_between(
    app_configs: Any, databases: Any = None, **kwargs: Any
) -> list[checks.CheckMessage]:
    """A detaching that was cut off hides the month's rows, and still holds it to its table."""
    if not databases:
        return []
    return [
        checks.Warning(
            f"{name} is half detached from {table}: something was in its way.",
            hint="Run `manage.py partitions --detach`, which finishes it; so does the daily task.",
            id="core.W002",
        )
        for table, name in retention.interrupted_partitions()
    ]
