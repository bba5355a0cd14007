"""A proposal in each phase, and SQL that no part of the portal would write.

The tests of governance/sql stand on it: test_guard_*.py tell what each guard is for, test_doors.py
tries every column in every phase, so that none is forgotten.
"""

from datetime import timedelta
from hashlib import sha256

from django.db import DatabaseError, transaction
from django.utils import timezone

from dao_portal.core.db.base import uuid7
from governance.frozen import FrozenRule
from governance.models import PowerSnapshot, Vote
from governance.outcome import Rule, to_units
from governance.services.cancelling import cancel_proposal
from governance.services.closing import count_votes
from governance.services.history import PastVote, write_history
from governance.services.opening import expire_proposal
from governance.services.proposals import withdraw_proposal
from tests.factories import (
    DAY,
    HOUR,
    ProposalFactory,
    UserFactory,
    cast,
    close_now,
    open_proposal_with,
    shift_window,
    voters_of,
)
from tests.sql import run, sql

NOW = timedelta(0)
NO_REASON = sha256(b"").hexdigest()


def insert_vote(proposal, voter, choice="yes", *, power=0, reason="", cast_at=None):
    """A vote without any of our Python."""
    return run(
        """
        INSERT INTO votes (proposal_id, voter_id, vote_type, voting_power, reason, reason_sha256,
                           cast_at)
        VALUES (%(proposal)s, %(voter)s, %(choice)s, %(power)s, %(reason)s, %(hash)s,
                coalesce(%(cast_at)s, now()))
        """,
        proposal=proposal.pk,
        voter=voter.pk,
        choice=choice,
        power=power,
        reason=reason,
        hash=sha256(reason.encode()).hexdigest(),
        cast_at=cast_at,
    )


def update_votes(proposal, assignment, **parameters):
    return run(
        f"UPDATE votes SET {assignment} WHERE proposal_id = %(proposal)s",
        proposal=proposal.pk,
        **parameters,
    )


def delete_votes(proposal):
    return run("DELETE FROM votes WHERE proposal_id = %(proposal)s", proposal=proposal.pk)


def update_proposal(proposal, assignment, **parameters):
    return run(
        f"UPDATE proposals SET {assignment} WHERE id = %(proposal)s",
        proposal=proposal.pk,
        **parameters,
    )


def count_power(proposal, voter, power=10):
    PowerSnapshot.objects.create(proposal=proposal, user=voter, own=power, power=power)


# --- one proposal in each phase -----------------------------------------------------------------


def voted(**fields):
    """Open, with one vote; a second member has power and has not voted."""
    proposal = open_proposal_with({"ada": 60, "mira": 40}, **fields)
    cast(proposal, voters_of(proposal)[0], "yes", "It pays for itself.")
    return proposal


def ended():
    return shift_window(voted(), end=NOW)


def decided():
    return close_now(voted())


def cancelled():
    proposal = voted()
    cancel_proposal(
        actor=UserFactory(role="moderator"), proposal_id=proposal.pk, note="Sent twice."
    )
    return proposal


def withdrawn():
    proposal = ProposalFactory(upcoming=True)
    withdraw_proposal(actor=proposal.proposer, proposal_id=proposal.pk)
    return proposal


def not_opened():
    proposal = missed()
    assert expire_proposal(proposal_id=proposal.pk)
    return proposal


def missed():
    """Published, and its window is over without anybody having opened it."""
    return ProposalFactory(
        due=True,
        voting_start=timezone.now() - 2 * DAY,
        voting_end=timezone.now() - DAY,
    )


def foreign_draft():
    """What an importer has written before the votes: everybody's power is counted."""
    end = timezone.now() - DAY
    proposal = ProposalFactory(
        source="snapshot",
        source_id=f"0x{uuid7().hex}",
        voting_start=end - DAY,
        voting_end=end,
        quorum_mode="turnout",
        quorum_threshold=10,
        approval_numerator=1,
        approval_denominator=2,
    )
    for power in (60, 40):
        PowerSnapshot.objects.create(proposal=proposal, user=UserFactory(), own=power, power=power)
    return proposal


def imported():
    proposal = foreign_draft()
    voters = voters_of(proposal)
    write_history(
        actor=None,
        proposal=proposal,
        rule=FrozenRule(Rule("turnout", to_units(10), 1, 2)),
        votes=[PastVote(voters[0].pk, "yes", proposal.voting_start + HOUR)],
    )
    return proposal


PHASES = {
    "draft": ProposalFactory,
    "upcoming": lambda: ProposalFactory(upcoming=True),
    "due": lambda: ProposalFactory(due=True),
    "missed": missed,
    "foreign draft": foreign_draft,
    "open": voted,
    "ended": ended,
    "decided": decided,
    "imported": imported,
    "cancelled": cancelled,
    "withdrawn": withdrawn,
    "not opened": not_opened,
}
BEFORE = ("draft", "upcoming", "due", "missed", "foreign draft")
UNDER_WAY = ("open", "ended")
DRAFTS = ("draft", "foreign draft")
DECIDED = ("decided", "imported", "cancelled", "withdrawn", "not opened")
OPENED = ("open", "ended", "decided", "imported", "cancelled")


def settle():
    """Judge what is deferred, so that a verdict is about the attack alone."""
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    sql("SET CONSTRAINTS ALL DEFERRED")


NOT_THERE = "nothing was there"


class Took(Exception):
    """Not refused; takes the change back."""


def verdict(query, **parameters):
    """The name of what refused ``query``, "?" for something without a name, None for nothing."""
    try:
        with transaction.atomic():
            touched = run(query, **parameters)
            sql("SET CONSTRAINTS ALL IMMEDIATE")
            if touched == 0:
                return NOT_THERE
            raise Took
    except Took:
        return None
    except DatabaseError as error:
        return getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or "?"


INSERTS = {
    "votes": """
        INSERT INTO {table} (proposal_id, voter_id, vote_type, voting_power, reason_sha256)
        VALUES (%(proposal)s, %(voter)s, 'yes', 1000000, %(hash)s)""",
    "power_snapshots": """
        INSERT INTO {table} (proposal_id, user_id, own, power)
        VALUES (%(proposal)s, %(stranger)s, 1000000, 1000000)""",
    "tally_slots": """
        INSERT INTO {table} (proposal_id, slot, yes_votes, yes_power)
        VALUES (%(proposal)s, 99, 1, 1000000)""",
}


def result_of(proposal):
    """What the closing would write, as assignments."""
    values = dict(count_votes(proposal.pk))
    values["total_votes"] = sum(values[f"{choice}_votes"] for choice in Vote.Choice.values)
    receipts = sorted(vote.receipt(proposal.fingerprint) for vote in proposal.votes.all())
    values["votes_digest"] = sha256("\n".join(receipts).encode()).hexdigest()
    values |= {"status": "passed", "outcome_reason": "approved"}
    return {name: f"'{value}'" for name, value in values.items()} | {
        "closed_at": "clock_timestamp()"
    }
