"""The file of every vote: exact, complete, and no spreadsheet's formula."""

import csv
import io
from datetime import datetime
from decimal import Decimal

import pytest

from governance.canonical import canonical_time, reason_hash, vote_receipt, votes_digest
from governance.models import Proposal, Vote
from governance.outcome import to_units
from governance.views.votes import disarm
from tests.factories import (
    ProposalFactory,
    UserFactory,
    cast,
    close_now,
    open_proposal_with,
    voters_of,
)
from tests.governance.test_import import import_sample

pytestmark = pytest.mark.django_db

HEADER = "voter,name,choice,power,cast_at,reason,receipt\r\n"


def fetch(client, proposal: Proposal) -> str:
    response = client.get(f"{proposal.get_absolute_url()}votes.csv")
    assert response.status_code == 200
    return b"".join(response.streaming_content).decode()


def lines(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_file_has_every_vote_while_voting_is_open(client):
    proposal = open_proposal_with({"amy": "12480.5", "ben": "0.000000000000000001"})
    amy, ben = voters_of(proposal)
    first, second = cast(proposal, amy, "yes", "Shade."), cast(proposal, ben, "abstain")

    text = fetch(client, proposal)

    assert text == (
        f"{HEADER}"
        f"{amy.pk},amy,yes,12480.500000000000000000,{canonical_time(first.cast_at)},Shade.,"
        f"{first.receipt(proposal.fingerprint)}\r\n"
        f"{ben.pk},ben,abstain,0.000000000000000001,{canonical_time(second.cast_at)},,"
        f"{second.receipt(proposal.fingerprint)}\r\n"
    )


def test_file_is_named_and_typed_and_streamed(client):
    proposal = open_proposal_with([1])

    response = client.get(f"{proposal.get_absolute_url()}votes.csv")

    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == (
        f'attachment; filename="proposal-{proposal.number}-votes.csv"'
    )
    assert response.streaming


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
        ("1 = 1", "1 = 1"),
        ("", ""),
        ("'=1", "'=1"),
        ("Why not?", "Why not?"),
    ],
)
def test_disarm_touches_only_what_could_run(text, safe):
    assert disarm(text) == safe


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
    for vote in votes:
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
        reason_sha256=reason_hash(vote["reason"]),
    )


def test_file_of_an_imported_proposal_has_no_exponents(client):
    import_sample()
    proposal = Proposal.objects.get(source_id="0x01")

    powers = [vote["power"] for vote in lines(fetch(client, proposal))]

    assert all("E" not in power.upper() for power in powers)
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
