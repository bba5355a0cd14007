"""What kinds of proposals there are: ``PROPOSAL_TYPES`` is the whole table.

Form, pages, filters and files ask it; nothing else compares a type with a word. What sets a new
type apart is an attribute of ProposalType.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dao_portal.core.registry import by_key


@dataclass(frozen=True)
class ProposalType:
    """One kind of proposal. ``key`` is what PROPOSALS, the fingerprint and addresses call it."""

    key: str
    label: Promise


USUAL = ProposalType("text", _("Text"))  # what a proposal is unless somebody says otherwise
PROPOSAL_TYPES: dict[str, ProposalType] = by_key((USUAL,), key=lambda kind: kind.key)


def type_choices() -> list[tuple[str, Any]]:
    """For the model's field: a function, so that a new type needs no migration."""
    return [(kind.key, kind.label) for kind in PROPOSAL_TYPES.values()]
