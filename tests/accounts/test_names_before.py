"""Members who look alike since before the rule: they stay, are listed, and can be renamed."""

import pytest
from django.core.management import call_command

from accounts.models import User
from tests.sql import run, sql

pytestmark = pytest.mark.django_db


def add(
    username: str, skeleton: str = "", role: str = "user", first_name: str = "", last_name: str = ""
) -> None:
    """``skeleton`` as the rule left it, where the trigger rests: # and more for who looks alike."""
    run(
        "INSERT INTO users (username, password_hash, role, first_name, last_name,"
        "  username_skeleton, name_skeleton)"
        " VALUES (%(username)s, '!', %(role)s, %(first)s, %(last)s,"
        "  %(skeleton)s, skeleton(trim(%(first)s || ' ' || %(last)s)))",
        username=username,
        skeleton=skeleton,
        role=role,
        first=first_name,
        last=last_name,
    )


def test_members_who_look_alike_are_listed_and_can_be_renamed(capsys):
    sql("ALTER TABLE users DISABLE TRIGGER USER")
    add("gr.ace", "grace#1")
    add("grace", "grace", role="moderator", first_name="Grace", last_name="Lindholm")
    add("...", "#2")
    add("tomo", "torno", first_name="Grace", last_name="Lindho1m")
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    sql("ALTER TABLE users ENABLE TRIGGER USER")

    with pytest.raises(SystemExit):
        call_command("list_lookalikes")
    said = capsys.readouterr().out
    assert "@gr.ace: The username looks like @grace." in said
    assert "@tomo (Grace Lindho1m): The name looks like that of @grace" in said
    assert "@...: " in said

    User.objects.filter(username="gr.ace").update(first_name="Grit")
    assert User.objects.get(username="gr.ace").username_skeleton == "grace#1"
    call_command("rename_member", "gr.ace", "gus")
    assert User.objects.get(username="gus").username_skeleton == "gus"


# --- letters upside down ------------------------------------------------------------------------

TURNED = {"ɹ": "ɹ", "ɐ": "ɐ", "ɔ": "ɔ", "ǝ": "ǝ", "ə": "ǝ"}  # what they were like before


@pytest.fixture
def turned_before():
    """The table of before, in which they were like nothing."""
    run("DELETE FROM django_migrations WHERE name = '0002_turned_letters'")
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
