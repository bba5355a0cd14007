"""What anybody takes along to count again: what was frozen, and every vote."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..canonical import canonical_amount, canonical_time
from ..models import Proposal, Vote

PORTION = 2_000  # votes fetched at a time


def fingerprinted(proposal: Proposal) -> list[Any]:
    """What the fingerprint covers, in its order; only after opening (docs/governance.md)."""
    assert proposal.voting_start
    assert proposal.voting_end
    assert proposal.quorum_threshold is not None
    return [
        proposal.title,
        proposal.description,
        proposal.type,
        proposal.metadata,
        canonical_time(proposal.voting_start),
        canonical_time(proposal.voting_end),
        {
            "version": proposal.rule_version,
            "token": proposal.token.symbol if proposal.token else None,
            "quorum_mode": proposal.quorum_mode,
            "quorum": canonical_amount(proposal.quorum_threshold),
            "approval": f"{proposal.approval_numerator}/{proposal.approval_denominator}",
            "total_power": None
            if proposal.total_power is None
            else canonical_amount(proposal.total_power),
        },
    ]


def published_votes(proposal: Proposal) -> Iterator[Vote]:
    """Every vote in the order in which they were cast; never all in memory."""
    votes = Vote.objects.filter(proposal=proposal).select_related("voter")
    return votes.order_by("cast_at", "pk").iterator(chunk_size=PORTION)
