"""What anybody takes along to count again: what was frozen, and every vote."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..frozen import FrozenRule
from ..models import Proposal, Vote

PORTION = 2_000  # votes fetched at a time


def fingerprinted(proposal: Proposal) -> list[Any]:
    """What the fingerprint covers, in its order; only after opening (docs/governance.md)."""
    return FrozenRule.of(proposal).covered(proposal)


def published_votes(proposal: Proposal) -> Iterator[Vote]:
    """Every vote in the order in which they were cast; never all in memory."""
    votes = Vote.objects.filter(proposal=proposal).select_related("voter")
    return votes.order_by("cast_at", "pk").iterator(chunk_size=PORTION)
