"""The database's own rules about votes, attacked through SQL (governance/sql)."""

import random
from contextlib import nullcontext
from datetime import timedelta
from hashlib import sha256

import pytest
from django.db import IntegrityError, NotSupportedError, transaction
from django.utils import timezone

from governance.frozen import FrozenRule
from governance.models import PowerSnapshot, Proposal, TallySlot, Vote
from governance.outcome import Rule
from governance.services.cancelling import cancel_proposal
from governance.services.closing import count_votes, live_counts
from governance.services.history import PastVote, write_history
from tests.factories import (
    HOUR,
    ProposalFactory,
    UserFactory,
    cast,
    close_now,
    decided_proposal,
    open_proposal_with,
    shift_window,
    unguarded,
    voters_of,
)
from tests.sql import refused, run, sql

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)
CHOICES = Vote.Choice.values
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


# --- when a vote gets in ------------------------------------------------------------------------


def test_a_vote_gets_in_while_voting_is_open():
    proposal = open_proposal_with([60])

    assert insert_vote(proposal, *voters_of(proposal)) == 1


def test_the_last_moment_belongs_to_the_window_and_the_end_does_not():
    proposal = open_proposal_with([60, 40])
    first, second = voters_of(proposal)

    shift_window(proposal, end=5 * SECOND)
    assert insert_vote(proposal, first) == 1
    shift_window(proposal, end=timedelta(0))
    with refused("votes_window"):
        insert_vote(proposal, second)


def test_the_first_moment_belongs_to_the_window():
    proposal = open_proposal_with([60])
    (voter,) = voters_of(proposal)

    shift_window(proposal, start=HOUR)
    with refused("votes_window"):
        insert_vote(proposal, voter)
    shift_window(proposal, start=timedelta(0))
    assert insert_vote(proposal, voter) == 1


@pytest.mark.parametrize("traits", [{}, {"upcoming": True}, {"due": True}])
def test_no_vote_before_opening_even_with_counted_power(traits):
    proposal, voter = ProposalFactory(**traits), UserFactory()
    count_power(proposal, voter)

    with refused("votes_window"):
        insert_vote(proposal, voter)


@pytest.mark.parametrize("column", ["voting_start", "voting_end", "opened_at"])
def test_a_missing_time_is_closed_not_open(column):
    """Comparing with NULL is neither true nor false: the guard must not take that for a yes."""
    proposal = open_proposal_with([60])
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    sql(
        "ALTER TABLE proposals DROP CONSTRAINT proposals_published_has_window_ck,"
        " DROP CONSTRAINT proposals_unopened_ck"
    )
    with unguarded():
        assert update_proposal(proposal, f"{column} = NULL") == 1

    with refused("votes_window"):
        insert_vote(proposal, *voters_of(proposal))


def test_no_vote_once_cancelled_though_the_window_is_open():
    proposal = open_proposal_with([60])
    moderator = UserFactory(role="moderator")
    cancel_proposal(actor=moderator, proposal_id=proposal.pk, note="Sent twice.")

    with refused("votes_window"):
        insert_vote(proposal, *voters_of(proposal))


def test_no_vote_without_counted_power():
    proposal = open_proposal_with([60])

    with refused("votes_eligible"):
        insert_vote(proposal, UserFactory())


def test_counted_power_in_another_proposal_is_none_in_this_one():
    proposal, other = open_proposal_with([60]), ProposalFactory()
    stranger = UserFactory()
    count_power(other, stranger)

    with refused("votes_eligible"):
        insert_vote(proposal, stranger)


def test_no_second_vote_of_one_member():
    proposal = open_proposal_with([60])
    (voter,) = voters_of(proposal)
    insert_vote(proposal, voter)

    with pytest.raises(IntegrityError, match="duplicate key"), transaction.atomic():
        insert_vote(proposal, voter, "no")
    assert Vote.objects.get(proposal=proposal).vote_type == "yes"


@pytest.mark.parametrize("choice", ["", "YES", "maybe", "yes "])
def test_no_unknown_choice(choice):
    proposal = open_proposal_with([60])

    with refused("votes_vote_type_ck"):
        insert_vote(proposal, *voters_of(proposal), choice)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
