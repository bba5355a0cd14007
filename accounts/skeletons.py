"""What a name looks like: two names that can be taken for each other have the same skeleton.

After Unicode Technical Standard 39, section 4 (https://www.unicode.org/reports/tr39/), with the
look-alikes of its confusables.txt as the package confusable-homoglyphs has them, and five steps
more, because here a name means the same however it is capitalised and spelled:

1. NFD; each character becomes its prototype; NFD (the standard's skeleton).
2. NFKD and case folding, so that full-width, mathematical and circled letters and capitals are
   plain ones; then step 1 again, until nothing changes.
3. i counts as l, as the standard has it of the capital I: whoever is called in any case of letters
   is like what one of the cases is like. So are o and 0, because the standard likens O and 0.
4. Small capitals are the letters that they are drawn like, and so are three that confusables.txt
   leaves apart. Latin letters upside down are the upright ones, where confusables.txt likens them
   to no other: it has the turned m as w, and the turned w as m.
5. Only letters, digits and vowel signs count: grace_ and g.race look like grace, and so does a word
   with a space within. Nothing is what is laid on a letter (accents, dots, strokes), or set
   beside one without being one (raised dots and apostrophes, the Arabic stretch): gràce is grace.
   The vowel signs of India and the voicing marks of Japan stay.

It follows that capitals change nothing, for all letters but some 200 of which the capital is like
another letter than the small one is (Greek N and v, for one): there the two look different, and
what they look like is what counts.

Pure: no settings, no database. The database has the same rule as ``skeleton(text)``, over a table
that ``shapes()`` fills (accounts/sql/skeletons.sql), and is the judge.
"""

from __future__ import annotations

import sys
import unicodedata
from functools import lru_cache

from confusable_homoglyphs.utils import load

# The package keeps this mark around right-to-left letters, as the source's comments do.
DIRECTION_MARK = "\u200e"
GRAPHEME_JOINER = "\u034f"  # a mark that draws nothing
# Unicode's combining classes: overlays; Hebrew, Arabic and Syriac points; attached, above, below.
# Not among them: 0 and 84 to 132 (vowel signs), 7 (nukta), 8 (kana voicing), 9 (virama).
LAID_ON = frozenset({1, *range(10, 37), *range(200, 256)})
# Letters by their category alone, beside all MODIFIER LETTERs: caron, tatweel and its like in N'Ko,
# N'Ko's apostrophes, a high dot, a vertical tilde, payerok.
BESIDE = frozenset("\u02c7\u0640\u07fa\u07f4\u07f5\u0971\u2e2f\ua67f")
# Raised and circled letters: NFKD knows them, and confusables.txt has signs for some.
FOLDED = ("<super>", "<circle>")
# What confusables.txt leaves apart: the shape of the small capital M, kra, and j without its dot.
FURTHER = {"\u028d": "m", "\u0138": "k", "\u0237": "j"} | {
    unicodedata.lookup(f"LATIN LETTER SMALL CAPITAL {letter}"): letter.lower()
    for letter in "ABCDEFGHIJKLMNOPQRSTUVWYZ"  # there is no X
}
# Upside down -> upright. Not among them are mirrored ones, which are и and я of Cyrillic.
TURNED = dict(zip("ɐɒɔᴒǝɘⱻɟⅎᵷɥᴉʞꞁꟺɹɺɻɾɿʁᴚⱹʇꞱʌʎ", "aacceeeffghiklmrrrrrrrrttvy", strict=True))
UNASSIGNED = frozenset({"Cn", "Co", "Cs"})
ASCII_SHAPES = str.maketrans(
    {
        **{chr(code): None for code in range(128) if not chr(code).isalnum()},
        "0": "o",
        "1": "l",
        "i": "l",
        "|": "l",
        "m": "rn",
    }
)


def skeleton(name: str) -> str:
    """What ``name`` looks like: letters, digits and vowel signs, to be compared and never shown."""
    if name.isascii():
        return name.lower().translate(ASCII_SHAPES)
    shapes = "".join(map(shape, unicodedata.normalize("NFD", name)))
    return unicodedata.normalize("NFD", shapes)


@lru_cache(maxsize=4096)
def shape(character: str) -> str:
    """What one character contributes to a skeleton: nothing, itself, or others."""
    look = character
    while (further := _step(look)) != look:
        look = further
    if _counts(character):
        kept, small = "".join(filter(_counts, look)), character.casefold()
        if not kept and _is_latin_dot(character, look):
            return ""
        # any other that is likened to a dash or a dot, such as the Japanese ku, stays a letter
        return kept or (small if small == character else shape(small))
    return look if all(map(_counts, look)) else ""


def shapes() -> dict[str, str]:
    """``shape`` of each character of decomposed text that is not its own: the database's table."""
    everything = map(chr, range(1, sys.maxunicode + 1))  # PostgreSQL stores no NUL
    found = {
        character: shape.__wrapped__(character)
        for character in everything
        if unicodedata.category(character) not in UNASSIGNED
        and unicodedata.is_normalized("NFD", character)
    }
    return {character: look for character, look in found.items() if look != character}


def _step(look: str) -> str:
    likened = "".join(_prototypes().get(each, each) for each in unicodedata.normalize("NFD", look))
    folded = unicodedata.normalize("NFKD", likened).casefold()
    return unicodedata.normalize("NFD", folded).replace("i", "l")


def _counts(character: str) -> bool:
    category = unicodedata.category(character)
    if category == "Lm":
        return "MODIFIER LETTER" not in unicodedata.name(character) and character not in BESIDE
    if category[0] == "M":
        is_laid_on = category == "Me" or unicodedata.combining(character) in LAID_ON
        return not is_laid_on and character != GRAPHEME_JOINER
    return category[0] in "LN"


def _is_latin_dot(character: str, look: str) -> bool:
    """A letter that scholars write as a dot or another sign: the sinological dot, a click's !"""
    return unicodedata.name(character, "").startswith("LATIN ") and all(
        unicodedata.category(each)[0] in "PM" for each in look
    )


@lru_cache(maxsize=1)
def _prototypes() -> dict[str, str]:
    """Character -> what it is likened to.

    The package lists each line of confusables.txt from both sides, in the order of the lines. The
    left side of a line stands on no other; so it has one partner, and it comes first of the two
    where that partner has no other either.
    """
    likened: dict[str, list[str]] = {}
    for character, partners in load("confusables.json").items():
        likened[character.replace(DIRECTION_MARK, "")] = [
            partner["c"].replace(DIRECTION_MARK, "") for partner in partners
        ]
    place = {character: number for number, character in enumerate(likened)}
    found = {
        character: partners[0]
        for character, partners in likened.items()
        if len(partners) == 1
        and not (len(character) == 1 and unicodedata.decomposition(character).startswith(FOLDED))
        and (len(likened[partners[0]]) > 1 or place[partners[0]] > place[character])
    }
    return found | FURTHER | TURNED
