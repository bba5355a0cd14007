"""Many rows at once, past the ORM but not past the database: its guards judge each row."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, models


def copy_rows(
    model: type[models.Model], fields: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """COPY ``rows`` into the table of ``model``; ``fields`` names what each row holds, in order.

    The other columns get the database's own defaults. About five times as fast as ``bulk_create``,
    which builds an expression for each default of each row. Values go in as they are: amounts must
    be exact already. A refused row raises Django's IntegrityError, and nothing was written.
    """
    meta, quote = model._meta, connection.ops.quote_name
    columns = {field.name: str(field.column) for field in meta.concrete_fields}
    names = ", ".join(quote(columns[name]) for name in fields)
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(f"COPY {quote(meta.db_table)} ({names}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)
