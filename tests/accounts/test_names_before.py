"""The migrations to look-alikes, over a community that has some."""

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from accounts.models import User
from tests.sql import run, sql

pytestmark = pytest.mark.django_db(transaction=True)

BEFORE = [("accounts", "0006_username_in_any_case")]


@pytest.fixture
def community_before():
    """The tables as they were. The migrations run again at the end, whatever happens."""
    MigrationExecutor(connection).migrate(BEFORE)
    yield
    call_command("migrate", verbosity=0)


def add(username: str, role: str = "user", first_name: str = "", last_name: str = "") -> None:
    run(
        "INSERT INTO users (username, password_hash, role, first_name, last_name)"
        " VALUES (%(username)s, '!', %(role)s, %(first)s, %(last)s)",
        username=username,
        role=role,
        first=first_name,
        last=last_name,
    )


def test_members_who_look_alike_stay_and_one_of_them_has_the_skeleton(community_before, capsys):
    add("gr\N{CYRILLIC SMALL LETTER A}ce", first_name="Zoe\u0308")
    add("gr.ace")
    add("grace", role="moderator", first_name="Grace", last_name="Lindholm")
    add("...")
    add("tomo", first_name="Grace", last_name="Lindho1m")

    call_command("migrate", verbosity=0)

    members = {member.username: member for member in User.objects.all()}
    assert len(members) == 5
    assert members["grace"].username_skeleton == "grace"
    for username in ("gr.ace", "gr\N{CYRILLIC SMALL LETTER A}ce"):
        assert members[username].username_skeleton == f"grace#{members[username].pk}"
    assert members["..."].username_skeleton == f"#{members['...'].pk}"
    assert members["tomo"].name_skeleton == members["grace"].name_skeleton == "gracellndholrn"
    assert sql("SELECT first_name FROM users WHERE first_name LIKE 'Z%%'") == [("Zoë",)]

    with pytest.raises(SystemExit):
        call_command("list_lookalikes")
    said = capsys.readouterr().out
    assert "@gr.ace: The username looks like @grace." in said
    assert "@tomo (Grace Lindho1m): The name looks like that of @grace" in said
    assert "@...: " in said
    call_command("rename_member", "gr.ace", "gus")
    assert User.objects.get(username="gus").username_skeleton == "gus"


# --- letters upside down ------------------------------------------------------------------------

TURNED = {"ɹ": "ɹ", "ɐ": "ɐ", "ɔ": "ɔ", "ǝ": "ǝ", "ə": "ǝ"}  # what they were like before


@pytest.fixture
def turned_before():
    """The table of before, in which they were like nothing."""
    MigrationExecutor(connection).migrate([("accounts", "0009_names")])
    for letter, shape in TURNED.items():
        run("DELETE FROM look_alikes WHERE letter = %(letter)s", letter=letter)
        if letter != shape:
            run("INSERT INTO look_alikes VALUES (%(l)s, %(s)s)", l=letter, s=shape)
    yield
    call_command("migrate", verbosity=0)


def test_letters_upside_down_get_the_skeleton_of_the_upright_ones(turned_before):
    add("ɹoe", first_name="Gɹace")
    add("grace")
    add("gɹace")
    add("roə", role="moderator", first_name="Zoë")
    add("ɔora")
    assert sql("SELECT username_skeleton FROM users WHERE username = 'gɹace'") == [("gɹace",)]

    call_command("migrate", verbosity=0)

    members = {member.username: member for member in User.objects.all()}
    assert {name: each.username_skeleton.partition("#")[0] for name, each in members.items()} == {
        "grace": "grace",
        "gɹace": "grace",
        "ɹoe": "roe",
        "roə": "roe",
        "ɔora": "cora",
    }
    own = {name for name, each in members.items() if "#" not in each.username_skeleton}
    assert own == {"grace", "roə", "ɔora"}
    assert (members["ɹoe"].name_skeleton, members["roə"].name_skeleton) == ("grace", "zoe")
    run("UPDATE users SET username_skeleton = 'other' WHERE username = 'ɔora'")
    assert User.objects.get(username="ɔora").username_skeleton == "cora"  # the guard is back
