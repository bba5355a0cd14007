"""What ``make bench`` prints, held to what it must not exceed; one run of the command itself."""

import json
import subprocess
import sys

import pytest
from django.conf import settings

from tests.looking import some

# (signed out, signed in): a page costs as many whatever is on it.
STATEMENTS = {
    "hello": (0, 0),
    "home": (5, 11),
    "proposals": (3, 10),
    "proposal, no comment": (4, 10),
    "proposal, 11 comments": (5, 11),
    "proposal, 200 comments": (5, 11),
    "proposal, 10,000 comments": (5, 11),
    "votes, 3,000": (5, 11),
    "member": (8, 12),
    "treasury": (3, 7),
    "transactions": (3, 7),
    "inbox": (None, 6),
    "results, unchanged": (0, None),
    "results, changed": (4, None),
    "vote, new": (None, 14),
    "vote, changed": (None, 15),
    "comment": (None, 14),
    "like, undo": (None, 9),
}
FIRST_VIEW = 60 * 1024  # bytes on the wire, with styles, scripts and icon
ROOM_FOR_THREADS = {"proposal, 200 comments", "proposal, 10,000 comments"}  # longer than a view


@pytest.fixture(scope="module")
def figures() -> dict[tuple[str, str], dict]:
    run = subprocess.run(
        [sys.executable, "-m", "tests.bench", "--rounds", "1", "--json"],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return {(measured["page"], measured["who"]): measured for measured in json.loads(run.stdout)}


def test_pages_ask_the_database_as_often_as_is_written_down(figures):
    measured = {key: figure["statements"] for key, figure in figures.items()}

    assert measured == {("hello, no middleware", ""): 0} | {
        (page, who): statements
        for page, both in STATEMENTS.items()
        for who, statements in zip(("out", "in"), both, strict=True)
        if statements is not None
    }


def test_times_are_of_the_page_and_not_of_nothing(figures):
    for figure in some(figures.values()):
        assert 0 < figure["cpu"] < 10_000, figure
        assert figure["ratio"] > 0, figure
    assert figures["hello, no middleware", ""]["zipped"] == 25
    assert figures["proposal, 200 comments", "in"]["ratio"] > figures["hello", "in"]["ratio"]


def test_first_view_is_light(figures):
    for (page, who), figure in some(figures.items()):
        assert figure["requests"] <= 8, page
        if page not in ROOM_FOR_THREADS:
            assert figure["fetched"] <= FIRST_VIEW, (page, who)
    assert figures["proposal, 11 comments", "in"]["zipped"] <= 20 * 1024
