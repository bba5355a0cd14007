"""What names look like, in Python and in the database; and which may be chosen at all."""

import string
import sys
import unicodedata

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from accounts.names import (
    OFFICES,
    RESERVED,
    is_one_alphabet,
    place_names,
    scripts_of,
    validate_display_name,
    validate_username,
)
from accounts.skeletons import UNASSIGNED, shapes, skeleton
from tests.sql import sql

NAMES = st.text(st.characters(exclude_categories=tuple(UNASSIGNED), exclude_characters="\0"))
LATIN = st.text(st.sampled_from(string.ascii_letters + string.digits + "äöüßéñçø-_. '"))

# Name -> other spellings that look like it.
ATTACKS = {
    "grace": (
        *("Grace", "GRACE", "grаce", "ɡrace", "ｇｒａｃｅ", "𝓰𝓻𝓪𝓬𝓮", "ⓖⓡⓐⓒⓔ", "gracе"),
        *("grace_", "g.race", "gra\u200bce", "\u202egrace", "gra\u00adce"),
        *("ɢʀᴀᴄᴇ", "ᵍʳᵃᶜᵉ", "𐞒race", "gràce", "gra\u0338ce", "grace\u20e3"),  # drawn otherwise
        *("gɹace", "graɔe", "gracǝ", "ᵷɹɐɔǝ", "gʁaↄə"),  # upside down
        *("graceꞏ", "graceˑ", "graceː", "graceʼ", "ʻgrace", "graceǃ", "graceˇ"),  # dots and dashes
    ),
    "mira": ("mi\u0307ra", "mıra", "mira\u0338", "ʍira", "ᴍɪʀᴀ", "mirą"),
    "ada": ("aḍa", "ađa", "ädä", "ᴀᴅᴀ"),
    "jackie": ("ȷackie", "j\u0307ackie", "jacĸie"),
    "muller": ("müller", "mul\u0307ler", "mułler"),
    "محمد": ("محـمد", "مُحَمَّد"),
    "thekafly": ("ʇɥǝʞɐɟꞁʎ", "ꞱɥƎꞰⱯℲꞀʎ"),
    "viktor": ("ʌᴉʞʇoɹ", "Ʌiktor"),
    "alan": ("aIan", "a1an", "a|an", "A1AN", "alɑn", "аlаn", "aⅼan"),
    "moderator": ("m0derator", "MODERATOR", "rnoderator", "modеrator", "mоderator"),
    "tom": ("ΤΟΜ", "ТОМ", "t0m", "torn"),
    "zoë": ("zoe\u0308", "ZOË", "z0ë", "zoё", "zоë"),
    "paypal": ("раypal", "paypaI", "paypa1"),
    "петр": ("пeтp", "пeтр"),
}
UNLIKE = [
    *(("Яна", "rна"), ("ɯ", "m"), ("ʍ", "w")),
    *(("grace", "gracie"), ("anna", "hanna"), ("nan", "van"), ("5", "s"), ("oa", "ðoa")),
    *(("ユーキ", "ユキ"), ("か", "が"), ("कम", "कुम"), ("佐々木", "佐木")),  # letters all the same
]


@given(NAMES)
def test_skeleton_of_a_skeleton_is_itself(name):
    assert skeleton(skeleton(name)) == skeleton(name)


@given(NAMES)
def test_skeleton_is_alike_composed_and_decomposed(name):
    spelled = {unicodedata.normalize(form, name) for form in ("NFC", "NFD")}
    assert {skeleton(each) for each in spelled} == {skeleton(name)}


@given(LATIN)
def test_skeleton_is_alike_in_any_case(name):
    assert skeleton(name.upper()) == skeleton(name.lower()) == skeleton(name)


@given(NAMES)
def test_skeleton_counts_letters_digits_and_marks_only(name):
    assert {unicodedata.category(each)[0] for each in skeleton(name)} <= set("LMN")


