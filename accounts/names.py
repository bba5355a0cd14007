"""What a member may be called. Who is called so, the database knows (sql/names_guard.sql)."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache

from confusable_homoglyphs.utils import load
from django.core.exceptions import ValidationError
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.translation import gettext_lazy as _

from dao_portal.core.options import get_option
from dao_portal.core.text import JOINERS, one_line, validate_one_line

from .skeletons import skeleton

# Who speaks for the portal: in no name, also not as one word of several.
OFFICES = frozenset(
    {
        *("admin", "admins", "administrator", "administrators", "administration", "sysadmin"),
        *("mod", "mods", "moderator", "moderators", "moderation", "treasurer", "treasurers"),
        *("team", "staff", "support", "helpdesk", "official", "system", "webmaster", "postmaster"),
        *("админ", "администратор", "модератор"),
    }
)
# Nobody's whole name.
RESERVED = frozenset(
    {
        *("root", "dao", "daoportal", "portal", "treasury", "community", "council", "security"),
        *("owner", "founder", "abuse", "noreply", "info", "contact", "help", "about", "terms"),
        *("everyone", "everybody", "nobody", "anonymous", "unknown", "deleted", "removed", "guest"),
        *("member", "members", "user", "users", "me", "you", "null", "none", "undefined"),
        *("settings", "audit", "api", "www", "mail"),
    }
)
# So long that no other word, and no two names side by side, hold them.
TELLING = frozenset(
    {"administrator", "moderator", "treasurer", "official", "администратор", "модератор"}
)
# At neither end of a word. Within one they are badminton, and across two Brad Minter.
AT_NO_END = frozenset({"admin", "админ"})
# Of fewer letters is a name and an initial: Tea M. Jones, Mo D. Hassan.
BROKEN_IN_TWO = 5
LEAST_REST = 3  # letters beside an office that may be whose name it is
DIGITS_FOR_LETTERS = str.maketrans("3457", "east")  # o, l and i are so in every skeleton
MAX_CHARACTERS = 80  # of first and last name together: what a line on a phone can break
# Combinations that people write in: UTS 39, "highly restrictive".
TOGETHER = (
    frozenset({"LATIN", "HAN", "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", "HAN", "BOPOMOFO"}),
    frozenset({"LATIN", "HAN", "HANGUL"}),
)
OF_ANY_SCRIPT = frozenset({"COMMON", "INHERITED", "UNKNOWN"})
BETWEEN_WORDS = re.compile(r"[\W_]+")
WITHIN_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")
DIGITS_AT_ENDS = re.compile(r"^\d+|\d+$")
IN_USERNAMES = frozenset("._-")
# As people write them; validate_one_line() has seen to it that a joiner joins.
IN_NAMES = frozenset(" .,'\N{RIGHT SINGLE QUOTATION MARK}\N{MIDDLE DOT}-\N{HYPHEN}()/&") | JOINERS
# 0x and eight or more hexadecimal digits, as a skeleton has them: an address, or its two ends.
ADDRESS = re.compile(r"ox[2-9a-fol]{8,}")

RESERVED_NAME = _("This name is reserved. Choose a different one.")
MIXED = _("Use the letters of one alphabet only.")
MIXED_WORDS = _("Write each word with the letters of one alphabet only.")
MIXED_DIGITS = _("Use one kind of digits only.")
TOO_LONG = _("Your name has %(n)s characters. %(most)s at most, first and last name together.")
LOOKS_LIKE_ADDRESS = _("This looks like the address of a wallet. Choose a different name.")


def normal_username(username: str) -> str:
    """``username`` as it is stored, and looked for: NFKC."""
    return unicodedata.normalize("NFKC", username)


def validate_username(username: str) -> None:
    """ValidationError, in words, unless ``username`` may be chosen, if nobody has one like it."""
    username = normal_username(username)
    validate_one_line(username)
    if "@" in username:
        raise ValidationError(_("A username is no e-mail address: leave out the @."), code="at")
    if not all(_is_word(character) or character in IN_USERNAMES for character in username):
        raise ValidationError(
            _("Use letters, digits, dots, dashes and underscores only."), code="characters"
        )
    starts_well = unicodedata.category(username[:1] or " ")[0] in "LN"
    if not (starts_well and _is_word(username[-1]) and skeleton(username)):
        raise ValidationError(
            _("A username begins and ends with a letter or a digit."), code="ends"
        )
    _require_one_script(username, MIXED)
    _refuse_pretence(username)


def validate_display_name(first_name: str, last_name: str) -> None:
    """ValidationError, in words, unless a member may be shown as ``first_name last_name``."""
    name = one_line(f"{first_name} {last_name}")
    if not name:
        return
    validate_one_line(name)
    if not all(_is_word(character) or character in IN_NAMES for character in name):
        raise ValidationError(
            _("Use letters, digits, spaces, dots, dashes and apostrophes only."),
            code="characters",
        )
    if len(name) > MAX_CHARACTERS:
        raise ValidationError(
            TOO_LONG, code="length", params={"n": len(name), "most": MAX_CHARACTERS}
        )
    is_lettered = any(unicodedata.category(character).startswith("L") for character in name)
    if not (is_lettered and skeleton(name)):
        raise ValidationError(_("There must be a letter in your name."), code="letters")
    for word in name.split():
        _require_one_script(word, MIXED_WORDS)
    _refuse_pretence(name)


def beside_office(name: str) -> set[str]:
    """Skeletons of what is left of ``name`` without an office at its start or end: of gracemod,
    grace. Whether somebody is called so, validate_no_office_of_a_member() asks.

    Not of fewer than three letters: steam is nobody's team.
    """
    whole = skeleton(name)
    rests = set()
    for look in {whole, _read(whole)}:
        for office in _skeletons(OFFICES):
            rests |= {look.removeprefix(office), look.removesuffix(office)} - {look}
    return {rest for rest in rests if len(rest.replace("rn", "m")) >= LEAST_REST}


def scripts_of(text: str) -> frozenset[str]:
    """The scripts that ``text`` is written in, by Unicode's names for them in capitals."""
    starts, ranges = _script_ranges()
    found = set()
    for character in text:
        code = ord(character)
        first, last, script = ranges[bisect_right(starts, code) - 1]
        found.add(script if first <= code <= last else "UNKNOWN")
    return frozenset(found) - OF_ANY_SCRIPT


