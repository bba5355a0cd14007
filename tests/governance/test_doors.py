"""Every table of a vote, every column, in every phase, through every door that SQL has."""

import pytest

from dao_portal.core.db.bulk import copy_rows
from dao_portal.core.services.options import set_option
from governance.models import PowerSnapshot, TallySlot, Vote
from tests.factories import TokenFactory, UserFactory, close_now, open_proposal_with, voters_of
from tests.governance.attacks import (
    BEFORE,
    DECIDED,
    DRAFTS,
    INSERTS,
    NO_REASON,
    NOT_THERE,
    OPENED,
    PHASES,
    decided,
    settle,
    verdict,
    voted,
)
from tests.sql import refused, run, sql

pytestmark = pytest.mark.django_db

# --- proposals: each column in each phase -------------------------------------------------------

ALWAYS = {
    "id": "uuidv7()",
    "created_at": "created_at - interval '1 day'",
    "number": "number + 1000",
    "proposer_id": "%(stranger)s",
    "source": "CASE source WHEN 'portal' THEN 'snapshot' ELSE 'portal' END",
}
CONTENT = {
    "title": "title || '!'",
    "description": "description || '!'",
    "description_html": "'<p>Give everything to me.</p>'",
    "type": "'treasury'",
    "metadata": """'{"amount": "1"}'""",
    "voting_start": "voting_start - interval '1 second'",
    "voting_end": "voting_end + interval '1 second'",
    "published_at": "coalesce(published_at, now()) - interval '1 second'",
    "token_id": "(SELECT id FROM tokens WHERE id IS DISTINCT FROM token_id LIMIT 1)",
    "quorum_mode": "'for'",
    "quorum_threshold": "coalesce(quorum_threshold, 0) + 1",
    "approval_numerator": "coalesce(approval_numerator, 0) + 1",
    "approval_denominator": "coalesce(approval_denominator, 0) + 1",
    "approval_threshold": "coalesce(approval_threshold, 0) / 3 + 0.1",
}
COUNTED_AT_OPENING = {
    "total_power": "coalesce(total_power, 0) + 1",
    "rule_version": "coalesce(rule_version, 0) + 1",
    "fingerprint": "'sha256:' || repeat('0', 64)",
}
RESULT = {
    "yes_votes": "yes_votes + 1, total_votes = total_votes + 1",
    "no_votes": "no_votes + 1, total_votes = total_votes + 1",
    "abstain_votes": "abstain_votes + 1, total_votes = total_votes + 1",
    "total_votes": "total_votes + 1",
    "yes_power": "yes_power + 1",
    "no_power": "no_power + 1",
    "abstain_power": "abstain_power + 1",
    "votes_digest": "repeat('0', 64)",
    "outcome_note": "'Because.'",
    "outcome_reason": "'tie'",
}
TURNS = ("status", "opened_at", "closed_at")
FREE = {"updated_at": "a time of no meaning", "search": "generated from title and text"}


def expected(column, phase):
    """The constraint that refuses a change of ``column``; None where it is free."""
    if column in ALWAYS:
        return "proposals_identity"
    if column == "source_id":
        return None if phase in DRAFTS else "proposals_identity"
    if column in CONTENT:
        return None if phase in BEFORE else "proposals_frozen"
    if column in COUNTED_AT_OPENING:
        return "proposals_unopened_ck" if phase in BEFORE else "proposals_frozen"
    if phase in DECIDED:
        return "proposals_decided"
    if column == "outcome_reason":
        return "proposals_decided_has_reason_ck"
    if column == "total_votes":
        return "proposals_total_votes_ck|proposals_result_ck"
    return "proposals_note_ck" if column == "outcome_note" else "proposals_result_ck"


CHANGES = ALWAYS | {"source_id": "'0xforged'"} | CONTENT | COUNTED_AT_OPENING | RESULT


def test_every_column_of_a_proposal_is_in_the_grid():
    columns = {name for (name,) in sql(
        "SELECT attname FROM pg_attribute"
        " WHERE attrelid = 'proposals'::regclass AND attnum > 0 AND NOT attisdropped"
    )}  # fmt: skip

    assert columns == {*CHANGES, *TURNS, *FREE}


@pytest.mark.parametrize("phase", PHASES)
def test_each_column_of_a_proposal(phase):
    proposal, stranger = PHASES[phase](), UserFactory()
    TokenFactory(symbol="OTHER", name="Another")
    settle()

    found = {
        column: verdict(
            f"UPDATE proposals SET {column} = {value} WHERE id = %(proposal)s",
            proposal=proposal.pk,
            stranger=stranger.pk,
        )
        for column, value in CHANGES.items()
    }

    wrong = {
        column: (said, expected(column, phase))
        for column, said in found.items()
        if said not in (expected(column, phase) or "").split("|")
        and said != expected(column, phase)
    }
    assert not wrong


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("status", ["draft", "active", "passed", "rejected", "expired"])
def test_no_status_is_written_by_itself(phase, status):
    """But by whoever publishes a draft."""
    proposal = PHASES[phase]()
    proposal.refresh_from_db()
    settle()

    said = verdict(
        "UPDATE proposals SET status = %(status)s, published_at = coalesce(published_at, now())"
        " WHERE id = %(proposal)s",
        proposal=proposal.pk,
        status=status,
    )

    publishing = phase == "draft" and status == "active"
    same = status == proposal.status and (proposal.published_at or phase in DRAFTS)
    assert (said is None) == bool(publishing or same), said


