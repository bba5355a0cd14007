"""Proposals that were decided elsewhere: their votes enter as they are and are final."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.models import User
from dao_portal.core.actions import Action
from dao_portal.core.audit.events import record
from dao_portal.core.db.bulk import copy_rows

from ..canonical import reason_hash
from ..frozen import FrozenRule
from ..models import Proposal, Vote
from ..outcome import Outcome
from . import closing, locks


@dataclass(frozen=True)
class PastVote:
    """One vote as it was cast. Its power stands in the proposal's snapshot."""

    voter_id: UUID
    choice: str
    cast_at: datetime
    reason: str = ""


@transaction.atomic
def write_history(
    *, actor: User | None, proposal: Proposal, rule: FrozenRule, votes: Iterable[PastVote]
) -> Outcome:
    """Put ``votes`` into ``proposal`` and close it by ``rule``, as of its window.

    ``proposal`` is a saved draft whose ``source`` is not this portal, with its window set and
    power counted for every voter. Its votes pass the same triggers as any other; after this
    nothing about it can change. Takes the proposal's advisory lock alone.
    """
    locks.lock_alone(proposal.pk)
    frozen = rule.columns(proposal)
    copy_rows(
        Vote,
        ["proposal", "voter", "vote_type", "voting_power", "reason", "reason_sha256", "cast_at"],
        (
            (
                proposal.pk,
                vote.voter_id,
                vote.choice,
                0,  # the guard copies it from the snapshot
                vote.reason,
                reason_hash(vote.reason),
                vote.cast_at,
            )
            for vote in votes
        ),
    )
    result = closing.count_result(proposal, fingerprint=frozen["fingerprint"], rule=rule.rule)
    proposal.write(
        **frozen,
        **result.columns,
        published_at=proposal.published_at or proposal.voting_start,
        opened_at=proposal.voting_start,
        closed_at=proposal.voting_end,
    )
    record(
        Action.PROPOSAL_IMPORTED,
        actor=actor,
        resource=proposal,
        new={
            "number": proposal.number,
            "source": proposal.source,
            "source_id": proposal.source_id,
            **result.audit_values,
        },
    )
    return result.outcome
