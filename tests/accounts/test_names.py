"""Nobody is called like somebody else: at each door, through SQL, and in a race."""

import json
import unicodedata

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client

from accounts.models import NameTaken, Profile, User
from accounts.selectors.names import look_alikes
from accounts.services.members import find_or_create_imported_members
from accounts.services.names import rename_member
from accounts.services.profiles import update_profile
from dao_portal.core.models import AuditLog
from tests.factories import PASSWORD, UserFactory
from tests.sql import run, sql
from tests.threads import second_session, wait_until_blocked

pytestmark = pytest.mark.django_db

LOOKS = "This name looks like that of another member."
CYRILLIC_A = "\N{CYRILLIC SMALL LETTER A}"
PROFILE = {"bio": "", "website": "", "twitter": "", "discord": "", "telegram": ""}
PREFERENCES = {"theme": "auto", "time_zone": "UTC"}


@pytest.fixture
def grace():
    return UserFactory(
        username="grace", first_name="Grace", last_name="Lindholm", role=User.Role.MODERATOR
    )


@pytest.fixture
def eve(client):
    eve = UserFactory(username="eve")
    client.force_login(eve)
    return eve


def sign_up(client: Client, username: str, email: str = "new@example.org"):
    form = {"username": username, "email": email, "password1": "four random words do well"}
    return client.post("/accounts/signup/", form)


def save_name(client: Client, first_name: str, last_name: str = ""):
    form = {"first_name": first_name, "last_name": last_name} | PROFILE | PREFERENCES
    return client.post("/account/", form)


def refusal_of(statement: str, **values: object) -> str:
    """Which rule of the database refused it."""
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        run(statement, **values)
    return str(caught.value.__cause__.diag.constraint_name)


# --- usernames --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "username", ["GRACE", "g.r.a.c.e", "g-race", "ｇｒａｃｅ", "gracelindholm"]
)
def test_sign_up_like_another_member_is_refused_in_words(client, grace, username):
    response = sign_up(client, username)

    assert LOOKS in response.text or "Another member has this username." in response.text
    assert grace.email not in response.text
    assert list(User.objects.all()) == [grace]


@pytest.mark.parametrize(
    ("name", "username"),
    [
        *(("mira", each) for each in ("mi\u0307ra", "ʍira", "mira\u0338")),
        *(("grace", each) for each in ("ɢʀᴀᴄᴇ", "graceꞏ", "graceˑ", "graceː", "gràce")),
        *(("ada", "aḍa"), ("محمد", "محـمد"), ("jose", "josé"), ("josé", "jose")),
    ],
)
def test_sign_up_drawn_like_another_member_is_refused_in_words(client, name, username):
    UserFactory(username=name, email="first@example.org")

    assert LOOKS in sign_up(client, username).text
    assert User.objects.count() == 1


@pytest.mark.parametrize("username", ["gr.ace", "gracelindholm"])
def test_refused_name_does_not_tell_whether_an_address_is_known(client, grace, username):
    """A known address is never saved, so the name has to be judged before."""
    for email in (grace.email, "new@example.org"):
        response = sign_up(client, username, email)
        assert (response.status_code, LOOKS in response.text) == (200, True)


@pytest.mark.parametrize(
    ("username", "words"),
    [
        ("admin", "This name is reserved."),
        (f"gr{CYRILLIC_A}ce", "Use the letters of one alphabet only."),
        ("me@example.org", "A username is no e-mail address"),
        ("..", "begins and ends with a letter or a digit"),
        ("ad\u200ba", "cannot be seen (U+200B, zero width space)"),
    ],
)
def test_sign_up_with_a_name_that_nobody_may_have_says_why(client, username, words):
    response = sign_up(client, username)

    assert words in response.text
    assert not User.objects.exists()


def test_sign_up_stores_one_spelling_and_sign_in_knows_all(client):
    sign_up(client, "zoe\u0308")
    zoe = User.objects.get()
    zoe.set_password(PASSWORD)
    zoe.save()

    assert zoe.username == "zoë"
    for typed in ("zoë", "zoe\u0308", "ZOE\u0308", "ｚｏë"):
        response = Client().post("/accounts/login/", {"login": typed, "password": PASSWORD})
        assert response.url == "/accounts/confirm-email/", typed  # right, and not verified yet
    User.objects.update(email_verified=True)
    assert client.get(f"/members/{unicodedata.normalize('NFD', 'zoë')}/").status_code == 200


