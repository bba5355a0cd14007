"""Voters and closers as processes of their own; tests/stress/test_race.py sends them off.

They share nothing with each other and with the test but the database.
"""

import os
import random
import time
from collections import Counter
from collections.abc import Callable
from uuid import UUID

import django
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dao_portal.settings")

CHOICES = ("yes", "no", "abstain")
OVER_THE_END = 0.3  # longest sleep of a vote before its COMMIT, in seconds
PAUSE = 0.05  # longest pause between a lock and the count, and of a request before its write
REFUSALS = 5  # of each voting process, before it stops
FURTHER_SWEEPS = 5
MAX_ATTEMPTS = 10_000


def enter(database: str) -> None:
    """Make this process one that works on the test's database."""
    settings.DATABASES["default"]["NAME"] = database
    settings.EVENT_SUBSCRIBERS = {}  # who hears of it is another test's affair
    django.setup()


def vote_until_refused(proposal_id: UUID, voter_ids: list[UUID], method: str) -> Counter:
    """Cast and change votes at random until voting is over; how they fared.

    Every third vote sleeps before its COMMIT, so that some of them hang over the end.
    """
    from django.db import DatabaseError, transaction

    from governance.errors import AnotherVoteStands, VotingClosed

    cast, fared = METHODS[method], Counter()
    while fared["refused"] < REFUSALS:
        try:
            with transaction.atomic():
                cast(proposal_id, random.choice(voter_ids), random.choice(CHOICES))
                if random.random() < 1 / 3:
                    time.sleep(random.random() * OVER_THE_END)
            fared["counted"] += 1
        except VotingClosed:
            fared["refused"] += 1
        except AnotherVoteStands:  # another process has voted for the same member meanwhile
            fared["overtaken"] += 1
        except DatabaseError as error:
            fared[type(error.__cause__).__name__] += 1
            fared["refused"] += fared.total() > MAX_ATTEMPTS  # come to an end whatever happens
    return fared


def close_until_closed(proposal_id: UUID) -> Counter:
    """Try to close, each time with a pause between the lock and the count; how often it did.

    Goes on for a while after the proposal is closed, as the next sweeps would. ``differed``: the
    database found other votes than had just been counted, and refused the result.
    """
    from django.db import IntegrityError, transaction

    from governance.models import Proposal
    from governance.services.closing import close_proposal
    from governance.services.locks import lock_alone

    fared, further = Counter(), 0
    while further < FURTHER_SWEEPS:
        try:
            with transaction.atomic():
                lock_alone(proposal_id)
                time.sleep(random.random() * PAUSE)
                fared["closed"] += close_proposal(proposal_id=proposal_id)
        except IntegrityError as error:
            if error.__cause__.diag.constraint_name != "proposals_counted":
                raise
            fared["differed"] += 1
        further += Proposal.objects.decided().filter(pk=proposal_id).exists()
        time.sleep(random.random() * PAUSE)
    return fared


# --- how a vote is cast -------------------------------------------------------------------------


def cast_guarded(proposal_id: UUID, voter_id: UUID, choice: str) -> None:
    """As every door does."""
    from accounts.models import User
    from governance.models import Proposal
    from governance.services.votes import cast_vote
    from tests.factories import receipt_of

    voter = User(pk=voter_id)
    cast_vote(
        actor=voter,
        proposal_id=proposal_id,
        choice=choice,
        reason=str(random.random()),
        replaces=receipt_of(Proposal.objects.get(pk=proposal_id), voter),
    )


def cast_checked_in_python(proposal_id: UUID, voter_id: UUID, choice: str) -> None:
    """As one would write it first: look whether voting is open, then write. No lock."""
    from django.db.models.functions import Now

    from governance.errors import VotingClosed
    from governance.models import Proposal

    proposal = Proposal.objects.annotate(db_now=Now()).get(pk=proposal_id)
    if not proposal.is_open:
        raise VotingClosed
    time.sleep(random.random() * PAUSE)  # the rest of a request
    upsert_vote(proposal_id, voter_id, choice)


def upsert_vote(proposal_id: UUID, voter_id: UUID, choice: str) -> None:
    """The bare statement, with the power as it was counted."""
    from django.db import IntegrityError

    from governance.errors import VotingClosed
    from tests.sql import run

    try:
        run(UPSERT, proposal=proposal_id, voter=voter_id, choice=choice)
    except IntegrityError as error:
        raise VotingClosed from error


UPSERT = """
    INSERT INTO votes (proposal_id, voter_id, vote_type, voting_power, reason_sha256)
    SELECT proposal_id, user_id, %(choice)s, power, encode(sha256(''), 'hex')
    FROM power_snapshots WHERE proposal_id = %(proposal)s AND user_id = %(voter)s
    ON CONFLICT (proposal_id, voter_id) DO UPDATE SET vote_type = excluded.vote_type
"""

METHODS: dict[str, Callable[[UUID, UUID, str], None]] = {
    "guarded": cast_guarded,
    "checked in Python": cast_checked_in_python,
    "without the lock": upsert_vote,
}
