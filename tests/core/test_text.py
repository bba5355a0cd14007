"""Text on one line: nothing in it that cannot be seen."""

import unicodedata

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from dao_portal.core.text import hidden_in, one_line, validate_one_line, without_hidden

SEEN = [
    "Plant forty apple trees",
    "Für Ärger & Größe: 10 % — “sure”",
    "می\u200cخواهم",  # a joiner that Persian needs
    "क्\u200dष",
    "\N{HEAVY BLACK HEART}\ufe0f trees",
    "\N{WOMAN}\u200d\N{PERSONAL COMPUTER} builders",
    "\N{WHITE FLAG}\ufe0f\u200d\N{RAINBOW}",
    "1\ufe0f\u20e3 first",
]
UNSEEN = [
    *("\u202egnp.exe", "a\u2066b", "a\u200eb", "zero\u200bwidth", "so\u00adft", "\ufefftitle"),
    *("a\u200db", "a\u200cb", "x\ufe0f", "\u200d", "nul\0", "esc\x1b[31m", "\u2800", "\u3164"),
    *("tag\U000e0061", "\U000e0100x", "private\ue000", "half\ud800", "a\u2028b", "a\u034fb"),
    "علی\u202e",
]


@pytest.mark.parametrize("text", SEEN)
def test_what_can_be_seen_may_stand(text):
    validate_one_line(text)
    assert without_hidden(text) == one_line(text)


@pytest.mark.parametrize("text", UNSEEN)
def test_what_cannot_be_seen_is_refused_by_its_name(text):
    with pytest.raises(ValidationError) as refusal:
        validate_one_line(text)
    code = f"U+{ord(hidden_in(text)[0]):04X}"
    assert code in refusal.value.messages[0]


def test_marks_that_pile_up_are_refused():
    validate_one_line("e\u0302\u0323\u0301")
    with pytest.raises(ValidationError):
        validate_one_line("Z" + "\u0336" * 5)


@given(st.text(st.characters(exclude_categories=("Cs",))))
def test_without_hidden_leaves_what_may_stand(text):
    clean = without_hidden(text)
    assert clean == one_line(clean)
    assert hidden_in(clean) == []
    assert unicodedata.is_normalized("NFC", clean)


def test_one_line_has_single_spaces_and_one_spelling():
    assert one_line("  Zoe\u0308 \n\u00a0 Smith\t") == "Zoë Smith"