@pytest.mark.parametrize(
    "attack",
    [
        insert_vote,
        lambda proposal, _other: update_votes(proposal, "vote_type = 'no'"),
        lambda proposal, _other: delete_votes(proposal),
    ],
    ids=["insert", "update", "delete"],
)
def test_no_vote_under_another_isolation_level(level, attack):
    """There the guard would read the proposal as it was before it waited for the lock."""
    proposal = open_proposal_with([60, 40])
    voted, other = voters_of(proposal)
    cast(proposal, voted, "yes")

    with transaction.atomic():
        sql(f"SET TRANSACTION ISOLATION LEVEL {level}")
        with pytest.raises(NotSupportedError, match="READ COMMITTED"):
            attack(proposal, other)
        transaction.set_rollback(True)


# --- what a vote can and cannot become ----------------------------------------------------------


def test_power_is_what_was_counted_whatever_the_insert_says():
    proposal = open_proposal_with([60])

    insert_vote(proposal, *voters_of(proposal), power=1_000_000)

    assert Vote.objects.get(proposal=proposal).voting_power == 60


def test_power_cannot_be_changed():
    proposal = open_proposal_with([60])
    insert_vote(proposal, *voters_of(proposal))

    assert update_votes(proposal, "voting_power = 1000000") == 1

    assert Vote.objects.get(proposal=proposal).voting_power == 60
    assert live_counts(proposal.pk) == count_votes(proposal.pk)


def test_the_time_of_a_vote_is_the_clock_of_the_guard():
    proposal = open_proposal_with([60])
    before = timezone.now()

    insert_vote(proposal, *voters_of(proposal), cast_at=before - HOUR)
    inserted = Vote.objects.get(proposal=proposal).cast_at
    update_votes(proposal, "cast_at = now() - interval '1 hour'")
    updated = Vote.objects.get(proposal=proposal).cast_at

    assert before < inserted < updated < timezone.now()


def test_a_vote_cannot_move_to_another_voter():
    proposal = open_proposal_with([60, 40])
    first, second = voters_of(proposal)
    insert_vote(proposal, first)

    with refused("votes_immobile"):
        update_votes(proposal, "voter_id = %(voter)s", voter=second.pk)


def test_a_vote_cannot_move_to_another_proposal():
    proposal = open_proposal_with([60])
    (voter,) = voters_of(proposal)
    insert_vote(proposal, voter)
    others = [open_proposal_with({}) for _ in range(4)]  # some share its partition, some do not

    for other in others:
        with refused("votes_immobile"):
            update_votes(proposal, "proposal_id = %(other)s", other=other.pk)


@pytest.mark.parametrize(
    "assignment",
    [
        "vote_type = 'no'",
        "voting_power = 1",
        "cast_at = cast_at - interval '1 hour'",
        "reason_sha256 = repeat('0', 64)",
    ],
)
def test_a_vote_is_final_when_voting_is_over(assignment):
    proposal = open_proposal_with([60])
    insert_vote(proposal, *voters_of(proposal))
    shift_window(proposal, end=timedelta(0))

    with refused("votes_window"):
        update_votes(proposal, assignment)
    close_now(proposal)
    with refused("votes_window"):
        update_votes(proposal, assignment)


@pytest.mark.parametrize("assignment", ["id = uuidv7()", "created_at = now() - interval '1 day'"])
def test_the_key_of_a_vote_never_changes(assignment):
    proposal = open_proposal_with([60])
    insert_vote(proposal, *voters_of(proposal))

    with refused("votes_immobile"):
        update_votes(proposal, assignment)
    close_now(proposal)
    with refused("votes_immobile"):
        update_votes(proposal, assignment)


def test_a_vote_cannot_be_deleted_when_voting_is_over():
    proposal = open_proposal_with([60])
    insert_vote(proposal, *voters_of(proposal))
    close_now(proposal)

    with refused("votes_window"):
        delete_votes(proposal)


def test_a_reason_can_go_and_come_back_after_the_vote_and_never_become_another():
    proposal = open_proposal_with([60])
    insert_vote(proposal, *voters_of(proposal), reason="Rain is free.")
    close_now(proposal)

    with refused("votes_reason_ck"):
        update_votes(proposal, "reason = 'I was paid to say this.'")
    assert update_votes(proposal, "reason = ''") == 1
    assert update_votes(proposal, "reason = 'Rain is free.'") == 1