TIMES = ("NULL", "now() - interval '1 day'", "clock_timestamp()", "now() + interval '1 day'")


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("column", ["opened_at", "closed_at"])
def test_no_vote_is_opened_or_closed_by_a_time_alone(phase, column):
    proposal = PHASES[phase]()
    settle()

    for time in TIMES:
        said = verdict(
            f"UPDATE proposals SET {column} = {time}"
            f" WHERE id = %(proposal)s AND {column} IS DISTINCT FROM {time}",
            proposal=proposal.pk,
        )
        if said == NOT_THERE:
            assert time == "NULL", (time, said)  # it has none
        elif column == "opened_at" and phase not in BEFORE:
            assert said == "proposals_frozen", (time, said)
        elif column == "closed_at" and phase in DECIDED:
            assert said == "proposals_decided", (time, said)
        else:
            assert said is not None, time


@pytest.mark.parametrize("phase", PHASES)
def test_only_a_draft_can_be_deleted(phase):
    proposal = PHASES[phase]()
    settle()

    said = verdict("DELETE FROM proposals WHERE id = %(proposal)s", proposal=proposal.pk)

    if phase == "foreign draft":
        assert said
        assert "_fk_" in said  # its counted power refers to it
    else:
        assert said == (None if phase == "draft" else "proposals_published")


# --- votes, counted power and slots: each column in each phase ----------------------------------

VOTE = {
    "id": "uuidv7()",
    "created_at": "created_at - interval '1 day'",
    "proposal_id": "%(other)s",
    "voter_id": "%(other_voter)s",
    "vote_type": "CASE vote_type WHEN 'no' THEN 'yes' ELSE 'no' END",
    "voting_power": "voting_power + 1000000",
    "reason": "'I was paid to say this.'",
    "reason_sha256": "repeat('0', 64)",
    "cast_at": "cast_at - interval '1 hour'",
}
POWER = {
    "id": "uuidv7()",
    "created_at": "created_at - interval '1 day'",
    "updated_at": "updated_at - interval '1 day'",
    "proposal_id": "%(other)s",
    "user_id": "%(other_voter)s",
    "own": "own + 1",
    "staked": "staked + 1",
    "delegated": "delegated + 1",
    "power": "power + 1000000",
}
SLOT = {
    name: f"{name} + 1"
    for name in (
        *("slot", "version"),
        *(f"{choice}_{unit}" for choice in Vote.Choice.values for unit in ("votes", "power")),
    )
} | {
    "id": "uuidv7()",
    "created_at": "created_at - interval '1 day'",
    "updated_at": "updated_at - interval '1 day'",
    "proposal_id": "%(other)s",
}
GRIDS = {"votes": VOTE, "power_snapshots": POWER, "tally_slots": SLOT}
# updated_at of a vote: hiding a reason is no vote
FREE_BESIDE = {"votes": {"updated_at"}, "power_snapshots": set(), "tally_slots": set()}


@pytest.mark.parametrize("table", GRIDS)
def test_every_column_beside_the_proposal_is_in_the_grid(table):
    columns = {name for (name,) in sql(
        "SELECT attname FROM pg_attribute"
        " WHERE attrelid = %(table)s::regclass AND attnum > 0 AND NOT attisdropped",
        table=table,
    )}  # fmt: skip

    assert columns == {*GRIDS[table], *FREE_BESIDE[table]}


def refusal_beside(table, column, phase):
    if table == "tally_slots":
        return "tally_slots_guard"
    if table == "power_snapshots":
        return "power_snapshots_frozen"
    if column in ("id", "created_at"):
        return "votes_immobile"
    if column == "reason":
        return "votes_reason_ck"
    if column in ("proposal_id", "voter_id"):
        return "votes_immobile"
    if phase != "open":
        return "votes_window"
    # A member may change their vote; power and time stay what the guard makes of them.
    return {"vote_type": None, "voting_power": None, "cast_at": None}.get(column, "votes_reason_ck")


