"""A stranger's program counts every closed vote again, and notices whatever is changed."""

import ast
import csv
import io
import re
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client

from governance.canonical import canonical_hash
from governance.models import Proposal, Vote
from governance.selectors.proposal_files import fingerprinted
from governance.services.cancelling import cancel_proposal
from governance.services.closing import close_proposal
from governance.services.proposals import withdraw_proposal
from tests.factories import (
    ProposalFactory,
    UserFactory,
    cast,
    open_proposal_with,
    shift_window,
    unguarded,
    voters_of,
)
from tests.governance.snapshot_sample import import_sample
from tests.looking import some
from tests.recount.recount import Disagreement, recount

pytestmark = pytest.mark.django_db

PROGRAM = Path(__file__).with_name("recount.py")


@dataclass(frozen=True)
class Download:
    """What anybody gets over HTTP."""

    page: bytes
    frozen: bytes
    votes: bytes
    source: bytes

    def recount(self) -> str:
        return recount(self.page.decode(), self.frozen, self.votes, self.source)


def fetch(proposal: Proposal) -> Download:
    client, address = Client(), proposal.get_absolute_url()

    def body(rest: str) -> bytes:
        response = client.get(f"{address}{rest}")
        assert response.status_code == 200
        return response.getvalue()

    return Download(body(""), body("frozen.json"), body("votes.csv"), body("source.md"))


def close_and_freeze(proposal: Proposal) -> Proposal:
    """Close it as if it had been opened with the window that it has in the end."""
    shift_window(proposal, end=timedelta(0))
    with unguarded():
        fingerprint = f"sha256:{canonical_hash(fingerprinted(proposal))}"
        Proposal.objects.filter(pk=proposal.pk).update(fingerprint=fingerprint)
    assert close_proposal(proposal_id=proposal.pk)
    proposal.refresh_from_db()
    return proposal


@pytest.fixture
def download() -> Download:
    """A decided vote with everything that could be changed."""
    proposal = open_proposal_with(
        {"ada": "792150.123456789012345678", "ben": "12480.5", "cem": "0.000000000000000001"}
    )
    reasons = ("Two trees.", '\'=1+1\r, "quoted"', "")
    for voter, choice, reason in zip(
        voters_of(proposal), ("yes", "no", "abstain"), reasons, strict=True
    ):
        cast(proposal, voter, choice, reason)
    return fetch(close_and_freeze(proposal))


# --- independence -------------------------------------------------------------------------------


def test_program_imports_the_standard_library_alone():
    tree = ast.parse(PROGRAM.read_text())
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported <= sys.stdlib_module_names