def test_a_reason_must_match_its_hash_from_the_start():
    proposal = open_proposal_with([60])

    with refused("votes_reason_ck"):
        run(
            """
            INSERT INTO votes (proposal_id, voter_id, vote_type, voting_power, reason,
                               reason_sha256)
            VALUES (%(proposal)s, %(voter)s, 'yes', 0, 'Rain is free.', %(hash)s)
            """,
            proposal=proposal.pk,
            voter=voters_of(proposal)[0].pk,
            hash=NO_REASON,
        )


# --- votes from elsewhere -----------------------------------------------------------------------


def test_imported_votes_enter_a_foreign_draft_with_their_own_time():
    proposal, voter = ProposalFactory(source="snapshot"), UserFactory()
    count_power(proposal, voter, 7)
    long_ago = timezone.now() - timedelta(days=900)

    insert_vote(proposal, voter, cast_at=long_ago, power=9)

    vote = Vote.objects.get(proposal=proposal)
    assert (vote.cast_at, vote.voting_power) == (long_ago, 7)


def test_imported_votes_are_final():
    end = timezone.now() - HOUR
    proposal = ProposalFactory(
        source="snapshot",
        voting_start=end - HOUR,
        voting_end=end,
    )
    rule = FrozenRule(Rule("turnout", 0, 1, 2))
    voter, late = UserFactory(), UserFactory()
    count_power(proposal, voter)
    count_power(proposal, late)
    ballots = [PastVote(voter.pk, "yes", end)]
    write_history(actor=None, proposal=proposal, rule=rule, ballots=ballots)

    with refused("votes_window"):
        insert_vote(proposal, late)
    with refused("votes_window"):
        update_votes(proposal, "vote_type = 'no'")
    with refused("votes_window"):
        delete_votes(proposal)


# --- the live tally -----------------------------------------------------------------------------


def test_the_slots_follow_every_vote_change_and_deletion():
    proposal = open_proposal_with(["0.000000000000000001", f"{'9' * 26}.999999999999999999", 7])
    voters = voters_of(proposal)
    dice = random.Random(20261119)

    for _ in range(60):
        vote = Vote.objects.filter(proposal=proposal, voter=dice.choice(voters))
        if not vote.exists():
            insert_vote(proposal, dice.choice(voters_without_vote(proposal)), dice.choice(CHOICES))
        elif dice.random() < 0.7:
            vote.update(vote_type=dice.choice(CHOICES))
        else:
            vote.delete()
        assert live_counts(proposal.pk) == count_votes(proposal.pk)


def voters_without_vote(proposal):
    return [voter for voter in voters_of(proposal) if not voter.votes.exists()]


def test_each_change_counts_as_one_even_when_the_sums_stay():
    proposal = open_proposal_with([60])
    (voter,) = voters_of(proposal)
    cast(proposal, voter, "yes", "First thought.")
    cast(proposal, voter, "yes", "Second thought.")

    assert TallySlot.objects.get(proposal=proposal).version == 2


def test_votes_of_one_statement_are_all_tallied_and_write_each_slot_once():
    first, second = open_proposal_with([60, 40, 7]), open_proposal_with({"late": 5})

    written = run(
        """
        INSERT INTO votes (proposal_id, voter_id, vote_type, voting_power, reason_sha256)
        SELECT proposal_id, user_id,
               (ARRAY['yes', 'no', 'abstain'])[1 + row_number() OVER (ORDER BY power) %% 3],
               0, %(hash)s
        FROM power_snapshots WHERE proposal_id IN (%(first)s, %(second)s)
        """,
        first=first.pk,
        second=second.pk,
        hash=NO_REASON,
    )

    assert written == 7  # opening counts everybody who holds something
    for proposal, voters in ((first, 3), (second, 4)):
        assert proposal.votes.count() == voters
        assert live_counts(proposal.pk) == count_votes(proposal.pk)
        assert TallySlot.objects.get(proposal=proposal).version == 1


def test_a_vote_written_past_the_parent_table_is_tallied():
    proposals = [open_proposal_with({f"voter{number}": 60}) for number in range(6)]

    for proposal in proposals:
        voter = voters_of(proposal)[-1]
        partition = sql(
            """
            SELECT DISTINCT tableoid::regclass::text FROM power_snapshots
            WHERE proposal_id = %(proposal)s
            """,
            proposal=proposal.pk,
        )[0][0].replace("power_snapshots", "votes")  # spread by the same hash
        run(
            f"""
            INSERT INTO {partition} (proposal_id, voter_id, vote_type, voting_power, reason_sha256)
            VALUES (%(proposal)s, %(voter)s, 'no', 0, %(hash)s)
            """,
            proposal=proposal.pk,
            voter=voter.pk,
            hash=NO_REASON,
        )
        assert live_counts(proposal.pk) == count_votes(proposal.pk)
        assert live_counts(proposal.pk)["no_votes"] == 1


