"""Canonical JSON, fingerprints, receipts and the votes digest. Standard library only.

These texts are what a stranger hashes again to recount a proposal: they never change their shape.
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

from .outcome import from_units, to_units

RECEIPT_DIGITS = 20


def canonical_json(value: Any) -> bytes:
    """``value`` as the one JSON text that everybody hashes."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def canonical_hash(value: Any) -> str:
    """SHA-256 of the canonical JSON, in hex."""
    return sha256(canonical_json(value)).hexdigest()


def canonical_amount(amount: Decimal) -> str:
    """Plain digits, always 18 decimals: ``12480.000000000000000000``, however it was computed.

    ValueError when ``amount`` has more.
    """
    return format(from_units(to_units(amount)), "f")


def canonical_time(moment: datetime) -> str:
    """UTC with microseconds: ``2026-11-19T11:13:00.000000Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def reason_hash(reason: str) -> str:
    """SHA-256 of a public reason; of nothing when there is none."""
    return sha256(reason.encode()).hexdigest()


def vote_receipt(
    *,
    fingerprint: str,
    voter: str,
    choice: str,
    power: Decimal,
    cast_at: datetime,
    reason_sha256: str,
) -> str:
    """The code that a voter keeps and finds again among the published votes: 20 hex digits."""
    return canonical_hash(
        [
            fingerprint,
            voter,
            choice,
            canonical_amount(power),
            canonical_time(cast_at),
            reason_sha256,
        ]
    )[:RECEIPT_DIGITS]


def votes_digest(receipts: Iterable[str]) -> str:
    """SHA-256 of the sorted receipts, one a line: a vote taken away changes it."""
    return sha256("\n".join(sorted(receipts)).encode()).hexdigest()