def test_sign_in_finds_a_member_whose_old_name_is_spelled_otherwise(client):
    User.objects.create(username="ﬁne", email="fine@example.org", email_verified=True)
    fine = User.objects.get()
    fine.set_password(PASSWORD)
    fine.save()

    assert (
        client.post("/accounts/login/", {"login": "ﬁne", "password": PASSWORD}).status_code == 302
    )


@pytest.mark.parametrize(
    ("username", "rule"),
    [
        (f"gr{CYRILLIC_A}ce", "users_username_skeleton_uniq"),
        ("gr.ace", "users_username_skeleton_uniq"),
        ("Grace_Lindholm", "users_username_of_staff"),
        ("...", "users_username_skeleton_ck"),
    ],
)
def test_database_refuses_a_username_that_looks_like_another(grace, username, rule):
    UserFactory(username="eve")

    for statement in (
        "INSERT INTO users (username, password_hash) VALUES (%(name)s, '!')",
        "UPDATE users SET username = %(name)s WHERE username = 'eve'",
        "UPDATE users SET username = %(name)s, username_skeleton = 'x' WHERE username = 'eve'",
    ):
        assert refusal_of(statement, name=username) == rule


def test_skeletons_cannot_be_written(grace):
    run("UPDATE users SET username_skeleton = 'lie', name_skeleton = 'lie'")

    assert sql("SELECT username_skeleton, name_skeleton FROM users") == [
        ("grace", "gracellndholrn")
    ]


def test_every_door_gives_the_same_words(grace):
    with pytest.raises(NameTaken), transaction.atomic():
        User.objects.create_user("gr.ace")
    with pytest.raises(CommandError, match=LOOKS), transaction.atomic():
        call_command("createsuperuser", "--no-input", username="gr.ace", email="x@example.org")
    with pytest.raises(CommandError, match="reserved"):
        call_command("createsuperuser", "--no-input", username="admin", email="x@example.org")


@pytest.mark.django_db(transaction=True)
def test_two_sign_ups_at_once_with_names_that_look_alike():
    """The second waits for the first one's row, and then reads why."""
    with second_session() as start:
        with transaction.atomic():
            User.objects.create_user("alan")
            other = start(sign_up, Client(), "a1an")
            wait_until_blocked()
        response = other.result()

    assert response.status_code == 422
    assert LOOKS in response.text
    assert list(User.objects.values_list("username", flat=True)) == ["alan"]


# --- display names ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        *("Grace Lindholm", "GRACE LINDHOLM", "Grace Lindho1m", "Grace-Lindholm", "Gracelind Holm"),
        *("Grace  Lindholm", "Grace", "ｇｒａｃｅ ｌｉｎｄｈｏｌｍ"),
        *("Gràce Lindholm", "Grace Ḷindholm", "ɢʀᴀᴄᴇ ʟɪɴᴅʜᴏʟᴍ", "Graceː Lindholm", "Gracé"),
    ],
)
def test_nobody_is_shown_like_a_moderator(client, grace, eve, name):
    response = save_name(client, *name.split(" ", 1))

    assert response.status_code == 422
    assert LOOKS in response.text
    eve.refresh_from_db()
    assert eve.display_name == ""


def test_nobody_is_shown_like_the_username_of_another(client, eve):
    UserFactory(username="tomo")

    assert save_name(client, "Tomo").status_code == 422
    assert save_name(client, "Eve").status_code == 303  # one's own
    assert save_name(client, "Tomo", "Hayashi").status_code == 303


def test_two_members_may_both_be_anna_schmidt(client, eve):
    UserFactory(username="other", first_name="Anna", last_name="Schmidt")

    assert save_name(client, "Anna", "Schmidt").status_code == 303


def test_name_longer_than_a_page_bears_is_refused_in_words_and_an_old_one_stays(client, eve):
    response = save_name(client, "Anna", "x" * 76)

    assert response.status_code == 422
    assert "Your name has 81 characters. 80 at most, first and last name together." in response.text
    assert save_name(client, "Anna", "x" * 75).status_code == 303
    sql_as_before(eve, last_name="x" * 150)
    assert save_name(client, "Anna", "x" * 150).status_code == 303