# --- counted power ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE power_snapshots SET power = power + 1 WHERE proposal_id = %(proposal)s",
        "UPDATE power_snapshots SET user_id = %(stranger)s WHERE proposal_id = %(proposal)s",
        "DELETE FROM power_snapshots WHERE proposal_id = %(proposal)s",
        """INSERT INTO power_snapshots (proposal_id, user_id, power)
           VALUES (%(proposal)s, %(stranger)s, 1000)""",
    ],
)
def test_counted_power_is_frozen_once_voting_has_opened(attack):
    proposal, stranger = open_proposal_with([60]), UserFactory()

    with refused("power_snapshots_frozen"):
        run(attack, proposal=proposal.pk, stranger=stranger.pk)


def test_counted_power_cannot_move_out_of_an_opened_proposal():
    proposal = open_proposal_with([60])
    (partition,) = sql(
        "SELECT tableoid FROM power_snapshots WHERE proposal_id = %(proposal)s",
        proposal=proposal.pk,
    )[0]
    neighbour = another_proposal_in(partition)

    with refused("power_snapshots_frozen"):
        run(
            "UPDATE power_snapshots SET proposal_id = %(other)s WHERE proposal_id = %(proposal)s",
            proposal=proposal.pk,
            other=neighbour.pk,
        )


def another_proposal_in(partition):
    """A draft whose power would lie in the same partition: there an UPDATE stays an UPDATE."""
    probe = UserFactory()
    while True:
        draft = ProposalFactory()
        count_power(draft, probe)
        where = "FROM power_snapshots WHERE proposal_id = %(draft)s"
        found = sql(f"SELECT tableoid {where}", draft=draft.pk)[0][0]
        run(f"DELETE {where}", draft=draft.pk)
        if found == partition:
            return draft


# --- what is frozen on a proposal ---------------------------------------------------------------

# Every column of the table stands in exactly one of these; a new one fails until it is placed.
IDENTITY = {
    "source": "'snapshot'",
    "number": "number + 1000",
    "proposer_id": "%(stranger)s",
    "id": "uuidv7()",
    "created_at": "created_at - interval '1 day'",
}
IDENTITY_ONCE_PUBLISHED = {"source_id": "'elsewhere'"}
FROZEN_AT_OPENING = {
    "title": "title || '!'",
    "description": "description || '!'",
    "description_html": "'<p>Give everything to me.</p>'",
    "type": "'treasury'",
    "metadata": """'{"amount": "1"}'""",
    "voting_start": "voting_start - interval '1 second'",
    "voting_end": "voting_end + interval '1 second'",
    "published_at": "published_at - interval '1 second'",
    "opened_at": "NULL",
    "token_id": "NULL",
    "quorum_mode": "'turnout'",
    "quorum_threshold": "quorum_threshold + 1",
    "approval_numerator": "approval_denominator",
    "approval_denominator": "approval_denominator + 1",
    "approval_threshold": "1",
    "total_power": "total_power + 1",
    "rule_version": "rule_version + 1",
    "fingerprint": "'sha256:' || repeat('0', 64)",
}
FROZEN_AT_CLOSING = {
    "status": "'rejected'",
    "outcome_reason": "'tie'",
    "outcome_note": "'Because.'",
    "closed_at": "closed_at + interval '1 second'",
    "votes_digest": "repeat('0', 64)",
    "total_votes": "total_votes + 1",
    "yes_votes": "yes_votes + 1",
    "no_votes": "no_votes + 1",
    "abstain_votes": "abstain_votes + 1",
    "yes_power": "yes_power + 1",
    "no_power": "no_power + 1",
    "abstain_power": "abstain_power + 1",
}
FREE = {"updated_at", "search"}  # says nothing; generated


def test_every_column_of_a_proposal_is_frozen_or_known_to_be_free():
    columns = {name for (name,) in sql(
        "SELECT attname FROM pg_attribute"
        " WHERE attrelid = 'proposals'::regclass AND attnum > 0 AND NOT attisdropped"
    )}  # fmt: skip

    assert columns == {
        *IDENTITY,
        *IDENTITY_ONCE_PUBLISHED,
        *FROZEN_AT_OPENING,
        *FROZEN_AT_CLOSING,
        *FREE,
    }


