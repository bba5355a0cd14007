"""What `manage.py check --database default` says about the floor."""

from typing import Any

from django.core import checks
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

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


@checks.register(checks.Tags.database)
def no_database_stands_between(
    app_configs: Any, databases: Any = None, **kwargs: Any
) -> list[checks.CheckMessage]:
    """Earlier migrations that are one now and no longer here were applied all, or none of them.

    `migrate` asks this before it changes anything; Django itself would drop the one from its plan,
    and say of some apps that there is nothing to do.
    """
    if not databases:
        return []
    applied = set(MigrationRecorder(connection).applied_migrations())
    loader = MigrationLoader(None)
    errors: list[checks.CheckMessage] = []
    for key, migration in loader.replacements.items():
        earlier = [*migration.replaces]
        missing = [each for each in earlier if each not in applied]
        begun = key in applied or len(missing) < len(earlier)
        if missing and begun and not any(each in loader.disk_migrations for each in earlier):
            folder = type(migration).__module__.rpartition(".")[0].replace(".", "/")
            gone = f"{folder}/{missing[-1][1]}.py"
            errors.append(
                checks.Error(
                    f"This database stands between two versions: {missing[0][0]}.{missing[0][1]}"
                    " was never applied to it, and is no longer here.",
                    hint="Nothing was changed. Check out the last version that has it"
                    f" (`git checkout $(git log -1 --diff-filter=D --format=%h -- {gone})~1`),"
                    " run `manage.py migrate` there, come back, and run it here.",
                    id="core.E001",
                )
            )
    return errors
