"""The rows that the tests of this folder bend."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from django.db import transaction

from tests.schema.rows import fill_tables


@pytest.fixture(scope="module")
def all_rows(django_db_setup, django_db_blocker) -> Iterator[dict[str, UUID]]:
    """``fill_tables`` once for a whole module; use ``rows``, which takes each test back to it."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield fill_tables()
        transaction.set_rollback(True)


@pytest.fixture
def rows(db, all_rows) -> Iterator[dict[str, UUID]]:
    """Table -> id of its row; what a test does to them is undone."""
    with transaction.atomic():
        yield all_rows
        transaction.set_rollback(True)
