"""What Django cannot say, as SQL: one file an object, which holds the definition it has now.

``<app>/sql/<name>.sql`` is a function, or a trigger's function with its triggers, written so that
it can be loaded over an earlier one (CREATE OR REPLACE). When it changes, the old text is copied to
``<name>.<version>.sql``, the migration that loaded it says that version, and a new migration loads
the present file: whoever reads the file reads what the database has. CONTRIBUTING.md has the steps.

A guard that says ``SET search_path FROM CURRENT`` gets the schema that the tables lie in, and
nothing before it: by its caller's path, a temporary table "proposals" would be asked whether voting
is open.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.apps import apps
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation

SET_PATH = "SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);\n"


def sql_file(app_label: str, name: str, version: int | None = None) -> Path:
    """The file of the object ``name``, as it is now or as it was in ``version``."""
    folder = Path(apps.get_app_config(app_label).path, "sql")
    return folder / (f"{name}.sql" if version is None else f"{name}.{version}.sql")


class LoadSQL(Operation):
    """Loads ``sql/<name>.sql`` of the migration's app, or the ``version`` of it that is named.

    ``once``: a text that makes or alters tables, which is loaded once and never over itself.
    It is not undone (core/apps.py refuses): a database goes back by its backup.
    """

    reversible = False
    reduces_to_sql = True

    def __init__(self, name: str, version: int | None = None, *, once: bool = False) -> None:
        self.name, self.version, self.once = name, version, once

    def describe(self) -> str:
        return f"Load sql/{self.name}.sql"

    def state_forwards(self, app_label: str, state: Any) -> None:
        """To the models it is all the same."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, *states: Any
    ) -> None:
        # Django leaves foreign keys and indexes to a migration's end; a text may name them.
        for statement in schema_editor.deferred_sql:
            schema_editor.execute(statement, None)
        schema_editor.deferred_sql.clear()
        text = sql_file(app_label, self.name, self.version).read_text()
        schema_editor.execute(SET_PATH + text, None)
