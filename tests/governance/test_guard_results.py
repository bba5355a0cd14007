"""Openings, results and imports that are written by hand, and the rule, twice."""

from datetime import UTC, datetime
from hashlib import sha256

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dao_portal.core.db.base import uuid7
from governance.canonical import vote_receipt
from governance.models import PowerSnapshot, Proposal, Vote
from governance.outcome import Rule, Tally, decide, from_units
from tests.factories import ProposalFactory, TokenFactory, UserFactory
from tests.governance.attacks import PHASES, ended, foreign_draft, result_of, settle, verdict, voted
from tests.sql import run, sql

pytestmark = pytest.mark.django_db

# --- a result that is not what the votes say ----------------------------------------------------


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
