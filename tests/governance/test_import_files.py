"""Snapshot's files, broken in every way: each is refused by its number and id."""

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from governance.management.json_objects import shown
from governance.models import Proposal, Vote
from tests.explosive import one_long_address
from tests.governance.snapshot_files import ADA, BEN, CLEO, Files, hub, proposal_record, vote_record

pytestmark = pytest.mark.django_db


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


# --- two votes of one voter -----------------------------------------------------------------------


@pytest.mark.parametrize("later_first", [False, True])
def test_later_vote_of_a_voter_counts(
    files: Files, capsys: pytest.CaptureFixture[str], later_first: bool
):
    records = [
        vote_record(choice=1, created=1750000100),
        vote_record(choice=2, created=1750000200, voter=ADA.upper().replace("X", "x")),
    ]
    files.write_votes(*reversed(records) if later_first else records)
    files.load()
    assert Vote.objects.get().vote_type == "no"
    assert "Look at: votes.json: 1 votes stand there twice" in capsys.readouterr().out


def test_same_record_twice_is_one_vote(files: Files):
    files.write_votes(vote_record(), vote_record())
    files.load()
    assert Vote.objects.count() == 1


def test_two_different_votes_in_one_second_are_refused(files: Files):
    files.write_votes(vote_record(choice=1), vote_record(voter=BEN), vote_record(choice=2))
    assert files.refusal() == (
        f"votes.json, number 3: {ADA} voted otherwise in number 1, in the same second."
    )


def test_same_proposal_twice_is_one(files: Files):
    files.write_proposals(proposal_record(), proposal_record())
    files.load()
    assert Proposal.objects.count() == 1


def test_one_id_for_two_proposals_is_refused(files: Files):
    files.write_proposals(proposal_record(), proposal_record(title="Another"))
    assert files.refusal() == (
        'proposals.json, number 2 ("0x01"): id: the same as in number 1 ("0x01").'
    )


def test_missing_votes_are_pointed_out(files: Files, capsys: pytest.CaptureFixture[str]):
    files.write_proposals(proposal_record(votes=449))
    files.load()
    assert (
        'Look at: number 1 ("0x01"): 449 votes, and votes.json holds 1 of them'
        in capsys.readouterr().out
    )


GOOD = json.dumps(vote_record(voter=BEN))

MANY_DIGITS = "9" * 5000


# --- broken files ---------------------------------------------------------------------------------


def test_eighteen_decimals_are_kept(files: Files):
    files.write_votes(vote_record(vp="1.000000000000000001"))
    files.load()
    assert Vote.objects.get().voting_power == Decimal("1.000000000000000001")


@pytest.mark.parametrize(
    ("number", "text"),
    [("5.7e-05", "0.000057"), ("1E2", "100"), ("2.11e-16", "0.000000000000000211")],
)
def test_exponents_are_exact(files: Files, number: str, text: str):
    vote = json.dumps(vote_record()).replace('"10"', number)
    files.write_votes(vote)
    files.load()
    assert Vote.objects.get().voting_power == Decimal(text)


def test_other_encodings_are_named_by_the_line(files: Files):
    files.votes.write_bytes(
        hub("votes", [vote_record(), vote_record(reason="né")]).encode("latin-1")
    )
    assert files.refusal() == "votes.json, line 3: not UTF-8 text."


def test_missing_file_is_named(files: Files):
    files.votes.unlink()
    assert files.refusal() == f"{files.votes}: No such file or directory."


# --- texts that explode ---------------------------------------------------------------------------


