"""Every table of a vote, every column, in every phase, through every door that SQL has.

tests/governance/test_guard.py tells what each guard is for; here is the whole grid, so that no
column and no phase is forgotten, and the attacks of a whole transaction.
"""

from datetime import UTC, datetime, timedelta
from hashlib import sha256

import psycopg
import pytest
from django.db import DatabaseError, NotSupportedError, transaction
from django.utils import timezone
from hypothesis import example, given
from hypothesis import strategies as st

from dao_portal.core.db.base import uuid7
from dao_portal.core.db.bulk import copy_rows
from dao_portal.core.services.options import set_option
from governance.canonical import vote_receipt
from governance.frozen import FrozenRule
from governance.models import PowerSnapshot, Proposal, TallySlot, Vote
from governance.outcome import Rule, Tally, decide, from_units, to_units
from governance.services.cancelling import cancel_proposal
from governance.services.closing import close_proposal, count_votes
from governance.services.history import PastVote, write_history
from governance.services.locks import lock_alone
from governance.services.opening import expire_proposal, open_proposal
from governance.services.proposals import withdraw_proposal
from tests.factories import (
    DAY,
    HOUR,
    ProposalFactory,
    TokenFactory,
    UserFactory,
    cast,
    close_now,
    open_proposal_with,
    shift_window,
    voters_of,
)
from tests.sql import refused, run, sql
from tests.threads import PATIENCE, second_session, wait_until_blocked

pytestmark = pytest.mark.django_db

NOW = timedelta(0)
NO_REASON = sha256(b"").hexdigest()


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
        ballots=[PastVote(voters[0].pk, "yes", proposal.voting_start + HOUR)],
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
        assert said is not None or (time == "NULL" and phase in BEFORE + UNDER_WAY), (time, said)


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


def settle():
    """Judge what is deferred, so that a verdict is about the attack alone."""
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    sql("SET CONSTRAINTS ALL DEFERRED")


class Took(Exception):
    """Not refused; takes the change back."""


def verdict(query, **parameters):
    """The name of what refused ``query``, "?" for something without a name, None for nothing."""
    try:
        with transaction.atomic():
            touched = run(query, **parameters)
            sql("SET CONSTRAINTS ALL IMMEDIATE")
            if touched == 0:
                return "nothing was there"
            raise Took
    except Took:
        return None
    except DatabaseError as error:
        return getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or "?"


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


# --- a result that is not what the votes say ----------------------------------------------------


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


def write(proposal, **others):
    """Close ``proposal`` by hand, honestly but for ``others``; what refused it."""
    assignments = {**result_of(proposal), **others}
    return verdict(
        f"UPDATE proposals SET {', '.join(f'{k} = {v}' for k, v in assignments.items())}"
        " WHERE id = %(proposal)s",
        proposal=proposal.pk,
    )


def test_an_honest_result_may_come_through_any_door():
    """Or the tests below would pass on a table that refuses everything."""
    proposal = ended()
    settle()

    assert write(proposal) is None


def test_an_honest_result_is_refused_while_votes_can_change():
    proposal = voted()
    settle()

    assert write(proposal) == "proposals_decided_after_voting_ck"


@pytest.mark.parametrize(
    ("lie", "constraint"),
    [
        ({"closed_at": "now() + interval '1 year'"}, "proposals_closing"),
        ({"closed_at": "now() - interval '1 minute'"}, "proposals_closing"),
        ({"yes_votes": "2", "total_votes": "2"}, "proposals_counted"),
        ({"yes_power": "1000060"}, "proposals_counted"),
        ({"no_power": "1"}, "proposals_counted"),
        ({"yes_power": "yes_power", "yes_votes": "0", "total_votes": "0"}, "proposals_counted"),
        ({"votes_digest": "repeat('0', 64)"}, "proposals_counted"),
        ({"votes_digest": "''"}, "proposals_counted"),
        ({"status": "'rejected'"}, "proposals_verdict_ck"),
        ({"outcome_reason": "'tie'"}, "proposals_verdict_ck"),
        ({"status": "'expired'", "outcome_reason": "'turnout'"}, "proposals_verdict_ck"),
        ({"status": "'rejected'", "outcome_reason": "'because'"}, "proposals_verdict_ck"),
        ({"outcome_reason": "''"}, "proposals_decided_has_reason_ck"),
        ({"outcome_note": "'Because.'"}, "proposals_note_ck"),
        ({"total_power": "total_power + 1"}, "proposals_frozen"),
        ({"quorum_threshold": "0"}, "proposals_frozen"),
        (
            {"status": "'expired'", "outcome_reason": "'not_opened'"},
            "proposals_decided_after_voting_ck",
        ),
        (
            {"status": "'rejected'", "outcome_reason": "'withdrawn'"},
            "proposals_decided_after_voting_ck",
        ),
        ({"status": "'rejected'", "outcome_reason": "'cancelled'"}, "proposals_note_ck"),
    ],
)
def test_a_result_against_the_votes_is_refused(lie, constraint):
    proposal = ended()
    settle()

    assert write(proposal, **lie) == constraint