def is_one_alphabet(text: str) -> bool:
    """One script, or scripts that are written together; digits of one kind."""
    scripts = scripts_of(text)
    return len(scripts) <= 1 or any(scripts <= together for together in TOGETHER)


def _require_one_script(text: str, refusal: object) -> None:
    if not is_one_alphabet(text):
        raise ValidationError(str(refusal), code="scripts")
    zeros = {ord(each) - int(each) for each in text if unicodedata.category(each) == "Nd"}
    if len(zeros) > 1:
        raise ValidationError(MIXED_DIGITS, code="digits")


def _refuse_pretence(name: str) -> None:
    """Refuse what speaks for the portal, is a place on it, or is the address of a wallet."""
    whole = skeleton(name)
    reserved = _skeletons(OFFICES | RESERVED | place_names())
    reserved |= {skeleton(get_option("community.name"))} - {""}
    if (
        whole in reserved
        or any(skeleton(part) in reserved for part in re.split("[()]", name))
        or any(telling in _read(whole) for telling in _skeletons(TELLING))
        or _names_an_office(name)
    ):
        raise ValidationError(RESERVED_NAME, code="reserved")
    if ADDRESS.fullmatch(whole):
        raise ValidationError(LOOKS_LIKE_ADDRESS, code="address")


def _names_an_office(name: str) -> bool:
    """Whether a word of ``name`` is an office, or several are one that was taken apart."""
    plain = "".join(
        each
        for each in unicodedata.normalize("NFKD", name)
        if not unicodedata.category(each).startswith("M")
    )
    pieces = [piece for piece in BETWEEN_WORDS.split(plain) if piece]
    words = {*pieces, *plain.split()}  # Sup-port is one word and two pieces
    words |= {part for piece in pieces for part in WITHIN_WORDS.split(piece)}
    words |= {DIGITS_AT_ENDS.sub("", word) for word in words}
    words |= {"".join(run) for run in _runs(pieces) if _may_be_one_word(run)}
    read = {_read(skeleton(word)) for word in words}
    if read & _skeletons(OFFICES):
        return True
    ends = tuple(_skeletons(AT_NO_END))
    whole_words = {_read(skeleton(DIGITS_AT_ENDS.sub("", word))) for word in pieces}
    return any(word.startswith(ends) or word.endswith(ends) for word in whole_words)


def _runs(pieces: list[str]) -> Iterator[list[str]]:
    """Two and more of ``pieces`` that stand side by side."""
    for start in range(len(pieces)):
        for end in range(start + 2, len(pieces) + 1):
            yield pieces[start:end]


def _may_be_one_word(run: list[str]) -> bool:
    """Taken apart letter by letter, or a long word in two; not a name and an initial."""
    letters = sum(map(len, run))
    return letters == len(run) or letters >= BROKEN_IN_TWO


def _read(look: str) -> str:
    """A skeleton as it is read where digits stand for letters: mod3rator."""
    return look.translate(DIGITS_FOR_LETTERS)


@lru_cache(maxsize=8)
def _skeletons(names: frozenset[str]) -> frozenset[str]:
    return frozenset(map(skeleton, names))


@lru_cache(maxsize=1)
def place_names() -> frozenset[str]:
    """Every word of the portal's addresses that a member's name could stand in place of.

    The first word of each address, and the second under members/. Asked of the router, so that a
    new page needs nobody to think of this list.
    """
    addresses = _addresses(get_resolver().url_patterns, "")
    words = set()
    for address in addresses:
        parts = address.split("/")
        words.add(parts[0])
        if parts[0] == "members" and len(parts) > 1:
            words.add(parts[1])
    return frozenset(word for word in words if word.isalnum())


def _addresses(patterns: list[URLPattern | URLResolver], before: str) -> list[str]:
    found = []
    for pattern in patterns:
        address = before + str(pattern.pattern).lstrip("^")
        if isinstance(pattern, URLResolver):
            found += _addresses(pattern.url_patterns, address)
        else:
            found.append(address)
    return found


def _is_word(character: str) -> bool:
    """A letter, a mark on one, or a decimal digit."""
    category = unicodedata.category(character)
    return category[0] in "LM" or category == "Nd"


@lru_cache(maxsize=1)
def _script_ranges() -> tuple[list[int], list[tuple[int, int, str]]]:
    """Unicode's Scripts.txt, as the package has it: where each range starts, and the ranges."""
    data = load("categories.json")
    names = data["iso_15924_aliases"]
    ranges = [
        (first, last, names[script]) for first, last, script, _kind in data["code_points_ranges"]
    ]
    return [first for first, _last, _script in ranges], ranges
