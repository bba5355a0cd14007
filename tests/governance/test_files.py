"""What was frozen, as files: the bytes of the fingerprint, and the text as it was written."""

import json
from hashlib import sha256

import pytest

from governance.models import Proposal
from tests.factories import ProposalFactory, close_now, decided_proposal, open_proposal_with

pytestmark = pytest.mark.django_db

TEXT = "# Beds\r\n\r\nTen *raised* beds <script>alert(1)</script>\n\n'= ünïcödé 🌳\tend"


@pytest.fixture
def proposal() -> Proposal:
    return open_proposal_with([60], description=TEXT, title='Fund "the" garden / тест')


def test_frozen_file_is_what_the_fingerprint_covers(client, proposal):
    response = client.get(f"{proposal.get_absolute_url()}frozen.json")

    assert f"sha256:{sha256(response.content).hexdigest()}" == proposal.fingerprint
    title, text, kind, metadata, _opens, _closes, rule = json.loads(response.content)
    assert (title, text, kind, metadata) == (proposal.title, TEXT, "text", {})
    assert rule == {
        "approval": "1/2",
        "quorum": "2.400000000000000000",
        "quorum_mode": "for_abstain",
        "token": "DPT",
        "total_power": "60.000000000000000000",
        "version": 1,
    }


def test_source_is_the_text_byte_by_byte(client, proposal):
    assert client.get(f"{proposal.get_absolute_url()}source.md").content == TEXT.encode()


@pytest.mark.parametrize(
    ("name", "kind", "saved_as"),
    [
        ("frozen.json", "application/json", "proposal-{}-frozen.json"),
        ("source.md", "text/markdown; charset=utf-8", "proposal-{}.md"),
        ("votes.csv", "text/csv; charset=utf-8", "proposal-{}-votes.csv"),
    ],
)
def test_file_is_saved_and_never_shown(client, proposal, name, kind, saved_as):
    response = client.get(f"{proposal.get_absolute_url()}{name}")

    assert response["Content-Type"] == kind
    saved_as = saved_as.format(proposal.number)
    assert response["Content-Disposition"] == f'attachment; filename="{saved_as}"'
    assert response["X-Content-Type-Options"] == "nosniff"


def test_file_of_what_has_not_opened(client):
    upcoming = ProposalFactory(upcoming=True)

    assert client.get(f"{upcoming.get_absolute_url()}frozen.json").status_code == 404
    source = client.get(f"{upcoming.get_absolute_url()}source.md")
    assert source.content.decode() == upcoming.description


def test_closed_page_has_every_code_in_full(client):
    proposal = decided_proposal("passed", title="Exact")

    page = client.get(proposal.get_absolute_url()).text

    for code, value in {
        "outcome": "passed approved",
        "voters": "3",
        "yes-power": "70.000000000000000000",
        "no-power": "40.000000000000000000",
        "abstain-power": "0.000000000000000000",
        "total-power": "110.000000000000000000",
        "fingerprint": proposal.fingerprint,
        "votes-digest": proposal.votes_digest,
    }.items():
        assert f'<code id="{code}">{value}</code>' in page
    for name in ("votes.csv", "frozen.json", "source.md"):
        assert f'href="{proposal.get_absolute_url()}{name}"' in page


def test_votes_page_promises_the_digest_until_it_is_there(client, proposal):
    address = f"{proposal.get_absolute_url()}votes/"

    before = client.get(address).text
    close_now(proposal)
    after = client.get(address).text

    assert "Written down when voting has closed." in before
    assert "votes-digest" not in before
    assert f'<code id="votes-digest">{proposal.votes_digest}</code>' in after