@pytest.mark.parametrize(("name", "likes"), ATTACKS.items())
def test_what_looks_alike_has_one_skeleton(name, likes):
    assert [like for like in likes if skeleton(like) != skeleton(name)] == []


@pytest.mark.parametrize(("one", "other"), UNLIKE)
def test_what_looks_different_has_two_skeletons(one, other):
    assert skeleton(one) != skeleton(other)


def test_capitals_that_look_like_another_letter_are_known():
    """Of every other letter both cases have one skeleton."""
    letters = [each for each in map(chr, range(sys.maxunicode + 1)) if each.isupper()]
    apart = [
        each
        for each in letters
        if len(each.lower()) == 1 and skeleton(each) != skeleton(each.lower())
    ]
    assert not set(apart) & set(string.ascii_letters)
    assert "\N{GREEK CAPITAL LETTER NU}" in apart
    assert "\N{CYRILLIC CAPITAL LETTER EN}" not in apart
    assert len(apart) < 250


# --- the database has the same rule -------------------------------------------------------------


@pytest.mark.django_db
def test_database_has_the_table_of_today():
    assert dict(sql("SELECT letter, shape FROM look_alikes")) == shapes()


@pytest.mark.django_db
def test_database_sees_every_letter_as_python_does():
    assigned = [
        chr(code)
        for code in range(1, sys.maxunicode + 1)
        if unicodedata.category(chr(code)) not in UNASSIGNED
    ]
    # of Chinese and Korean, which are most and keep their shape, every fiftieth will do
    other = {each for each in assigned if unicodedata.category(each) != "Lo"}
    letters = sorted({*other, *shapes(), *assigned[::50]})
    seen = sql("SELECT n, skeleton(n) FROM unnest(%(letters)s::text[]) AS n", letters=letters)
    assert [pair for pair in seen if skeleton(pair[0]) != pair[1]] == []


@pytest.mark.django_db
@given(st.lists(NAMES | LATIN, min_size=1))
def test_database_sees_every_name_as_python_does(names):
    seen = sql("SELECT skeleton(n) FROM unnest(%(names)s::text[]) AS n", names=names)
    assert [look for (look,) in seen] == [skeleton(name) for name in names]


# --- which names may be chosen --------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("username", "code"),
    [
        ("ada@example.org", "at"),
        ("@ada", "at"),
        *((name, "ends") for name in (".", "..", ".ada", "ada.", "_ada", "ada-", "", "\u0301ada")),
        *((name, "characters") for name in ("a da", "ada!", "ada/x", "ada+x", "adа✓", "ada?")),
        *(
            (name, "hidden")
            for name in ("ad\u200ba", "a\u202eda", "a\u00adda", "ada\ufe0f", "a\x00da")
        ),
        *(
            (name, "hidden")
            for name in ("\u3164", "ada\u2066", "ada\U000e0041", "a\u115fda", "ada\n")
        ),
        ("a" + "\u0301" * 5, "marks"),
        *((name, "scripts") for name in ("gr\u0430ce", "gracе", "αlan", "ada\u05d0", "пeтр")),
        ("1\u0967", "digits"),
        *((name, "reserved") for name in ("admin", "ADMIN", "Adm1n", "m0derator", "moderator")),
        *((name, "reserved") for name in ("admin1", "grace-admin", "the.team", "moderator_grace")),
        *((name, "reserved") for name in ("team", "support", "system", "root", "dao", "treasury")),
        *((name, "reserved") for name in ("commons", "C0MMONS", "members", "proposals", "healthz")),
        *((name, "reserved") for name in ("daoadmin", "grace-sysadmin", "admingrace", "DaoAdmin7")),
        *((name, "reserved") for name in ("GraceMod", "theofficialgrace", "4dmin", "mod3rator")),
        *(
            (name, "reserved")
            for name in ("m-o-d", "ad.min", "te\u0338am", "te\u20e3am", "ᴀᴅᴍɪɴ", "adminꞏ")
        ),
        *((name, "reserved") for name in ("админ", "модератор", "администратор1")),
        *((name, "ends") for name in ("ʼʼ", "ꞏ", "ـ")),
        ("0x52908400098527886E0F7030069857D2E4169EE7", "address"),
        ("0x52908400", "address"),
    ],
)
def test_username_is_refused(username, code):
    with pytest.raises(ValidationError) as refusal:
        validate_username(username)
    assert refusal.value.code == code


