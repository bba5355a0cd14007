"""The tables of governance."""

from .proposals import MAX_TEXT, MAX_TITLE, NextProposalNumber, Proposal, ProposalQuerySet
from .snapshots import PowerSnapshot
from .tallies import TallySlot
from .votes import MAX_REASON, Vote

__all__ = [
    "MAX_REASON",
    "MAX_TEXT",
    "MAX_TITLE",
    "NextProposalNumber",
    "PowerSnapshot",
    "Proposal",
    "ProposalQuerySet",
    "TallySlot",
    "Vote",
]
