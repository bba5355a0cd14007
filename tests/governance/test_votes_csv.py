"""The file of every vote: exact, complete, and no spreadsheet's formula."""

import csv
import io
from datetime import datetime
from decimal import Decimal

import pytest
from django.conf import settings
from hypothesis import example, given
from hypothesis import strategies as st

from dao_portal.core.web.http import MAX_LONG_FILES
from governance.canonical import canonical_time, reason_hash, vote_receipt, votes_digest
from governance.models import Proposal, Vote
from governance.outcome import to_units
from governance.views.downloads import CSV_COLUMNS, GUARDED_STARTS, disarm
from tests.factories import (
    ProposalFactory,
    UserFactory,
    cast,
    close_now,
    open_proposal_with,
    voters_of,
)
from tests.governance.snapshot_sample import import_sample
from tests.looking import some

pytestmark = pytest.mark.django_db

HEADER = "\ufeffvoter,name,choice,power,cast_at,reason,reason_sha256,receipt\r\n"
NO_REASON = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def fetch(client, proposal: Proposal) -> str:
    response = client.get(f"{proposal.get_absolute_url()}votes.csv")
    assert response.status_code == 200
    return b"".join(response.streaming_content).decode()


def lines(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def test_file_has_every_vote_while_voting_is_open(client):
    proposal = open_proposal_with({"amy": "12480.5", "ben": "0.000000000000000001"})
    amy, ben = voters_of(proposal)
    first, second = cast(proposal, amy, "yes", "Shade."), cast(proposal, ben, "abstain")

    text = fetch(client, proposal)

    assert text == (
        f"{HEADER}"
        f"{amy.pk},amy,yes,12480.500000000000000000,{canonical_time(first.cast_at)},Shade.,"
        f"{reason_hash('Shade.')},{first.receipt(proposal.fingerprint)}\r\n"
        f"{ben.pk},ben,abstain,0.000000000000000001,{canonical_time(second.cast_at)},,"
        f"{NO_REASON},{second.receipt(proposal.fingerprint)}\r\n"
    )


def test_file_is_named_and_typed_and_streamed(client):
    proposal = open_proposal_with([1])

    response = client.get(f"{proposal.get_absolute_url()}votes.csv")

    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == (
        f'attachment; filename="proposal-{proposal.number}-votes.csv"'
    )
    assert response.streaming


def test_whoever_reads_slowly_leaves_the_pages_their_threads(client, monkeypatch):
    """Two who ask and do not read: the third is told when to come back, and pages go on."""
    monkeypatch.setattr("dao_portal.core.web.http.SHORT_LINES", 0)  # every file is a long one
    proposal = open_proposal_with([1])
    file = f"{proposal.get_absolute_url()}votes.csv"
    slow = [client.get(file) for _number in range(MAX_LONG_FILES)]

    refused = client.get(file)

    assert (refused.status_code, refused["Retry-After"]) == (503, "5")
    assert client.get(proposal.get_absolute_url()).status_code == 200
    for response in slow:
        assert b"".join(response.streaming_content).decode() == HEADER
    assert client.get(file).status_code == 200


def test_file_before_the_opening_is_the_header_alone(client):
    assert fetch(client, ProposalFactory(upcoming=True)) == HEADER
    assert fetch(client, ProposalFactory(due=True)) == HEADER


def test_file_of_a_draft_is_nobodys(client):
    draft = ProposalFactory()
    client.force_login(draft.proposer)

    assert client.get(f"{draft.get_absolute_url()}votes.csv").status_code == 404


@pytest.mark.parametrize("reason", ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("http://x","y")'])
def test_reason_like_a_formula_is_disarmed(client, reason):
    proposal = open_proposal_with([1])
    cast(proposal, voters_of(proposal)[0], "yes", reason)

    assert lines(fetch(client, proposal))[0]["reason"] == f"'{reason}"


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("\n=1", "'\n=1"),
        (" =1", "' =1"),
        ("\N{NO-BREAK SPACE}=1", "'\N{NO-BREAK SPACE}=1"),
        ("\N{BYTE ORDER MARK}=1", "'\N{BYTE ORDER MARK}=1"),
        ("\N{FULLWIDTH EQUALS SIGN}1", "'\N{FULLWIDTH EQUALS SIGN}1"),
        ("'=1", "''=1"),
        ("'tis", "''tis"),
        ("'", "''"),
        ("1 = 1", "1 = 1"),
        ("", ""),
        ("Why not?", "Why not?"),
        ("\N{DECIDUOUS TREE} first", "\N{DECIDUOUS TREE} first"),
        ("Ünï", "Ünï"),
    ],
)
def test_disarm_touches_only_what_could_run(text, safe):
    assert disarm(text) == safe