@pytest.mark.parametrize("column", IDENTITY)
def test_identity_never_changes(column):
    draft, stranger = ProposalFactory(), UserFactory()

    with refused("proposals_identity"):
        update_proposal(draft, f"{column} = {IDENTITY[column]}", stranger=stranger.pk)


def test_the_number_at_its_source_never_changes_once_published():
    proposal = ProposalFactory(upcoming=True)

    with refused("proposals_identity"):
        update_proposal(proposal, f"source_id = {IDENTITY_ONCE_PUBLISHED['source_id']}")


@pytest.mark.parametrize("column", FROZEN_AT_OPENING)
def test_text_window_and_rule_are_frozen_at_opening(column):
    proposal = open_proposal_with([60])

    with refused("proposals_frozen"):
        update_proposal(proposal, f"{column} = {FROZEN_AT_OPENING[column]}")


@pytest.mark.parametrize("column", FROZEN_AT_CLOSING)
def test_a_result_is_written_once(column):
    proposal = decided_proposal("passed")

    with refused("proposals_decided"):
        update_proposal(proposal, f"{column} = {FROZEN_AT_CLOSING[column]}")


def test_the_number_of_votes_is_the_sum_of_the_three():
    proposal = decided_proposal("passed")

    with refused("proposals_total_votes_ck"), unguarded():
        update_proposal(proposal, "total_votes = total_votes + 1")


def test_a_draft_can_still_change():
    """Or the tests above would pass on a table that refuses everything."""
    draft = ProposalFactory()

    for column in ("title", "description", "metadata", "voting_start", "voting_end"):
        assert update_proposal(draft, f"{column} = {FROZEN_AT_OPENING[column]}") == 1


# --- the life of a proposal, against its direction ----------------------------------------------


@pytest.mark.parametrize("traits", [{"upcoming": True}, {"due": True}])
def test_a_published_proposal_never_becomes_a_draft_again(traits):
    proposal = ProposalFactory(**traits)

    with refused("proposals_published"):
        update_proposal(proposal, "status = 'draft'")


def test_an_open_proposal_never_becomes_a_draft_again():
    """As a draft it would never be due to close, and nobody but its author would see it."""
    proposal = open_proposal_with([60])

    with refused("proposals_published"):
        update_proposal(proposal, "status = 'draft'")


def test_a_decided_proposal_never_opens_again():
    proposal = decided_proposal("rejected")

    with refused("proposals_decided"):
        update_proposal(proposal, "status = 'active', closed_at = NULL, outcome_reason = ''")


DECIDE = "status = 'passed', outcome_reason = 'approved', closed_at = clock_timestamp()"


@pytest.mark.parametrize("guards", [nullcontext, unguarded], ids=["with triggers", "without"])
def test_nothing_is_decided_before_the_end(guards):
    proposal = open_proposal_with([60])
    constraint = {
        nullcontext: "proposals_counted",  # the digest of no votes is missing
        unguarded: "proposals_decided_after_voting_ck",
    }[guards]

    with refused(constraint), guards():
        update_proposal(proposal, DECIDE)


@pytest.mark.parametrize("guards", [nullcontext, unguarded], ids=["with triggers", "without"])
def test_nothing_is_decided_without_a_vote_having_opened(guards):
    draft = ProposalFactory()
    unopened = ProposalFactory(due=True)
    shift_window(unopened, end=timedelta(0))
    constraints = {
        nullcontext: ("proposals_closing", "proposals_counted"),
        unguarded: ("proposals_decided_after_voting_ck", "proposals_decided_after_voting_ck"),
    }[guards]

    with refused(constraints[0]), guards():
        update_proposal(draft, f"{DECIDE}, published_at = now()")
    with refused(constraints[1]), guards():
        update_proposal(unopened, DECIDE)


def test_a_proposal_with_votes_cannot_be_deleted():
    proposal = open_proposal_with([60])
    insert_vote(proposal, *voters_of(proposal))
    sql("SET CONSTRAINTS ALL IMMEDIATE")

    with refused("proposals_published"):
        run("DELETE FROM proposals WHERE id = %(proposal)s", proposal=proposal.pk)
    assert Proposal.objects.filter(pk=proposal.pk).exists()
