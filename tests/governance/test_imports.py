"""What an import from Snapshot leaves behind."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import User, Wallet
from dao_portal.core.actions import Action
from dao_portal.core.markdown import TextTooLarge
from dao_portal.core.models import AuditLog
from governance.models import PowerSnapshot, Proposal, Vote
from governance.services.imports import ImportedProposal, import_proposals
from tests.explosive import one_long_address
from tests.factories import UserFactory
from tests.governance.snapshot_files import ADA, BEN, CLEO, Files, proposal_record, vote_record
from tests.governance.snapshot_sample import import_sample
from tests.looking import some
from tests.threads import PATIENCE, second_session, wait_until_blocked

pytestmark = pytest.mark.django_db


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def row_counts() -> dict[str, int]:
    models = (User, Wallet, Proposal, Vote, PowerSnapshot, AuditLog)
    return {model._meta.db_table: model.objects.count() for model in models}


# --- what stands there afterwards -----------------------------------------------------------------


def test_sample_proposal_is_as_published():
    import_sample()
    proposal = Proposal.objects.get(source_id="0x01")
    end = datetime.fromtimestamp(1750600000, UTC)
    start = datetime.fromtimestamp(1750000000, UTC)
    assert (proposal.source, proposal.status, proposal.outcome_reason) == (
        "snapshot",
        "passed",
        "approved",
    )
    assert (proposal.token, proposal.total_power) == (None, None)
    assert (proposal.quorum_mode, proposal.quorum_threshold) == ("turnout", Decimal(1000))
    assert (proposal.approval_numerator, proposal.approval_denominator) == (1, 2)
    assert (proposal.voting_start, proposal.opened_at, proposal.published_at) == (start,) * 3
    assert (proposal.voting_end, proposal.closed_at) == (end, end)
    assert (proposal.yes_votes, proposal.no_votes, proposal.abstain_votes) == (3, 1, 1)
    assert proposal.metadata == {"space": "garden.example"}
    assert proposal.description_html == (
        "<h2>Where</h2>\n<p>Along the <strong>northern</strong> fence.</p>\n"
    )
    assert proposal.proposer.username == "0x1111111111111111111111111111111111111111"


def test_sample_sums_are_exact():
    """26 digits, an exponent and a single base unit: nothing is lost in between."""
    import_sample()
    proposal = Proposal.objects.get(source_id="0x01")
    assert proposal.yes_power == Decimal("12345678.123456789012345890")
    assert proposal.no_power == Decimal("700.5")
    assert proposal.abstain_power == Decimal(0)


def test_sums_of_26_digits_are_exact(files: Files):
    files.write_votes(
        vote_record(voter=ADA, vp="99999999.999999999999999999"),
        vote_record(voter=BEN, vp="99999999.999999999999999999"),
        vote_record(voter=CLEO, vp=f"{'7' * 60}.000000000000000001", choice=2),
    )
    files.load()
    proposal = Proposal.objects.get()
    assert format(proposal.yes_power, "f") == "199999999.999999999999999998"
    assert format(proposal.no_power, "f") == f"{'7' * 60}.000000000000000001"


def test_sample_votes_at_and_after_the_end_count():
    import_sample()
    late = Vote.objects.filter(proposal__source_id="0x01", cast_at__gte="2025-06-22T13:46:40Z")
    assert list(late.order_by("cast_at").values_list("vote_type", "voting_power", "reason")) == [
        ("abstain", Decimal(0), "At the last moment."),
        ("yes", Decimal("1e-18"), ""),
    ]


def test_choices_follow_the_order_of_the_proposal():
    import_sample()
    votes = Vote.objects.filter(proposal__source_id="0x02").order_by("cast_at")
    assert list(votes.values_list("vote_type", flat=True)) == ["yes", "no"]


def test_too_little_turnout_is_expired():
    import_sample()
    proposal = Proposal.objects.get(source_id="0x02")
    assert (proposal.status, proposal.outcome_reason) == ("expired", "turnout")


def test_other_choices_are_skipped_and_listed(capsys: pytest.CaptureFixture[str]):
    import_sample()
    assert not Proposal.objects.filter(source_id="0x03").exists()
    assert (
        'Skipped: number 3 ("0x03"): "Which tree first?": its choices are not For, Against,'
        ' Abstain: ["Apple", "Pear", "Plum"]\n' in capsys.readouterr().out
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {"choices": ["For", "Against"]},
            'its choices are not For, Against, Abstain: ["For", "Against"]',
        ),
        ({"type": "weighted"}, "its voters did more than choose one of three (type weighted)"),
        ({"state": "active"}, "its voting is not over"),
        ({"end": 4000000000}, "its voting is not over"),
    ],
)
def test_proposal_that_cannot_be_brought_over_is_skipped(
    files: Files, capsys: pytest.CaptureFixture[str], changes: dict[str, Any], reason: str
):
    files.write_proposals(proposal_record(**changes))
    files.load()
    assert Proposal.objects.count() == 0
    told = f'Skipped: number 1 ("0x01"): "Plant forty apple trees": {reason}\n'
    assert told in capsys.readouterr().out


def test_voters_become_inactive_members_with_an_unverified_wallet():
    import_sample()
    members = User.objects.order_by("username")
    assert members.count() == 6
    for member in some(members):
        wallet = member.wallets.get()
        assert (member.email, member.is_active, member.email_verified) == (None, False, False)
        assert not member.has_usable_password()
        assert (wallet.address, wallet.is_verified) == (member.username, False)


def test_one_address_in_two_spellings_is_one_member():
    import_sample()
    member = User.objects.get(username__iexact=ADA)
    assert member.votes.count() == 2


def test_owner_of_a_verified_wallet_gets_the_votes(files: Files):
    owner = UserFactory()
    Wallet.objects.create(user=owner, address=ADA.upper().replace("X", "x"), is_verified=True)
    files.load()
    assert Vote.objects.get().voter == owner


def test_unverified_wallet_of_an_active_member_stops_the_import(files: Files):
    Wallet.objects.create(user=UserFactory(username="mallory"), address=ADA)
    assert files.refusal() == (
        f"{ADA} is a wallet of @mallory, and not verified. Verify or remove it first."
    )


def test_username_that_is_taken_gets_an_ending(files: Files):
    UserFactory(username=ADA)
    files.load()
    voter = Vote.objects.get().voter
    assert voter.username == f"{ADA}-{voter.pk.hex[-8:]}"


def test_each_proposal_leaves_an_audit_row():
    import_sample()
    proposal = Proposal.objects.get(source_id="0x02")
    rows = AuditLog.objects.filter(action=Action.PROPOSAL_IMPORTED)
    assert rows.count() == 2
    assert rows.get(resource_id=proposal.pk).new_values == {
        "number": proposal.number,
        "source": "snapshot",
        "source_id": "0x02",
        "status": "expired",
        "reason": "turnout",
        "yes": "900.000000000000000000",
        "no": "100.000000000000000000",
        "abstain": "0.000000000000000000",
        "voters": 2,
        "votes_digest": proposal.votes_digest,
    }


def test_numbers_follow_time(files: Files):
    files.write_proposals(
        proposal_record(id="0x02", start=1750000002), proposal_record(id="0x01", start=1750000001)
    )
    files.load()
    ids = Proposal.objects.order_by("number").values_list("source_id", flat=True)
    assert list(ids) == ["0x01", "0x02"]


def test_long_title_stands_whole_above_the_text(files: Files):
    title = "An apple tree, " * 17
    files.write_proposals(proposal_record(title=title))
    files.load()
    proposal = Proposal.objects.get()
    assert proposal.title == f"{title[:199]}…"
    assert proposal.description == f"# {title.strip()}\n\nAlong the fence."


def test_plain_lists_are_read_like_hub_files(files: Files):
    files.proposals.write_text(json.dumps([proposal_record()]))
    files.votes.write_text(json.dumps([vote_record()]))
    files.load()
    assert Vote.objects.count() == 1


def test_twice_changes_nothing(capsys: pytest.CaptureFixture[str]):
    import_sample()
    before = row_counts()
    capsys.readouterr()
    import_sample()
    assert row_counts() == before
    assert "Imported 0 proposals with 0 votes and 0 new members" in capsys.readouterr().out


def test_second_import_adds_what_is_new(files: Files):
    files.load()
    files.write_proposals(proposal_record(), proposal_record(id="0x02", author=BEN))
    files.write_votes(vote_record(), vote_record(proposal={"id": "0x02"}))
    files.load()
    assert (Proposal.objects.count(), Vote.objects.count(), User.objects.count()) == (2, 2, 2)


def test_check_only_reads(files: Files, capsys: pytest.CaptureFixture[str]):
    call_command("import_snapshot", files.proposals, files.votes, "--check")
    assert capsys.readouterr().out == "Read 1 proposals and 1 votes.\n"
    assert Proposal.objects.count() == 0


def test_number_of_statements_does_not_grow_with_votes(files: Files):
    counts = []
    for votes in (1, 60):
        files.write_proposals(proposal_record(id=f"{votes}"))
        files.write_votes(
            *(
                vote_record(proposal={"id": f"{votes}"}, voter=f"0x{votes * 1000 + number:040x}")
                for number in range(votes)
            )
        )
        with CaptureQueriesContext(connection) as statements:
            files.load()
        counts.append(len(statements))
    assert counts[0] == counts[1]
    assert Vote.objects.count() == 61


def test_failure_half_way_leaves_nothing(files: Files):
    """The second proposal's vote is refused by the database: the first one goes as well."""
    files.write_proposals(proposal_record(), proposal_record(id="0x02", start=1750000001))
    files.write_votes(vote_record(), vote_record(proposal={"id": "0x02"}, voter=BEN, reason="boom"))
    before = row_counts()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE votes ADD CONSTRAINT no_boom CHECK (reason <> 'boom')")
    with pytest.raises(DatabaseError, match="no_boom"):
        files.load()
    assert row_counts() == before