# --- titles ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "written", "problem"),
    [
        ("vp", '"1.0000000000000000001"', "“1.0000000000000000001” has more than 18 decimals."),
        ("vp", '"1e-19"', "“1e-19” has more than 18 decimals."),
        ("vp", "1e-19", "“1e-19” has more than 18 decimals."),
        ("vp", "1e60", "“1e60” is too large."),
        ("vp", "1e999999999", "“1e999999999” is too large."),
        ("vp", '"-1"', 'expected an amount of zero or more, not "-1".'),
        ("vp", "-1", "expected an amount of zero or more, not -1."),
        ("vp", '"NaN"', 'expected an amount of zero or more, not "NaN".'),
        ("vp", "NaN", "expected an amount of zero or more, not NaN."),
        ("vp", "Infinity", "expected an amount of zero or more, not Infinity."),
        ("vp", '"1,000"', 'expected an amount of zero or more, not "1,000".'),
        ("vp", '"1_000"', 'expected an amount of zero or more, not "1_000".'),
        ("vp", '"١٢"', 'expected an amount of zero or more, not "١٢".'),
        ("vp", '""', 'expected an amount of zero or more, not "".'),
        ("vp", "null", "expected an amount of zero or more, not nothing."),
        ("vp", "true", "expected an amount of zero or more, not true."),
        ("vp", "[1]", 'expected an amount of zero or more, not ["1"].'),
        ("choice", "0", "0 is none of 1 to 3."),
        ("choice", "4", "4 is none of 1 to 3."),
        ("choice", "-1", "-1 is none of 1 to 3."),
        ("choice", '"1"', 'expected a whole number, not "1".'),
        ("choice", "1.0", "expected a whole number, not 1.0."),
        ("choice", "true", "expected a whole number, not true."),
        ("choice", "[1, 2]", 'expected a whole number, not ["1", "2"].'),
        ("voter", '"0x12"', '"0x12" is no Ethereum address.'),
        ("voter", f'"0x{"g" * 40}"', f'"0x{"g" * 40}" is no Ethereum address.'),
        ("voter", "12", "expected text, not 12."),
        ("voter", '""', "must not be empty."),
        ("created", '"1750000100"', 'expected a whole number, not "1750000100".'),
        ("created", "-1", "-1 is not a time in seconds since 1970."),
        ("created", "1750000100000", "1750000100000 is not a time in seconds since 1970."),
        ("created", MANY_DIGITS, f"expected a whole number, not {'9' * 60}…."),
        ("reason", "7", "expected text, not 7."),
        ("reason", r'"a\u0000b"', "holds a character that is no text."),
        ("reason", r'"\ud800"', "holds a character that is no text."),
        ("proposal", '"0x01"', 'expected {"id": "..."}.'),
        ("proposal", '{"id": 1}', 'expected {"id": "..."}.'),
        ("proposal", '{"id": "0x99"}', '"0x99" is not among the proposals.'),
    ],
)
def test_broken_vote_is_named_by_its_number(files: Files, field: str, written: str, problem: str):
    line = json.dumps(vote_record(**{field: "@"})).replace('"@"', written)
    files.write_votes(vote_record(), GOOD, line)
    assert files.refusal() == f"votes.json, number 3: {field}: {problem}"


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("id", "", "must not be empty."),
        ("id", "0" * 129, "longer than 128 characters."),
        ("title", None, "expected text, not nothing."),
        ("title", " ", "must not be empty."),
        ("body", 3, "expected text, not 3."),
        ("choices", "For", 'expected a list of words, not "For".'),
        ("choices", [1, 2, 3], 'expected a list of words, not ["1", "2", "3"].'),
        ("start", "soon", 'expected a whole number, not "soon".'),
        ("end", 1750000000, "not after the start."),
        ("author", "ada.eth", '"ada.eth" is no Ethereum address.'),
        ("quorum", "many", 'expected an amount of zero or more, not "many".'),
        ("quorum", -1, "expected an amount of zero or more, not -1."),
    ],
)
def test_broken_proposal_is_named_by_its_number_and_id(
    files: Files, field: str, value: Any, problem: str
):
    other, broken = proposal_record(id="0x07"), proposal_record(id="0x09") | {field: value}
    files.write_proposals(proposal_record(), other, broken)
    place = f"number 3 ({shown(broken['id'])})" if broken["id"] else "number 3"
    assert files.refusal() == f"proposals.json, {place}: {field}: {problem}"


def test_broken_vote_with_an_id_is_named_by_it_too(files: Files):
    files.write_votes(vote_record(id="0xf00d", vp="many"))
    assert files.refusal() == (
        'votes.json, number 1 ("0xf00d"): vp: expected an amount of zero or more, not "many".'
    )


@pytest.mark.parametrize(
    ("broken", "line"),
    [
        (GOOD[:30], 3),
        (GOOD[: GOOD.index("1,")], 3),
        (GOOD[:-1], 4),  # what the end of the line lacks, the next one shows
        ("{", 3),
        ("oops", 3),
        (GOOD.replace('"choice"', "choice"), 3),
        (GOOD.replace(": 1", ": 01"), 3),
        (f"{GOOD} {GOOD}", 3),
    ],
)
def test_broken_json_is_named_by_its_line(files: Files, broken: str, line: int):
    files.write_votes(vote_record(), broken, vote_record(voter=CLEO))
    assert re.match(
        rf"votes.json, line {line}, column \d+: not valid JSON, here or right before \(",
        files.refusal(),
    )


@pytest.mark.parametrize(
    ("broken", "problem"),
    [
        ('"proposal"', "expected an object in braces."),
        ("7", "expected an object in braces."),
        ("null", "expected an object in braces."),
        ("{}", 'proposal: expected {"id": "..."}.'),
    ],
)
def test_what_is_no_vote_is_named_by_its_number(files: Files, broken: str, problem: str):
    files.write_votes(vote_record(), broken, vote_record(voter=CLEO))
    assert files.refusal() == f"votes.json, number 2: {problem}"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", ", line 1, column 1: not valid JSON"),
        ('{"errors": [{"message": "rate limit"}], "data": null}', ": no list of votes; expected"),
        ('{"data": {"votes": 7}}', ": no list of votes;"),
        ('{"data": {"proposals": []}}', ": no list of votes;"),
        ("7", ": no list of votes;"),
        ("[", ", line 1, column 2: not valid JSON"),
        ("[]\n]", ", line 2, column 1: not valid JSON, here or right before (Extra data)."),
        ('{"data":\n{"votes": []\n', ", line 3, column 1: not valid JSON"),
        ("{7: 1}", ", line 1, column 2: not valid JSON"),
        ("[" * 100_000, ": not readable: nested too deeply."),
    ],
)
def test_broken_frame_is_named(files: Files, text: str, problem: str):
    files.votes.write_text(text)
    assert files.refusal().startswith(f"votes.json{problem}")


def test_text_that_becomes_too_large_is_named_by_its_number(files):
    files.write_proposals(
        proposal_record(id="0x00"), proposal_record(body=one_long_address(49_988))
    )

    assert files.refusal().startswith(
        'proposals.json, number 2 ("0x01"): body: This text becomes too large.'
    )


def test_text_that_is_too_long_is_named_by_its_number(files):
    files.write_proposals(proposal_record(body="word " * 10_001))

    assert files.refusal() == (
        'proposals.json, number 1 ("0x01"): body: longer than 50,000 characters.'
    )


def test_title_of_which_nothing_can_be_seen_is_named_by_its_number(files: Files):
    files.write_proposals(proposal_record(title="\u200b\u2800"))
    assert files.refusal() == (
        'proposals.json, number 1 ("0x01"): title: nothing in it can be seen.'
    )