def test_cancelling_writes_no_counts():
    proposal = ended()
    settle()

    said = write(
        proposal, status="'rejected'", outcome_reason="'cancelled'", outcome_note="'Because.'"
    )

    assert said == "proposals_result_ck"


@pytest.mark.parametrize("phase", ["open", "decided", "cancelled", "withdrawn", "not opened"])
@pytest.mark.parametrize("source", ["portal", "snapshot"])
def test_no_proposal_enters_after_its_opening(phase, source):
    proposal = PHASES[phase]()
    settle()
    columns = [name for (name,) in sql(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'proposals'::regclass"
        " AND attnum > 0 AND NOT attisdropped AND attgenerated = ''"
    )]  # fmt: skip
    values = dict(zip(columns, columns, strict=True)) | {
        "id": "uuidv7()",
        "number": "nextval('proposals_number_seq')",
        "source": f"'{source}'",
    }

    said = verdict(
        f"INSERT INTO proposals ({', '.join(values)}) SELECT {', '.join(values.values())}"
        " FROM proposals WHERE id = %(proposal)s",
        proposal=proposal.pk,
    )

    assert said == "proposals_birth"


@pytest.mark.parametrize("phase", ["draft", "upcoming", "due", "missed"])
def test_no_vote_is_opened_by_hand_with_power_that_nobody_counted(phase):
    proposal, token = PHASES[phase](), TokenFactory()
    count_power = PowerSnapshot.objects.create
    count_power(proposal=proposal, user=UserFactory(), own=60, power=60)
    settle()

    opening = """
        UPDATE proposals SET opened_at = clock_timestamp(), quorum_mode = 'for',
          quorum_threshold = 0, approval_numerator = 1, approval_denominator = 2,
          approval_threshold = 0.5, rule_version = 1, total_power = {power},
          fingerprint = 'sha256:' || repeat('0', 64), token_id = %(token)s
        WHERE id = %(proposal)s"""
    forged = verdict(opening.format(power="1000060"), proposal=proposal.pk, token=token.pk)
    honest = verdict(opening.format(power="60"), proposal=proposal.pk, token=token.pk)

    due = phase == "due"
    assert forged == ("proposals_total_power" if due else "proposals_opening")
    assert honest == (None if due else "proposals_opening")


@pytest.mark.parametrize("missing", ["quorum_threshold", "approval_numerator", "rule_version"])
def test_no_vote_opens_without_the_whole_rule(missing):
    """A CHECK lets a comparison with NULL through, unless it asks for NULL by name."""
    TokenFactory()
    proposal = ProposalFactory(due=True)
    settle()

    said = verdict(
        f"""
        UPDATE proposals SET opened_at = clock_timestamp(), quorum_mode = 'for',
          quorum_threshold = 0, approval_numerator = 1, approval_denominator = 2,
          approval_threshold = 0.5, rule_version = 1, total_power = 0,
          fingerprint = 'sha256:' || repeat('0', 64), {missing} = NULL
        WHERE id = %(proposal)s""".replace(f"{missing} = 0,", "").replace(f"{missing} = 1,", ""),
        proposal=proposal.pk,
    )

    assert said == "proposals_opened_has_rule_ck"


FOREIGN = """
    UPDATE proposals SET status = {status}, outcome_reason = {reason}, opened_at = {opened},
      closed_at = {closed}, published_at = voting_start, rule_version = 1,
      approval_threshold = 0.5, fingerprint = 'sha256:' || repeat('0', 64),
      votes_digest = encode(sha256(''), 'hex')
    WHERE id = %(proposal)s"""


@pytest.mark.parametrize(
    ("lie", "constraint"),
    [
        ({}, None),
        ({"opened": "voting_start - interval '1 day'"}, "proposals_imported"),
        ({"closed": "voting_end + interval '1 day'"}, "proposals_imported"),
        ({"closed": "NULL", "status": "'active'", "reason": "''"}, "proposals_imported"),
        ({"opened": "NULL", "reason": "'not_opened'"}, "proposals_imported"),
        ({"status": "'passed'", "reason": "'approved'"}, "proposals_verdict_ck"),
    ],
)
def test_the_door_of_the_importers_is_no_wider_than_an_import(lie, constraint):
    proposal = foreign_draft()
    settle()
    honest = {
        "status": "'expired'",
        "reason": "'no_votes'",
        "opened": "voting_start",
        "closed": "voting_end",
    }

    assert verdict(FOREIGN.format(**honest | lie), proposal=proposal.pk) == constraint


