"""The live tally and the counted power, attacked through SQL (governance/sql)."""

import random

import pytest

from governance.models import TallySlot, Vote
from governance.services.closing import count_votes, live_counts
from tests.factories import ProposalFactory, UserFactory, cast, open_proposal_with, voters_of
from tests.governance.attacks import NO_REASON, count_power, insert_vote
from tests.sql import refused, run, sql

pytestmark = pytest.mark.django_db

CHOICES = Vote.Choice.values

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
