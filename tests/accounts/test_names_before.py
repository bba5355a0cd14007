"""Members who look alike since before the rule: they stay, are listed, and can be renamed."""

import pytest
from django.core.management import call_command

from accounts.models import User
from tests.sql import run, sql

pytestmark = pytest.mark.django_db


def add(
    username: str, skeleton: str, role: str = "user", first_name: str = "", last_name: str = ""
) -> None:
    """``skeleton`` as the rule left it: of those who look alike, the others' have a # and more."""
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