def test_no_import_of_what_is_still_under_way():
    proposal = foreign_draft()
    run("UPDATE proposals SET voting_end = now() + interval '1 day'")
    settle()
    early = {"status": "'expired'", "reason": "'no_votes'"}
    times = {"opened": "voting_start", "closed": "voting_end"}

    said = verdict(FOREIGN.format(**early, **times), proposal=proposal.pk)
    assert said == "proposals_imported"
    said = verdict(
        "UPDATE proposals SET status = 'active', published_at = now() WHERE id = %(proposal)s",
        proposal=proposal.pk,
    )
    assert said == "proposals_foreign_ck"


# --- the rule, twice ----------------------------------------------------------------------------

units = st.integers(0, 10**78 - 1) | st.integers(0, 200)
fractions = st.integers(1, 100).flatmap(
    lambda denominator: st.tuples(st.integers(1, denominator), st.just(denominator))
)


@given(
    yes=units,
    no=units,
    abstain=units,
    mode=st.sampled_from(Proposal.QuorumMode.values),
    quorum=units,
    approval=fractions,
)
@example(yes=60, no=40, abstain=0, mode="for_abstain", quorum=60, approval=(3, 5))
@example(yes=599, no=401, abstain=0, mode="for_abstain", quorum=10, approval=(3, 5))
@example(yes=2, no=1, abstain=0, mode="for", quorum=2, approval=(2, 3))
@example(yes=50, no=50, abstain=0, mode="turnout", quorum=0, approval=(1, 2))
@example(yes=0, no=0, abstain=0, mode="turnout", quorum=0, approval=(1, 2))
@example(yes=0, no=0, abstain=9, mode="for_abstain", quorum=9, approval=(1, 1))
def test_the_database_judges_by_the_same_rule(yes, no, abstain, mode, quorum, approval):
    outcome = decide(Tally(yes, no, abstain), Rule(mode, quorum, *approval))

    said = sql(
        """
        SELECT proposal_outcome(%(yes)s, %(no)s, %(abstain)s, %(mode)s, %(quorum)s,
                                %(numerator)s, %(denominator)s)
        """,
        yes=from_units(yes),
        no=from_units(no),
        abstain=from_units(abstain),
        mode=mode,
        quorum=from_units(quorum),
        numerator=approval[0],
        denominator=approval[1],
    )

    assert said == [(f"{outcome.status} {outcome.reason}",)]


@given(
    choice=st.sampled_from(Vote.Choice.values),
    power=st.integers(0, 10**78 - 1).map(from_units),
    cast_at=st.datetimes(datetime(1970, 1, 1), datetime(9999, 1, 1)),  # noqa: DTZ001
    reason=st.text(max_size=20),
)
def test_the_database_makes_the_same_receipts(choice, power, cast_at, reason):
    parts = {
        "fingerprint": "sha256:" + "0a" * 32,
        "voter": str(uuid7()),
        "choice": choice,
        "power": power,
        "cast_at": cast_at.replace(tzinfo=UTC),
        "reason_sha256": sha256(reason.encode()).hexdigest(),
    }

    said = sql(
        """
        SELECT vote_receipt(%(fingerprint)s, %(voter)s, %(choice)s, %(power)s::numeric(78, 18),
                            %(cast_at)s, %(reason_sha256)s)
        """,
        **parts,
    )

    assert said == [(vote_receipt(**parts),)]


# --- one transaction against another ------------------------------------------------------------

ADD_POWER = {
    "insert": """
        INSERT INTO power_snapshots (proposal_id, user_id, own, power)
        VALUES (%(proposal)s, %(stranger)s, 1000000, 1000000)""",
    "update": """
        UPDATE power_snapshots SET power = 1000000 WHERE proposal_id = %(proposal)s""",
    "delete": "DELETE FROM power_snapshots WHERE proposal_id = %(proposal)s",
}
AFTERWARDS = {"insert": 1_000_007, "update": 1_000_000, "delete": 0}