def test_moderator_keeps_and_changes_their_own_name(client, grace):
    client.force_login(grace)

    assert save_name(client, "Grace", "Lindholm").status_code == 303
    assert save_name(client, "Grace", "L.").status_code == 303


def test_name_of_a_moderator_in_another_alphabet_is_kept_in_any_case(client, eve):
    UserFactory(username="nina", first_name="Нина", last_name="Котова", role="admin")

    assert save_name(client, "НИНА", "КОТОВА").status_code == 422


def test_database_refuses_a_display_name_through_sql(grace):
    UserFactory(username="eve")
    change = "UPDATE users SET first_name = %(first)s, last_name = %(last)s WHERE username = 'eve'"

    assert refusal_of(change, first="Grace", last="Lindholm") == "users_name_of_another"
    assert refusal_of(change, first=f"Gr{CYRILLIC_A}ce", last="") == "users_name_of_another"
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.bulk_create([User(username="mallory", first_name="grace")])


def test_service_refuses_what_the_form_refuses(grace, eve):
    def save(**changes: str) -> None:
        update_profile(
            actor=eve, **({"first_name": "", "last_name": ""} | PROFILE | PREFERENCES | changes)
        )

    for changes in (
        {"first_name": "Moderator"},
        {"first_name": "Eve", "last_name": "x" * 77},
        {"last_name": "Ev\u202ee"},
        {"twitter": "ev\u200be"},
        {"website": "https://example.org/\u202egpj"},
    ):
        with pytest.raises(ValidationError):
            save(**changes)
    with pytest.raises(NameTaken), transaction.atomic():
        save(first_name="Grace")
    assert not Profile.objects.exclude(twitter="").exists()


def test_website_cannot_be_made_to_look_like_another(client, eve):
    form = {"first_name": "", "last_name": ""} | PROFILE | PREFERENCES
    response = client.post("/account/", form | {"website": "https://portal.example@evil.example/"})

    assert response.status_code == 422
    assert "before the @ in this address" in response.text


def test_refused_name_keeps_what_was_typed_and_asks_for_the_picture_again(client, grace, eve):
    form = {"first_name": "Grace", "last_name": "", "bio": "Hello"} | PREFERENCES
    response = client.post("/account/", form)

    assert response.status_code == 422
    assert 'value="Grace"' in response.text
    assert "Hello" in response.text


def test_who_has_a_name_from_before_can_save_the_rest(client, eve):
    sql_as_before(eve, first_name="Moderator")
    response = client.post(
        "/account/", {"first_name": "Moderator", "last_name": "", "bio": "New"} | PREFERENCES
    )

    assert response.status_code == 303
    assert Profile.objects.get(user=eve).bio == "New"


def sql_as_before(member: User, **values: str) -> None:
    """Names that were there before the rule."""
    run("SET LOCAL session_replication_role = replica")
    User.objects.filter(pk=member.pk).update(**values)
    run("SET LOCAL session_replication_role = origin")


# --- imported members -------------------------------------------------------------------------

ADDRESS = "0x52908400098527886E0F7030069857D2E4169EE7"


def test_import_gives_addresses_as_usernames_and_steps_aside(grace):
    User.objects.create(username=ADDRESS.replace("0", "O"))  # as one could before

    members = find_or_create_imported_members(wallet_addresses=[ADDRESS, ADDRESS.replace("9", "8")])

    assert members.created == 2
    new = User.objects.filter(is_active=False).order_by("username")
    assert [name.startswith("0x5") for name in new.values_list("username", flat=True)] == [True] * 2
    assert new.filter(username__startswith=f"{ADDRESS}-").count() == 1


# --- an office beside somebody's name -----------------------------------------------------------


@pytest.mark.parametrize(
    "username",
    [
        *("gracemod", "GRACEMOD", "modgrace", "gracesupport", "teamgrace", "gr.acestaff"),
        *("gracem0d", "gracet3am", "grace_moderator", "team-grace", "ɢʀᴀᴄᴇᴍᴏᴅ", "torrnod"),
    ],
)
def test_office_glued_to_the_name_of_a_member_is_refused(client, grace, username):
    UserFactory(username="tor")

    assert "This name is reserved." in sign_up(client, username).text
    assert not User.objects.filter(username=username).exists()


