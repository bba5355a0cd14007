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

from ..canonical import canonical_amount, reason_hash
from ..models import Proposal, Vote
from ..outcome import Outcome
from . import closing, locks, opening


@dataclass(frozen=True)
class PastVote:
    """One vote as it was cast. Its power stands in the proposal's snapshot."""

    voter_id: UUID
    choice: str
    cast_at: datetime
    reason: str = ""


@transaction.atomic
def write_history(
    *, actor: User | None, proposal: Proposal, ballots: Iterable[PastVote]
) -> Outcome:
    """Put ``ballots`` into ``proposal`` and close it as of its window.

    ``proposal`` is a saved draft whose ``source`` is not this portal, with window and rule set and
    power counted for every voter. Its votes pass the same triggers as any other; after this
    nothing about it can change. Takes the proposal's advisory lock alone.
    """
    locks.lock_alone(proposal.pk)
    opening.freeze_rule(proposal)
    copy_rows(
        Vote,
        ["proposal", "voter", "vote_type", "voting_power", "reason", "reason_sha256", "cast_at"],
        (
            (
                proposal.pk,
                ballot.voter_id,
                ballot.choice,
                0,  # the guard copies it from the snapshot
                ballot.reason,
                reason_hash(ballot.reason),
                ballot.cast_at,
            )
            for ballot in ballots
        ),
    )
    outcome = closing.write_result(proposal)
    proposal.published_at = proposal.published_at or proposal.voting_start
    proposal.opened_at = proposal.voting_start
    proposal.closed_at = proposal.voting_end
    proposal.save()
    record(
        Action.PROPOSAL_IMPORTED,
        actor=actor,
        resource=proposal,
        new={
            "number": proposal.number,
            "source": proposal.source,
            "source_id": proposal.source_id,
            "status": outcome.status,
            "reason": outcome.reason,
            "yes": canonical_amount(proposal.yes_power),
            "no": canonical_amount(proposal.no_power),
            "abstain": canonical_amount(proposal.abstain_power),
            "voters": proposal.total_votes,
            "votes_digest": proposal.votes_digest,
        },
    )
    return outcome
