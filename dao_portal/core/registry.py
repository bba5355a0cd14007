"""What is declared once, and found by its key."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

Entry = TypeVar("Entry")


def by_key(entries: Iterable[Entry], key: Callable[[Entry], Any]) -> dict[Any, Entry]:
    """``entries`` in their order; ValueError where two have one key, and one would hide another."""
    registry: dict[Any, Entry] = {}
    for entry in entries:
        if key(entry) in registry:
            raise ValueError(f"{key(entry)} is declared twice")
        registry[key(entry)] = entry
    return registry
