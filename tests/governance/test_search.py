"""Searching proposals: what is found, and what no text and no question can make of it."""

import psutil
import pytest
from django.db import connection

from governance.models import MAX_TEXT, Proposal
from tests.explosive import USUAL, explosive_texts, fill
from tests.factories import ProposalFactory, UserFactory

pytestmark = pytest.mark.django_db


def found(words: str) -> list[str]:
    return sorted(Proposal.objects.search(words).values_list("title", flat=True))


@pytest.fixture
def beds() -> Proposal:
    text = "A rain-barrel of 1.5 m for the_old garden: https://example.org/barrels/blue?a=1 (café)."
    return ProposalFactory(title="Fund ten beds", description=text)


@pytest.mark.parametrize(
    "words",
    [
        "beds",
        "Bed",
        "rain-barrel",
        "rain barrel",
        '"rain barrel"',
        "barrel -bench",
        "bench or barrel",
        "1.5",
        "old_garden",
        "the_old",
        "https://example.org/barrels",
        "example.org",
        "café",
        "(beds)",
        "beds:*",
        'beds "',
    ],
)
def test_words_are_found_whatever_stands_between_them(beds, words):
    ProposalFactory(title="Paint the bench", description="In green.")

    assert "Fund ten beds" in found(words)


@pytest.mark.parametrize("words", ["bench", "beds -barrel", '"barrel rain"', "rain-bench", "1.6"])
def test_what_is_not_there_is_not_found(beds, words):
    assert found(words) == []


QUESTIONS = {
    "minus": "-" * 4_000,
    "minus words": "-a " * 1_300,
    "or": "a or " * 800,
    "quotes": '"' * 4_000,
    "brackets": "(" * 4_000,
    "hyphens": "a-" * 2_000,
    "a number": "9" * 5_000,
    "a number with #": "#" + "1" * 4_301,
    "no words": "& | ! ()",
    "stars": "a:* " * 1_000,
}


@pytest.mark.parametrize("words", QUESTIONS.values(), ids=QUESTIONS)
def test_no_question_is_an_error(client, beds, words):
    assert client.get("/proposals/", {"q": words}).status_code == 200
    client.force_login(UserFactory(role="moderator"))
    assert client.get("/admin/governance/proposal/", {"q": words}).status_code == 200


def cpu_of_the_database() -> float:
    """Seconds that our session's process has worked, in steps of 10 ms; others cost it none."""
    times = psutil.Process(connection.connection.info.backend_pid).cpu_times()
    return times.user + times.system


def seconds_to_index(text: str, times: int = 1) -> float:
    """CPU of the database, the mean of so many ``times``."""
    with connection.cursor() as cursor:
        before = cpu_of_the_database()
        for _ in range(times):
            cursor.execute(
                "SELECT length(to_tsvector('english', proposal_words(%s)))",
                [text.replace("\0", "")],
            )
        return (cpu_of_the_database() - before) / times


def test_no_text_keeps_the_database_busy():
    """A few are worse than a usual one: 50,000 different letters are as many words."""
    texts = dict(list(explosive_texts(MAX_TEXT))[::6]) | {
        "underscores": "_" * MAX_TEXT,
        "comments of HTML": fill("<!--", MAX_TEXT),
        "hyphens": fill("a-", MAX_TEXT),
        "hyphened numbers": "-".join(f"{n:x}" for n in range(9_000)),
        "hosts": fill("a.", MAX_TEXT),
        "paths": fill("/a", MAX_TEXT),
        "mail": fill("a@", MAX_TEXT),
        "addresses": fill("http://a.b/", MAX_TEXT),
        "numbers": fill("1e", MAX_TEXT),
        "many words": " ".join(f"{n:x}" for n in range(10_000)),
        "many letters": " ".join(chr(0x4E00 + n) for n in range(20_000)),
    }
    usual = max(seconds_to_index(fill(USUAL, MAX_TEXT), times=20), 0.005)

    slow = {
        name
        for name, text in texts.items()
        if min(seconds_to_index(text) for _ in range(2)) > 50 * usual
    }

    assert slow == set()


@pytest.mark.parametrize("mark", ["_", "<!--", "a_"])
def test_a_draft_of_marks_is_saved_at_once(mark):
    before = cpu_of_the_database()

    ProposalFactory(description=fill(mark, MAX_TEXT), description_html="")

    assert cpu_of_the_database() - before < 1
