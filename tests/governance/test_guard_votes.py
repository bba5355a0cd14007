"""The database's own rules about votes, attacked through SQL (governance/sql)."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, NotSupportedError, transaction
from django.utils import timezone

from governance.frozen import FrozenRule
from governance.models import Vote
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
    open_proposal_with,
    shift_window,
    unguarded,
    voters_of,
)
from tests.governance.attacks import (
    INSERTS,
    NO_REASON,
    count_power,
    decided,
    delete_votes,
    insert_vote,
    settle,
    update_proposal,
    update_votes,
    verdict,
)
from tests.sql import refused, run, sql

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)
CHOICES = Vote.Choice.values

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
    votes = [PastVote(voter.pk, "yes", end)]
    write_history(actor=None, proposal=proposal, rule=rule, votes=votes)

    with refused("votes_window"):
        insert_vote(proposal, late)
    with refused("votes_window"):
        update_votes(proposal, "vote_type = 'no'")
    with refused("votes_window"):
        delete_votes(proposal)


# --- a table of the same name -------------------------------------------------------------------


def test_a_temporary_table_does_not_tell_the_guards_what_is_open():
    """Names are looked up in the caller's temporary tables first."""
    proposal = decided()
    late = voters_of(proposal)[-1]
    settle()
    sql("CREATE TEMP TABLE proposals ON COMMIT DROP AS SELECT * FROM public.proposals")
    sql("UPDATE pg_temp.proposals SET status = 'active', voting_end = now() + interval '1 day'")
    sql("CREATE TEMP TABLE votes ON COMMIT DROP AS SELECT * FROM public.votes")
    sql("CREATE TEMP TABLE tally_slots (LIKE public.tally_slots INCLUDING ALL) ON COMMIT DROP")

    said = verdict(
        INSERTS["votes"].format(table="public.votes"),
        proposal=proposal.pk,
        voter=late.pk,
        hash=NO_REASON,
    )

    assert said == "votes_window"


def test_a_temporary_table_of_snapshots_makes_nobody_mighty():
    proposal = open_proposal_with({"ada": 60})
    (ada,) = voters_of(proposal)
    sql("""
        CREATE TEMP TABLE power_snapshots ON COMMIT DROP
        AS SELECT * FROM public.power_snapshots
    """)
    sql("UPDATE pg_temp.power_snapshots SET power = 1000000")

    run(INSERTS["votes"].format(table="votes"), proposal=proposal.pk, voter=ada.pk, hash=NO_REASON)

    assert sql("SELECT voting_power FROM public.votes")[0][0] == 60