@pytest.mark.parametrize(
    "username",
    ["gracielmod", "modesto", "steam", "nomad", "badminton", "commod", "mahmod", "gracemode"],
)
def test_office_glued_to_what_is_nobodys_name_may_be_chosen(client, grace, username):
    for name in ("s", "com.pany", "st", "no"):
        UserFactory(username=name)
    sign_up(client, username)

    assert User.objects.filter(username=username).exists()


def test_nobody_is_shown_as_the_office_of_a_member(client, grace, eve):
    for name in ("Gracemod", "Evesupport"):  # also not of themselves
        response = save_name(client, name)
        assert (response.status_code, "This name is reserved." in response.text) == (422, True)
    assert save_name(client, "Mahmod").status_code == 303

    with pytest.raises(ValidationError, match="reserved"):
        rename_member(actor=None, member=eve, username="gracemod")
    with pytest.raises(ValidationError, match="reserved"):
        update_profile(actor=eve, first_name="Gracemod", last_name="", **PROFILE, **PREFERENCES)
    sql_as_before(eve, username="gracemod", username_skeleton="gracernod")
    assert [each.problem for each in look_alikes() if each.username == "gracemod"] == [
        "This name is reserved. Choose a different one."
    ]


# --- who was here before ----------------------------------------------------------------------


def test_command_lists_who_can_be_taken_for_whom(grace, capsys):
    eve = UserFactory(username="eve")
    copy = UserFactory(username="mallory")
    sql_as_before(eve, username=f"gr{CYRILLIC_A}ce", username_skeleton=f"grace#{eve.pk}")
    sql_as_before(copy, first_name="Grace", last_name="Lindholm", name_skeleton="gracellndholrn")

    with pytest.raises(SystemExit) as end:
        call_command("list_lookalikes")

    said = capsys.readouterr()
    assert end.value.code == 1
    assert f"@gr{CYRILLIC_A}ce: The username looks like @grace." in said.out
    assert "@mallory (Grace Lindholm): The name looks like that of @grace, who has" in said.out
    assert f"@gr{CYRILLIC_A}ce: Use the letters of one alphabet only." in said.out
    assert "rename_member" in said.err
    assert "/account/" in said.err


def test_command_says_so_when_there_is_nobody(grace, capsys):
    call_command("list_lookalikes")
    assert capsys.readouterr().out == "No two names can be taken for each other.\n"
    call_command("list_lookalikes", json=True)
    assert json.loads(capsys.readouterr().out) == []


def test_whoever_is_copied_when_they_get_a_role_is_listed(grace):
    for username in ("one", "two"):
        UserFactory(username=username, first_name="Anna", last_name="Schmidt")
    assert list(look_alikes()) == []

    User.objects.filter(username="two").update(role="moderator")

    assert [(each.username, each.kind) for each in look_alikes()] == [("one", "name")]


def test_rename_gives_another_name_and_writes_it_down(grace):
    eve = UserFactory(username="eve")
    call_command("rename_member", "eve", "e\u0301ve")

    eve.refresh_from_db()
    assert eve.username == "éve"
    entry = AuditLog.objects.get(action="member.renamed")
    assert (entry.old_values, entry.new_values) == ({"username": "eve"}, {"username": "éve"})
    for name, words in (("gr.ace", LOOKS), ("admin", "reserved"), ("grace", LOOKS)):
        with pytest.raises(CommandError, match=words), transaction.atomic():
            call_command("rename_member", "éve", name)
    with pytest.raises(CommandError, match="Nobody is called @nobody"):
        call_command("rename_member", "nobody", "somebody")


def test_member_from_before_goes_on_under_their_name(client):
    """A whole save() sends every column, and must not trip over names that do not change."""
    UserFactory(username="grace")
    eve = UserFactory(username="eve")
    sql_as_before(eve, username="gr.ace", username_skeleton=f"grace#{eve.pk}")
    member = User.objects.get(pk=eve.pk)
    member.set_password(PASSWORD)
    member.save()

    assert (
        client.post("/accounts/login/", {"login": "gr.ace", "password": PASSWORD}).status_code
        == 302
    )
    assert rename_member(actor=None, member=member, username="eve2").username == "eve2"