def undone(cell: str) -> str:
    """As docs/governance.md tells whoever reads the file."""
    return cell[1:] if cell[:1] == "'" else cell


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
@example("'")
@example("''=1")
@example("\r\n=1")
@example('"=1",\r')
@example("\N{BYTE ORDER MARK}'")
@example("\x85\u2028=1")
def test_any_text_comes_out_of_the_file_as_it_went_in(text):
    file = io.StringIO(newline="")
    csv.writer(file, lineterminator="\r\n").writerow((disarm(text), "next", disarm(text)))

    (row,) = csv.reader(io.StringIO(file.getvalue(), newline=""), strict=True)

    assert (undone(row[0]), row[1], undone(row[2])) == (text, "next", text)
    assert not row[0].startswith(("=", "+", "-", "@", "\t", "\r", "\n", " "))


@pytest.mark.parametrize("start", [*GUARDED_STARTS, "\t", "\r", "\n", '"', ",", "\r\n", "x'"])
def test_reason_comes_back_whole_whatever_it_begins_with(client, start):
    reason = f"x{start}1\r\n{start}x" if start.isspace() else f"{start}1, {start}"
    proposal = open_proposal_with([1])
    vote = cast(proposal, voters_of(proposal)[0], "yes", reason)

    (line,) = lines(fetch(client, proposal))

    assert undone(line["reason"]) == vote.reason == reason
    assert line["reason_sha256"] == reason_hash(reason)


def test_hidden_reason_leaves_its_hash(client):
    proposal = open_proposal_with([1])
    vote = cast(proposal, voters_of(proposal)[0], "yes", "Rude words.")
    Vote.objects.filter(proposal=proposal).update(reason="")

    (line,) = lines(fetch(client, proposal))

    assert (line["reason"], line["reason_sha256"]) == ("", reason_hash("Rude words."))
    assert line["receipt"] == vote.receipt(proposal.fingerprint)


def test_columns_are_those_of_the_document():
    assert f"`{','.join(CSV_COLUMNS)}`" in (settings.BASE_DIR / "docs/governance.md").read_text()


def test_name_like_a_formula_is_disarmed(client):
    proposal = open_proposal_with({UserFactory(username="@sum"): 1})
    cast(proposal, voters_of(proposal)[0], "yes")

    assert lines(fetch(client, proposal))[0]["name"] == "'@sum"


def test_quotes_commas_and_line_breaks_survive(client):
    reason = 'First, "quoted".\nThen a new line; ünïcödé 🌳'
    proposal = open_proposal_with([1])
    cast(proposal, voters_of(proposal)[0], "yes", reason)

    assert lines(fetch(client, proposal))[0]["reason"] == reason


def test_anyone_can_recount_from_the_file(client):
    proposal = open_proposal_with(["99999999.999999999999999999", "7", "0.5"])
    for voter, choice in zip(voters_of(proposal), ("yes", "no", "yes"), strict=True):
        cast(proposal, voter, choice, "Because.")
    close_now(proposal)

    votes = lines(fetch(client, proposal))

    power = {choice: Decimal(0) for choice in Vote.Choice.values}
    for vote in some(votes):
        power[vote["choice"]] += Decimal(vote["power"])
        assert vote["receipt"] == vote_receipt_of(vote, proposal.fingerprint)
    assert (power["yes"], power["no"]) == (proposal.yes_power, proposal.no_power)
    assert votes_digest(vote["receipt"] for vote in votes) == proposal.votes_digest


def vote_receipt_of(vote: dict[str, str], fingerprint: str) -> str:
    """The receipt as a stranger computes it from one line, knowing nothing else but the page."""
    return vote_receipt(
        fingerprint=fingerprint,
        voter=vote["voter"],
        choice=vote["choice"],
        power=Decimal(vote["power"]),
        cast_at=datetime.fromisoformat(vote["cast_at"]),
        reason_sha256=vote["reason_sha256"],
    )


def test_file_of_an_imported_proposal_has_no_exponents(client):
    import_sample()
    proposal = Proposal.objects.get(source_id="0x01")

    powers = [vote["power"] for vote in lines(fetch(client, proposal))]

    assert all("E" not in power.upper() for power in some(powers))
    tally = proposal.final_tally
    assert sum(map(to_units, powers)) == tally.yes + tally.no + tally.abstain


@pytest.mark.parametrize("item_count", [1, 3])
def test_file_asks_two_queries(client, item_count, django_assert_num_queries):
    proposal = open_proposal_with([1] * item_count)
    for voter in voters_of(proposal):
        cast(proposal, voter, "yes")

    with django_assert_num_queries(2):
        text = fetch(client, proposal)
    assert len(lines(text)) == item_count