@pytest.mark.django_db(transaction=True)
class TestTwoSessions:
    @pytest.fixture
    def due(self):
        TokenFactory()
        proposal = ProposalFactory(due=True)
        PowerSnapshot.objects.create(proposal=proposal, user=UserFactory(), own=7, power=7)
        return proposal

    @pytest.mark.parametrize("way", ADD_POWER)
    def test_an_opening_waits_for_whoever_still_adds_power(self, due, way):
        """It began before the opening: its power counts for everybody to see, or not at all."""
        stranger = UserFactory()

        with second_session() as start:
            with transaction.atomic():
                assert run(ADD_POWER[way], proposal=due.pk, stranger=stranger.pk) == 1
                opening = start(open_proposal, proposal_id=due.pk)
                wait_until_blocked()
            assert opening.result(PATIENCE) is True

        due.refresh_from_db()
        counted = sum(due.snapshots.values_list("power", flat=True))
        assert due.total_power == counted == AFTERWARDS[way]

    @pytest.mark.parametrize("way", ADD_POWER)
    def test_power_that_waited_for_the_opening_is_refused(self, due, way):
        stranger = UserFactory()

        with second_session() as start:
            with transaction.atomic():
                lock_alone(due.pk)
                added = start(run, ADD_POWER[way], proposal=due.pk, stranger=stranger.pk)
                wait_until_blocked()
                assert open_proposal(proposal_id=due.pk)
            refusal = added.exception(PATIENCE)

        assert refusal.__cause__.diag.constraint_name == "power_snapshots_frozen"
        due.refresh_from_db()
        assert due.total_power == sum(due.snapshots.values_list("power", flat=True)) == 7

    @pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
    def test_no_power_under_another_isolation_level(self, due, level):
        """There the guard would read the proposal as it was before it waited for the lock."""
        stranger = UserFactory()

        with transaction.atomic():
            sql(f"SET TRANSACTION ISOLATION LEVEL {level}")
            with pytest.raises(NotSupportedError, match="READ COMMITTED"):
                run(ADD_POWER["insert"], proposal=due.pk, stranger=stranger.pk)
            transaction.set_rollback(True)

    @pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
    def test_no_result_under_another_isolation_level(self, level):
        """There the votes would be counted as they stood long ago."""
        proposal = ended()

        with transaction.atomic():
            sql(f"SET TRANSACTION ISOLATION LEVEL {level}")
            with pytest.raises(NotSupportedError, match="READ COMMITTED"):
                close_proposal(proposal_id=proposal.pk)
            transaction.set_rollback(True)

    def test_a_result_by_hand_waits_for_a_vote_under_way(self):
        """Its count would be right when it is made, and wrong when it is written."""
        proposal = voted()
        assignments = ", ".join(f"{name} = {value}" for name, value in result_of(proposal).items())
        late = voters_of(proposal)[1]

        with second_session() as start:
            with transaction.atomic():
                run(
                    INSERTS["votes"].format(table="votes"),
                    proposal=proposal.pk,
                    voter=late.pk,
                    hash=NO_REASON,
                )
                start(shift_window, proposal, end=NOW).result(PATIENCE)
                closing = start(
                    run,
                    f"UPDATE proposals SET {assignments} WHERE id = %(proposal)s",
                    proposal=proposal.pk,
                )
                wait_until_blocked()
            refusal = closing.exception(PATIENCE)

        assert refusal.__cause__.diag.constraint_name == "proposals_counted"
        assert proposal.votes.count() == 2


# --- a database that is no test's: there nothing of a vote can be emptied -----------------------

NEVER_EMPTIED = "votes and what they stand on are never emptied"


@pytest.mark.parametrize("table", ["proposals", "votes", "power_snapshots", "tally_slots"])
@pytest.mark.parametrize("way", ["TRUNCATE {}", "TRUNCATE ONLY {}", "TRUNCATE {} CASCADE"])
def test_no_table_of_a_vote_is_emptied(real_database, table, way):
    parts = [name for (name,) in real_database.execute(
        "SELECT relid::regclass::text FROM pg_partition_tree(%s::regclass) WHERE isleaf", [table]
    )]  # fmt: skip
    assert len(parts) == (16 if table in ("votes", "power_snapshots") else 0)

    for named in [table, *parts]:
        with pytest.raises(psycopg.Error) as refusal:
            real_database.execute(way.format(named))
        words = str(refusal.value)
        # PostgreSQL's own refusals come first: of a table that is referred to, or that has parts
        assert (
            refusal.value.diag.constraint_name == "governance_no_truncate"
            or "referenced in a foreign key" in words
            or "cannot truncate only a partitioned table" in words
        ), (named, words)


@pytest.mark.parametrize("table", ["users", "tokens", "proposals"])
def test_nothing_of_a_vote_is_emptied_by_way_of_what_it_refers_to(real_database, table):
    with pytest.raises(psycopg.Error) as refusal:
        real_database.execute(f"TRUNCATE {table} CASCADE")

    words = str(refusal.value)
    assert NEVER_EMPTIED in words or "append-only" in words


def test_each_part_of_what_is_never_emptied_has_its_guard():
    guarded = sql(
        "SELECT tgrelid::regclass::text FROM pg_trigger"
        " WHERE tgname = 'governance_no_truncate' AND tgenabled = 'O'"
    )
    tables = sql("""
        SELECT relid::regclass::text
        FROM unnest('{votes,power_snapshots}'::regclass[]) AS root, pg_partition_tree(root)
    """)

    assert sorted(guarded) == sorted([*tables, ("proposals",), ("tally_slots",)])
