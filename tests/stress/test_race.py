"""Six processes vote across the deadline while two close. ``make stress`` runs twenty rounds."""

import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.db import connection

from dao_portal.core.models import AuditLog
from governance.canonical import votes_digest
from governance.models import Proposal, TallySlot, Vote
from governance.services.closing import count_votes, live_counts
from tests.factories import open_proposal_with, shift_window, voters_of
from tests.sql import sql
from tests.stress.race import close_until_closed, enter, vote_until_refused

pytestmark = [pytest.mark.stress, pytest.mark.django_db(transaction=True)]

ROUNDS = int(os.environ.get("DAO_STRESS_ROUNDS", "2"))
VOTERS = 60
VOTING, CLOSING = 6, 2  # processes
VOTES_BEFORE_THE_END = 60
STILL_OPEN = timedelta(seconds=0.3)
PATIENCE = 120  # seconds, on a machine that has other things to do
LOCK = "PERFORM pg_advisory_xact_lock_shared(proposal_lock_key(vote.proposal_id));"


@dataclass
class Round:
    """What one race left behind."""

    proposal: Proposal
    fared: Counter[str]
    closings: Counter[str]

    @property
    def final(self) -> dict[str, object]:
        return {name: getattr(self.proposal, name) for name in count_votes(self.proposal.pk)}

    @property
    def lost(self) -> bool:
        """Did votes slip in after the count? The database's own count may have caught it."""
        return self.closings["differed"] > 0 or self.final != count_votes(self.proposal.pk)


@pytest.fixture(scope="module")
def processes(django_db_setup: None) -> Iterator[ProcessPoolExecutor]:
    """Eight real processes. Spawned, not forked: they inherit no connection and no thread."""
    with ProcessPoolExecutor(
        VOTING + CLOSING,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=enter,
        initargs=[connection.settings_dict["NAME"]],
    ) as pool:
        # Each of these takes a while: nobody gets two before everybody is awake.
        list(pool.map(time.sleep, [1.0] * (VOTING + CLOSING)))
        yield pool


def race(pool: ProcessPoolExecutor, method: str) -> Round:
    """Voting is under way in every process; then its end comes, and two close."""
    powers = [f"{number}.000000000000000001" for number in range(1, VOTERS + 1)]
    proposal = open_proposal_with(powers)
    voters = [voter.pk for voter in voters_of(proposal)][-VOTERS:]
    voting = [pool.submit(vote_until_refused, proposal.pk, voters, method) for _ in range(VOTING)]
    closing = [pool.submit(close_until_closed, proposal.pk) for _ in range(CLOSING)]
    await_votes(proposal, VOTES_BEFORE_THE_END)
    shift_window(proposal, end=STILL_OPEN)
    fared = sum((future.result(PATIENCE) for future in voting), Counter())
    closings = sum((future.result(PATIENCE) for future in closing), Counter())
    proposal.refresh_from_db()
    return Round(proposal, fared, closings)


def await_votes(proposal: Proposal, number: int) -> None:
    give_up = time.monotonic() + PATIENCE
    while changes_of(proposal) < number:
        assert time.monotonic() < give_up, "nobody votes"
        time.sleep(0.01)


def changes_of(proposal: Proposal) -> int:
    """How many votes were cast and changed, by the slots' own count."""
    return sum(TallySlot.objects.filter(proposal=proposal).values_list("version", flat=True))


@pytest.mark.parametrize("number", range(ROUNDS))
def test_the_result_is_what_the_votes_say(processes, number, report):
    result = race(processes, "guarded")
    proposal, fared = result.proposal, result.fared
    report(f"round {number + 1}: {dict(fared)}, {dict(result.closings)}")

    assert +result.closings == {"closed": 1}
    assert AuditLog.objects.filter(action="proposal.closed").count() == 1
    assert proposal.status in Proposal.DECIDED
    assert result.final == count_votes(proposal.pk) == live_counts(proposal.pk)
    votes = Vote.objects.filter(proposal=proposal)
    assert votes.count() == votes.values("voter").distinct().count() == proposal.total_votes
    assert proposal.votes_digest == votes_digest(
        vote.receipt(proposal.fingerprint) for vote in votes
    )
    assert not votes.filter(cast_at__gte=proposal.voting_end).exists()
    # Each vote that was counted is one change of a slot and one row of the audit log.
    audited = AuditLog.objects.filter(action__in=["vote.cast", "vote.changed"]).count()
    assert fared["counted"] == changes_of(proposal) == audited
    # Nobody met a deadlock or any other error, and the race did reach the deadline.
    assert {"counted", "refused"} <= set(fared) <= {"counted", "refused", "overtaken"}


# --- the same race without what holds it --------------------------------------------------------


def standing_guard() -> str:
    """The function as the database has it, with all that belongs to it."""
    return str(sql("SELECT pg_get_functiondef('votes_guard'::regproc)")[0][0])


def replace_guard(definition: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(definition)


@contextmanager
def trigger_off() -> Iterator[None]:
    sql("ALTER TABLE votes DISABLE TRIGGER votes_1_guard")
    try:
        yield
    finally:
        sql("ALTER TABLE votes ENABLE TRIGGER votes_1_guard")


@contextmanager
def trigger_without_its_lock() -> Iterator[None]:
    guard = standing_guard()
    assert LOCK in guard
    replace_guard(guard.replace(LOCK, ""))
    try:
        yield
    finally:
        replace_guard(guard)


@pytest.mark.parametrize(
    ("method", "guard_taken_away"),
    [
        ("checked in Python", trigger_off),
        ("without the lock", trigger_without_its_lock),
    ],
)
def test_without_the_guard_the_race_is_lost(processes, method, guard_taken_away, report):
    """Or the test above would pass for want of a race."""
    rounds = 0
    with guard_taken_away():
        while not (result := race(processes, method)).lost:
            rounds += 1
            assert rounds < 10, "ten races without a guard were won: nobody would notice its loss"
    report(f"{method}: lost in round {rounds + 1}, {dict(result.fared)}, {dict(result.closings)}")
