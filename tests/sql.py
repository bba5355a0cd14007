"""Speaking SQL past the models, as an attacker or an operator would."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction


def sql(query: str, **parameters: Any) -> list[tuple[Any, ...]]:
    """Run ``query`` with ``%(name)s`` parameters; its rows, or none."""
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return cursor.fetchall() if cursor.description else []


def run(query: str, **parameters: Any) -> int:
    """Run ``query``; how many rows it touched, so that a test knows its attack hit something."""
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return cursor.rowcount


@contextmanager
def refused(constraint: str) -> Iterator[None]:
    """The block must fail on ``constraint``, whose name the database says, and change nothing."""
    with pytest.raises(DatabaseError) as caught, transaction.atomic():  # noqa: PT012
        yield
        sql("SET CONSTRAINTS ALL IMMEDIATE")  # deferred foreign keys speak up here, not at commit
    diagnostics = getattr(caught.value.__cause__, "diag", None)
    assert getattr(diagnostics, "constraint_name", None) == constraint, caught.value