def run_alone(download: Download, folder: Path) -> subprocess.CompletedProcess[str]:
    """Isolated: no packages, no project, no environment."""
    names = ("page", "frozen", "votes", "source")
    for name in names:
        (folder / name).write_bytes(getattr(download, name))
    return subprocess.run(
        [sys.executable, "-I", "-S", PROGRAM, *names],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_program_runs_alone(download, tmp_path):
    good = run_alone(download, tmp_path)
    bad = run_alone(replace(download, source=b"Another text."), tmp_path)

    assert (good.returncode, good.stdout) == (0, "passed approved, 3 votes\n")
    assert (bad.returncode, bad.stdout) == (1, "source.md is not the frozen text\n")


# --- everything that was decided ----------------------------------------------------------------


@pytest.mark.usefixtures("_demo")
def test_every_closed_proposal_of_the_demo_is_recounted():
    call_command("seed_demo", verbosity=0)
    for proposal in Proposal.objects.open():
        close_and_freeze(proposal)
    recounted = dict.fromkeys(("passed", "rejected", "expired"), 0)

    for proposal in some(Proposal.objects.decided().filter(opened_at__isnull=False)):
        said = fetch(proposal).recount()
        votes = f"{proposal.total_votes} votes"
        assert said == f"{proposal.status} {proposal.outcome_reason}, {votes}"
        recounted[proposal.status] += 1

    assert min(recounted.values()) >= 1


def test_every_closed_proposal_of_the_import_is_recounted():
    import_sample()
    decided = Proposal.objects.decided()

    assert decided.count() == 2
    for proposal in decided:
        said = fetch(proposal).recount()
        votes = f"{proposal.total_votes} votes"
        assert said == f"{proposal.status} {proposal.outcome_reason}, {votes}"


@pytest.mark.parametrize(
    ("choices", "result"),
    [
        ("yes yes yes", "passed approved"),
        ("no no no", "rejected support_quorum"),
        ("yes no no", "rejected tie"),
        ("abstain abstain abstain", "rejected tie"),
        ("", "expired no_votes"),
    ],
)
def test_every_kind_of_result_is_recounted(choices, result):
    proposal = open_proposal_with(["50", "25", "25"])
    for voter, choice in zip(voters_of(proposal), choices.split(), strict=False):
        cast(proposal, voter, choice)

    assert fetch(close_and_freeze(proposal)).recount() == f"{result}, {len(choices.split())} votes"


def test_vote_that_was_cancelled_has_its_votes_and_no_result():
    proposal = open_proposal_with([5])
    cast(proposal, *voters_of(proposal), "yes")
    cancel_proposal(actor=UserFactory(), proposal_id=proposal.pk, note="Sent twice.")

    assert fetch(proposal).recount() == "no result, 1 votes"
    page = Client().get(proposal.get_absolute_url()).text
    assert "None: the vote was stopped before it was counted." in page


def test_hidden_reason_leaves_its_hash_behind(download):
    proposal = Proposal.objects.get()
    Vote.objects.filter(proposal=proposal).update(reason="")

    hidden = fetch(proposal)

    assert b"Two trees." in download.votes
    assert b"Two trees." not in hidden.votes
    assert hidden.recount() == "passed approved, 3 votes"


# --- and whatever is changed is noticed ---------------------------------------------------------


def refused(download: Download) -> bool:
    try:
        download.recount()
    except (Disagreement, ValueError, KeyError, TypeError, AttributeError, csv.Error):
        return True
    return False


def parts_of(page: bytes) -> list[tuple[int, int]]:
    """Where on the page the published values stand."""
    ids = b"outcome|voters|yes-power|no-power|abstain-power|total-power|fingerprint|votes-digest"
    found = [match.span(1) for match in re.finditer(b'id="(?:' + ids + b')">([^<]+)<', page)]
    assert len(found) == 8
    return found


def another(byte: int) -> bytes:
    """A letter for a letter, a digit for a digit, and something else for the rest."""
    letter = chr(byte)
    if letter.isdigit():
        return str((int(letter) + 1) % 10).encode()
    if letter.isalpha():
        return b"a" if letter != "a" else b"b"
    return b"~"


@pytest.mark.parametrize("name", ["frozen", "votes", "source", "page"])
def test_any_other_letter_or_digit_is_noticed(download, name):
    data = getattr(download, name)
    places = [
        place
        for start, end in (parts_of(data) if name == "page" else [(0, len(data))])
        for place in range(start, end)
    ]
    names = [row[1].encode() for row in csv.reader(io.StringIO(download.votes.decode()))][1:]
    unnoticed = []
    for place in places:
        changed = data[:place] + another(data[place]) + data[place + 1 :]
        if not refused(replace(download, **{name: changed})):
            unnoticed.append(place)

    # A name is in no hash: it can change while a vote stays what it is.
    free = [] if name != "votes" else [data.index(b"," + each + b",") + 1 for each in names]
    covered = {
        place
        for start, each in zip(free, names, strict=False)
        for place in range(start, start + len(each))
    }
    assert set(unnoticed) <= covered


def test_vote_that_is_missing_twice_there_or_in_another_place_is_noticed(download):
    head, *votes = download.votes.splitlines(keepends=True)
    first, rest = votes[0], b"".join(votes[1:])

    assert refused(replace(download, votes=head + rest))
    assert refused(replace(download, votes=head + first + first + rest))
    assert not refused(download)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("vote_type", "no"),
        ("voting_power", "792150.123456789012345679"),
        ("cast_at", datetime(2026, 1, 1, tzinfo=UTC)),
    ],
)
def test_vote_that_is_changed_in_the_database_is_noticed(download, field, value):
    """As whoever owns the database could, past every guard."""
    proposal = Proposal.objects.get()
    vote = Vote.objects.filter(proposal=proposal, vote_type="yes")
    with unguarded():
        vote.update(**{field: value})

    assert refused(fetch(proposal))


def test_vote_that_is_taken_out_of_the_database_is_noticed(download):
    with unguarded():
        Vote.objects.filter(vote_type="abstain").delete()

    assert refused(fetch(Proposal.objects.get()))


def test_text_that_is_changed_in_the_database_is_noticed(download):
    proposal = Proposal.objects.get()
    with unguarded():
        Proposal.objects.update(description=f"{proposal.description}.")

    assert refused(fetch(proposal))


# --- what never opened --------------------------------------------------------------------------


def test_proposal_that_never_opened_says_that_it_has_no_digest():
    proposal = ProposalFactory(upcoming=True)
    withdraw_proposal(actor=proposal.proposer, proposal_id=proposal.pk)
    client, address = Client(), proposal.get_absolute_url()

    page = client.get(address).text

    assert "Voting never opened: there are no votes, no digest of them and no fingerprint." in page
    assert "votes-digest" not in page
    assert client.get(f"{address}frozen.json").status_code == 404
    assert client.get(f"{address}source.md").content.decode() == proposal.description