@pytest.mark.parametrize("phase", OPENED)
@pytest.mark.parametrize("table", GRIDS)
@pytest.mark.parametrize("door", ["the table", "the partition"])
def test_each_column_beside_the_proposal(table, phase, door):
    proposal, other = PHASES[phase](), open_proposal_with({"tomo": 7})
    other_voter = voters_of(proposal)[-1]
    named = partition_of(table, proposal) if door == "the partition" else table
    settle()

    wrong = {}
    for column, value in GRIDS[table].items():
        said = verdict(
            f"UPDATE {named} SET {column} = {value} WHERE proposal_id = %(proposal)s",
            proposal=proposal.pk,
            other=other.pk,
            other_voter=other_voter.pk,
        )
        if said != refusal_beside(table, column, phase):
            wrong[column] = said

    assert not wrong


def partition_of(table, proposal):
    """The partition in which the rows of ``proposal`` lie; the table where it has none."""
    where = f"FROM {table} WHERE proposal_id = %(proposal)s LIMIT 1"
    return sql(f"SELECT tableoid::regclass::text {where}", proposal=proposal.pk)[0][0]


@pytest.mark.parametrize("phase", OPENED)
@pytest.mark.parametrize("table", GRIDS)
def test_nothing_beside_the_proposal_is_deleted(table, phase):
    """But a vote while voting is open: it is its member's."""
    proposal = PHASES[phase]()
    settle()

    said = verdict(f"DELETE FROM {table} WHERE proposal_id = %(proposal)s", proposal=proposal.pk)

    refusals = {
        "votes": None if phase == "open" else "votes_window",
        "power_snapshots": "power_snapshots_frozen",
        "tally_slots": "tally_slots_guard",
    }
    assert said == refusals[table]


MERGES = {
    "votes": """
        MERGE INTO {table} AS here USING (SELECT 1) AS one
        ON here.proposal_id = %(proposal)s AND here.voter_id = %(voter)s
        WHEN NOT MATCHED THEN
          INSERT (proposal_id, voter_id, vote_type, voting_power, reason_sha256)
          VALUES (%(proposal)s, %(voter)s, 'yes', 1000000, %(hash)s)""",
    "power_snapshots": """
        MERGE INTO {table} AS here USING (SELECT 1) AS one ON here.proposal_id = %(proposal)s
        WHEN MATCHED THEN UPDATE SET power = here.power + 1000000""",
    "tally_slots": """
        MERGE INTO {table} AS here USING (SELECT 1) AS one ON here.proposal_id = %(proposal)s
        WHEN MATCHED THEN UPDATE SET yes_power = here.yes_power + 1000000""",
}


@pytest.mark.parametrize("phase", OPENED)
@pytest.mark.parametrize("table", GRIDS)
@pytest.mark.parametrize("statements", [INSERTS, MERGES], ids=["insert", "merge"])
def test_nothing_beside_the_proposal_is_added(table, phase, statements):
    """But a vote of who has power while voting is open, with the power that was counted."""
    proposal = PHASES[phase]()
    settle()

    said = verdict(
        statements[table].format(table=table),
        proposal=proposal.pk,
        voter=voters_of(proposal)[-1].pk,
        stranger=UserFactory().pk,
        hash=NO_REASON,
    )

    refusals = {
        "votes": None if phase == "open" else "votes_window",
        "power_snapshots": "power_snapshots_frozen",
        "tally_slots": "tally_slots_guard",
    }
    assert said == refusals[table]


@pytest.mark.parametrize("table", ["power_snapshots", "tally_slots", "votes"])
def test_copy_is_a_door_like_any_other(table):
    proposal, stranger = voted(), UserFactory()
    model, fields, row, constraint = {
        "power_snapshots": (
            PowerSnapshot,
            ["proposal", "user", "power"],
            (proposal.pk, stranger.pk, 1_000_000),
            "power_snapshots_frozen",
        ),
        "tally_slots": (
            TallySlot,
            ["proposal", "slot", "yes_power"],
            (proposal.pk, 99, 1_000_000),
            "tally_slots_guard",
        ),
        "votes": (
            Vote,
            ["proposal", "voter", "vote_type", "voting_power", "reason_sha256"],
            (proposal.pk, stranger.pk, "yes", 1_000_000, NO_REASON),
            "votes_eligible",
        ),
    }[table]

    with refused(constraint):
        copy_rows(model, fields, [row])


@pytest.mark.parametrize("members", ["the author", "a voter"])
def test_whoever_took_part_keeps_their_key(members):
    proposal = decided()
    member = proposal.proposer if members == "the author" else voters_of(proposal)[0]
    settle()

    assert "_fk" in verdict("UPDATE users SET id = uuidv7() WHERE id = %(id)s", id=member.pk)
    assert "_fk" in verdict("DELETE FROM users WHERE id = %(id)s", id=member.pk)


def test_what_becomes_of_balances_and_weights_later_changes_no_result():
    proposal = voted()
    run("UPDATE user_tokens SET balance = balance + 1000000, voting_power = 1000000")
    set_option("power.balance_weight", "1000", actor=None)
    close_now(proposal)
    proposal.refresh_from_db()

    assert (proposal.yes_power, proposal.total_power) == (60, 100)
