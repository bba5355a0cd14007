"""The tables of governance."""

from .proposal_checks import RULE_VERSION
from .proposals import MAX_TEXT, MAX_TITLE, NextProposalNumber, Proposal, ProposalQuerySet
from .votes import MAX_REASON, PowerSnapshot, TallySlot, Vote

__all__ = [
    "MAX_REASON",
    "MAX_TEXT",
    "MAX_TITLE",
    "RULE_VERSION",
    "NextProposalNumber",
    "PowerSnapshot",
    "Proposal",
    "ProposalQuerySet",
    "TallySlot",
    "Vote",
]
