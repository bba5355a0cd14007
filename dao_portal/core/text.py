"""Text that stands on one line: names, titles, addresses. All of it can be seen."""

from __future__ import annotations

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

# Cc control, Cf format (direction marks and overrides, tags, zero width), Co private use,
# Cs half a character, Zl and Zp line ends.
HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
# Letters, marks and symbols that draw nothing all the same: Default_Ignorable_Code_Point of
# Unicode's DerivedCoreProperties.txt as far as the categories do not say so, and Braille's blank.
HIDDEN_LETTERS = frozenset(
    map(
        chr,
        (
            0x034F,  # combining grapheme joiner
            *range(0x115F, 0x1161),  # Hangul fillers
            *range(0x17B4, 0x17B6),  # Khmer inherent vowels
            *range(0x180B, 0x1810),  # Mongolian variation selectors
            0x2800,  # Braille blank
            0x3164,  # Hangul filler
            *range(0xFE00, 0xFE10),  # variation selectors
            0xFFA0,  # half-width Hangul filler
            *range(0xE0100, 0xE01F0),  # more variation selectors
        ),
    )
)
# Where two of them mean something: between letters of the scripts that are written joined, and
# within an emoji. U+200C and U+200D are the joiners, U+FE0E and U+FE0F choose text or picture.
JOINERS = frozenset("\u200c\u200d")
STYLES = frozenset("\ufe0e\ufe0f")
# first code point of a block -> the one behind it, of the scripts whose letters join or stack
JOINING = ((0x0600, 0x0900), (0x0900, 0x0E00), (0x0F00, 0x1000), (0x1780, 0x1880), (0xA840, 0xA880))
MAX_MARKS = 4  # on one letter; UTS 39 (section 5.4) finds no language with more
TOO_MANY_MARKS = re.compile(
    rf"[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]{{{MAX_MARKS + 1}}}"
)
HIDDEN = _(
    "There is a character in it that cannot be seen (%(character)s). Type it again instead of"
    " pasting it."
)
TOO_MANY = _("There are too many marks on one letter.")


def one_line(text: str) -> str:
    """``text`` composed (NFC), with single spaces between its words and none around them."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def hidden_in(text: str) -> list[str]:
    """Each character of ``text`` that draws nothing, or changes how others are read."""
    return [
        character
        for place, character in enumerate(text)
        if _is_hidden(character) and not _belongs(text, place)
    ]


def without_hidden(text: str) -> str:
    """``text`` on one line, without what ``hidden_in`` finds: for text that others wrote."""
    text = "".join(
        " " if character in "\n\r\t\v\f\x85\u2028\u2029" else character for character in text
    )
    hidden = set(hidden_in(text))
    kept = (
        character
        for place, character in enumerate(text)
        if character not in hidden or _belongs(text, place)
    )
    return one_line("".join(kept))


def validate_one_line(text: str) -> None:
    """ValidationError when ``text`` holds what cannot be seen, or piles marks on a letter."""
    hidden = hidden_in(text)
    if hidden:
        raise ValidationError(HIDDEN, code="hidden", params={"character": _called(hidden[0])})
    if TOO_MANY_MARKS.search(unicodedata.normalize("NFD", text)):
        raise ValidationError(TOO_MANY, code="marks")


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in HIDDEN_CATEGORIES or character in HIDDEN_LETTERS


def _belongs(text: str, place: int) -> bool:
    """Whether the hidden character at ``place`` does what it is for."""
    character, before, after = text[place], text[:place], text[place + 1 :]
    if character in STYLES:
        return bool(before) and _is_drawn(before[-1])
    if character in JOINERS and before and after:
        if _joins(before[-1]):
            return _joins(after[0])
        return (
            character == "\u200d"
            and _is_drawn(before.rstrip("\ufe0f")[-1:])
            and _is_drawn(after[0])
        )
    return False


def _joins(character: str) -> bool:
    return any(first <= ord(character) < end for first, end in JOINING) and character.isprintable()


def _is_drawn(character: str) -> bool:
    """A symbol, such as emoji and their skin colours are, or a keycap's digit."""
    return character != "" and (
        unicodedata.category(character) in {"So", "Sk", "Sm"} or character in "#*0123456789‼⁉〰〽"
    )


def _called(character: str) -> str:
    name = unicodedata.name(character, "").lower()
    code = f"U+{ord(character):04X}"
    return f"{code}, {name}" if name else code