@pytest.mark.django_db
@pytest.mark.parametrize(
    "username",
    [
        *("ada", "Ada.Okafor", "ada_o-k", "m0000001", "0xmaki", "badminton", "teamwork", "modest"),
        *("müller", "mu\u0308ller", "петр", "ηρώ", "山田taro", "山田たろう", "김taro", "नमस्ते"),
        *("12", "ｇrace", "steam", "steampunk", "modesta", "mahmod", "supporter", "brad.minter"),
        *("josé", "søren", "kaʻiulani", "m3", "BadMinton", "ユーキ"),
    ],
)
def test_username_may_be_chosen(username):
    validate_username(username)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "code"),
    [
        *(
            (name, "reserved")
            for name in ("Moderator", "Grace (moderator)", "Commons", "Team Lead")
        ),
        *((name, "reserved") for name in ("Mod Erator", "The Adm1n", "Commons Support", "Root")),
        *((name, "reserved") for name in ("ᴍᴏᴅᴇʀᴀᴛᴏʀ", "Móderator", "Mod3rator", "Модератор")),
        *((name, "reserved") for name in ("Grace A.D.M.I.N.", "Grace Sup-port", "Grace St aff")),
        *(
            (name, "reserved")
            for name in ("Grace T E A M", "M O D", "Grace Te-am", "Grace DaoAdmin")
        ),
        *((name, "reserved") for name in ("Grace (Portal)", "Grace (Com-mons)", "Grace Offi Cial")),
        *((name, "reserved") for name in ("Grace te\u0338am", "Админ Ирина", "Grace Admin１")),
        ("ʼ", "letters"),
        ("Anna " + "x" * 76, "length"),
        *(
            (name, "characters")
            for name in ("Grace ✓", "@grace", "Grace 🛡", "#4 Passed", "A @grace")
        ),
        *((name, "scripts") for name in ("Gr\u0430ce Lindholm", "Пeтр Иванов")),
        *((name, "hidden") for name in ("Gra\u200bce", "\u202eecarG", "Anna\u2069", "\u2800")),
        ("0xb4c06f1352", "address"),
        ("12", "letters"),
    ],
)
def test_display_name_is_refused(name, code):
    with pytest.raises(ValidationError) as refusal:
        validate_display_name(*name.partition(" ")[::2])
    assert refusal.value.code == code


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name",
    [
        *("", "Anna Schmidt", "Anne-Marie St. John", "Seán O’Brien", "Joe Root", "Dr. J. (Jo) Doe"),
        *("Петр Schmidt", "山田 太郎", "علی\u200cرضا", "Ngô Đình"),
        *("Steam Punk", "Modesta", "José", "Müller", "O’Neil", "Jean-Luc", "Søren", "Tea M. Jones"),
        *(
            "Brad Minter",
            "Ahmad Min",
            "Mo D. Hassan",
            "Mahmod",
            "Ada (they/them)",
            "DeShawn St. Amand",
        ),
        "Anna " + "x" * 75,
    ],
)
def test_display_name_may_be_chosen(name):
    validate_display_name(*name.partition(" ")[::2])


def test_scripts_are_those_of_unicode():
    assert scripts_of("ada 1.") == {"LATIN"}
    assert scripts_of("Aа") == {"LATIN", "CYRILLIC"}
    assert is_one_alphabet("山田たろうtaro")
    assert not is_one_alphabet("김たろ")


def test_every_word_at_which_an_address_begins_is_nobodys_name():
    assert {"proposals", "members", "treasury", "accounts", "account", "admin"} <= place_names()
    assert {"moderator", "admin", "team", "support"} <= OFFICES
    assert {"dao", "root", "treasury"} <= RESERVED
