"""What `manage.py check`, with `--database default` also of the tables, says about the floor."""

from collections.abc import Collection
from typing import Any

from django.conf import settings
from django.core import checks
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils.module_loading import import_string

from .actions import Action
from .db.base import database_now
from .db.months import Month, attached_months, monthly_tables
from .models import MAX_SUBSCRIBER
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


@checks.register()
def subscribers_can_be_told(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Every write that is audited asks all subscribers: one that is none would stop the portal."""
    problems = {
        name: _problem_of_subscriber(name, path)
        for name, path in settings.EVENT_SUBSCRIBERS.items()
    }
    return [
        checks.Error(
            f"EVENT_SUBSCRIBERS[{name!r}] cannot be told of events: {problem}.",
            hint='Write a name and the path of a class, as in "name": "app.subscribers.Class"; the'
            " class has `actions`, a collection of Action, and `deliver(event, cursor)`"
            " (core/audit/events.py).",
            id="core.E002",
        )
        for name, problem in problems.items()
        if problem
    ]


def _problem_of_subscriber(name: str, path: str) -> str:
    """Why ``path`` is no subscriber, or ""."""
    if len(name) > MAX_SUBSCRIBER:
        return f"its name has more than {MAX_SUBSCRIBER} characters"
    try:
        subscriber = import_string(path)
    except ImportError as error:
        return f"{path} cannot be imported ({error})"
    if not isinstance(subscriber, type):
        return f"{path} is no class"
    actions = getattr(subscriber, "actions", None)
    if not isinstance(actions, Collection) or not callable(getattr(subscriber, "deliver", None)):
        return f"{path} lacks `actions` or `deliver`"
    if not all(isinstance(action, Action) for action in actions):
        return f"the `actions` of {path} are not all of Action"
    return ""
