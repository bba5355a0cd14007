"""Movements of the treasury, as they are asked for."""

import pytest

from tests.factories import TransactionFactory
from tests.treasury.movements import moved
from treasury.selectors.transaction_list import find_movements

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, ["c", "b", "a"]),
        ({"words": "B GRANT"}, ["b"]),
        ({"words": "guild"}, ["c"]),
        ({"currency": "ETH"}, ["c"]),
        ({"kind": "deposit"}, ["b", "a"]),
        ({"status": "pending"}, ["a"]),
        ({"sort": "amount"}, ["b", "c", "a"]),
        ({"words": "%"}, []),
    ],
)
def test_movements_by_filter(filters, found):
    moved("1", description="a", status="pending")
    moved("3", description="b grant")
    moved("-2", description="c", currency="ETH", metadata={"party": "Node guild"})
    TransactionFactory(amount=9, treasury_change=0, description="between members")

    assert [movement.description[0] for movement in find_movements(**filters)] == found