def imported_proposal(text: str = "Along the fence.") -> ImportedProposal:
    moment = datetime(2025, 6, 15, tzinfo=UTC)
    return ImportedProposal(
        source_id="0x77",
        title="A text",
        text=text,
        author=ADA,
        start=moment,
        end=moment + timedelta(days=1),
        quorum=Decimal(0),
        space="",
        votes=[],
    )


# --- texts that explode ---------------------------------------------------------------------------


def test_service_names_the_proposal_whose_text_becomes_too_large():
    exploding = imported_proposal(text=one_long_address(49_988))

    with pytest.raises(TextTooLarge, match=r"^Proposal 0x77: This text becomes too large"):
        import_proposals(actor=None, proposals=[exploding])

    assert row_counts()["proposals"] == 0


@pytest.mark.django_db(transaction=True)
def test_one_import_at_a_time():
    """The second one finds what the first one wrote: no member and no proposal is made twice."""
    proposal = imported_proposal()

    with second_session() as start:
        with transaction.atomic():
            assert len(import_proposals(actor=None, proposals=[proposal]).proposals) == 1
            other = start(import_proposals, actor=None, proposals=[proposal])
            wait_until_blocked()
        report = other.result(PATIENCE)

    assert (report.proposals, report.already_here, report.new_members) == ([], 1, 0)
    assert Proposal.objects.count() == User.objects.count() == 1


# --- titles ---------------------------------------------------------------------------------------


def test_what_cannot_be_seen_of_a_title_stays_behind_and_is_named(files: Files, capsys):
    files.write_proposals(proposal_record(title="Plant \u202ednalp\u202c\u200b trees \U0001f333"))
    files.load()

    assert Proposal.objects.get().title == "Plant dnalp trees \U0001f333"
    assert (
        'Look at: number 1 ("0x01"): the title is taken without U+202E, U+202C, U+200B, which'
        " cannot be seen" in capsys.readouterr().out
    )
