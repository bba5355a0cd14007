"""Looking at what may not be there: a loop over nothing asserts nothing."""

from collections.abc import Iterable
from typing import TypeVar

Thing = TypeVar("Thing")


def some(things: Iterable[Thing]) -> list[Thing]:
    """All of ``things``, which are not none."""
    found = list(things)
    assert found, "there is nothing to look at"
    return found
