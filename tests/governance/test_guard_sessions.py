"""One transaction against another, and tables that are emptied."""

import psycopg
import pytest
from django.db import NotSupportedError, transaction

from governance.models import PowerSnapshot
from governance.services.closing import close_proposal
from governance.services.locks import lock_alone
from governance.services.opening import open_proposal
from tests.factories import ProposalFactory, TokenFactory, UserFactory, shift_window, voters_of
from tests.governance.attacks import INSERTS, NO_REASON, NOW, ended, result_of, voted
from tests.sql import run, sql
from tests.threads import PATIENCE, second_session, wait_until_blocked

pytestmark = pytest.mark.django_db

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
