"""seed_demo --members N ...: how the data for load tests comes into the database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Count
from django.utils import timezone

from accounts.models import User
from dao_portal.core.models import AuditLog
from dao_portal.demo.large import comments, members, proposals
from dao_portal.demo.large.seeding import CommunitySize, seed_large
from dao_portal.environment import PortalUrl
from governance.models import Proposal
from social.models import Notification
from tests.factories import UserFactory
from tests.large import (
    agree,
    ignore,
    load_members,
    load_proposals,
    options,
    seed,
    supply_is_exact,
    totals,
)
from tests.sql import sql
from treasury.models import UserToken

TINY = CommunitySize(members=40, proposals=8, comments=60, votes=120)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_demo")]


def test_members_alone():
    seed("--members=12")
    assert totals() == CommunitySize(members=12)


def test_a_month_that_was_let_go_comes_back():
    seed()
    month = timezone.now() - timedelta(days=150)
    sql(f"ALTER TABLE audit_logs DETACH PARTITION audit_logs_{month:%Y_%m}")
    seed("--members=40")
    assert AuditLog.objects.filter(action="member.joined").count() == 40


def test_the_first_open_vote_counts_everybody_and_the_others_whom_they_need():
    seed("--members=60", "--proposals=100", "--votes=400")
    first, *others = load_proposals().open()
    assert first.snapshots.count() == UserToken.objects.filter(voting_power__gt=0).count() == 121
    assert len(others) == 3
    for proposal in others:
        assert 0 < proposal.votes.count() <= proposal.snapshots.count() < 60
    told = Notification.objects.filter(type="proposal.opened", data__url=first.get_absolute_url())
    assert told.count() == 121


# --- a run that was broken off -------------------------------------------------------------------


@pytest.fixture
def _small_chunks(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(members, "CHUNK", 15)
    monkeypatch.setattr(proposals, "CHUNK", 10)
    monkeypatch.setattr(comments, "CHUNK", 20)


@pytest.mark.usefixtures("_small_chunks")
@pytest.mark.parametrize(
    ("stage", "here"),
    [("members", 15), ("members", 40), ("proposals", 3), ("votes", 100), ("comments", 50)],
)
def test_a_run_broken_off_between_chunks_is_finished_by_the_next(stage, here):
    def stop(now: str, count: int, total: int) -> None:
        if now == stage and count >= here:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        seed_large(TINY, progress=stop)
    assert totals() != TINY
    seed(*options(TINY))
    assert totals() == TINY
    agree(load_proposals())


@pytest.mark.usefixtures("_small_chunks")
@pytest.mark.parametrize(
    ("statement", "time"),
    [
        ("INSERT INTO wallets", 2),
        ("UPDATE tokens", 3),
        ("INSERT INTO power_snapshots", 12),
        ("INSERT INTO comments", 2),
        ("ANALYZE", 1),
    ],
)
def test_a_run_broken_off_within_a_chunk_leaves_nothing_of_it(statement, time):
    seen = 0

    def stop(execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        nonlocal seen
        if sql.strip().startswith(statement):
            seen += 1
            if seen == time:
                raise KeyboardInterrupt
        return execute(sql, *arguments)

    with connection.execute_wrapper(stop), pytest.raises(KeyboardInterrupt):
        seed_large(TINY, progress=ignore)
    seed(*options(TINY))
    assert totals() == TINY
    agree(load_proposals())
    supply_is_exact()
    assert set(load_members().annotate(n=Count("wallets")).values_list("n", flat=True)) == {1}


def test_ctrl_c_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch):
    def stop(execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        if "INSERT INTO wallets" in sql:
            raise KeyboardInterrupt
        return execute(sql, *arguments)

    with connection.execute_wrapper(stop), pytest.raises(CommandError) as stopped:
        seed("--members=5")
    assert str(stopped.value) == "Stopped. The same command again goes on from here."
    assert stopped.value.returncode == 130


# --- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--members", "-1"], "argument --members: “-1” is not a whole number, such as 1000."),
        (["--votes", "1e3"], "argument --votes: “1e3” is not a whole number, such as 1000."),
        (["--members", "10000000"], "At most 9,999,999 members."),
        (["--proposals", "1"], "Proposals need their authors: ask for --members as well."),
        (
            ["--members", "1", "--comments", "1"],
            "Comments need something to talk about: ask for --proposals as well.",
        ),
        (
            ["--members=10", "--proposals=4", "--votes=41"],
            (
                "There is no room for 41 votes, only for 40: each member votes once on a proposal, "
                "nobody on an upcoming one, few on one that expires, and what is decided stays as "
                "it is. Ask for more members or more proposals."
            ),
        ),
    ],
    ids=["negative", "exponent", "too-many", "no-authors", "nothing-to-discuss", "no-room"],
)
def test_refused_before_anything_is_written(arguments, words):
    with pytest.raises(CommandError) as refused:
        seed(*arguments)
    assert str(refused.value).removeprefix("Error: ") == words
    assert (User.objects.count(), Proposal.objects.count()) == (0, 0)


def test_every_vote_fits_where_there_is_room_for_exactly_so_many():
    seed("--members=10", "--proposals=4", "--votes=40")
    assert totals() == CommunitySize(members=10, proposals=4, votes=40)
    agree(load_proposals())


def test_a_member_of_another_kind_keeps_the_name():
    UserFactory(username="m0000003")
    with pytest.raises(CommandError, match="@m0000003 is a member of another kind"):
        seed("--members=5")
    assert User.objects.count() == 1


def test_refused_where_the_demo_is(settings):
    settings.PORTAL_URL = PortalUrl("https", "dao.example.org", None)
    with pytest.raises(CommandError, match=r"^No demo on https://dao\.example\.org:"):
        seed("--members=5")
    assert User.objects.count() == 0


def test_refused_beside_another_community():
    UserFactory(username="root", role=User.Role.ADMIN)
    with pytest.raises(CommandError, match="an administrator of its own"):
        seed("--members=5")
    assert User.objects.count() == 1


# --- progress ------------------------------------------------------------------------------------


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_in_plain_lines():
    lines = seed("--members=12").splitlines()
    assert lines[0].startswith("members             12 of 12  (")
    assert lines[0].endswith("/s)")
    assert lines[1] == "Added 61 members and 7 proposals."


def test_progress_on_a_terminal_stays_in_one_line(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(members, "CHUNK", 4)
    monkeypatch.setattr("dao_portal.demo.management.commands.seed_demo.EVERY_SECOND", 0)
    out = Terminal()
    call_command("seed_demo", "--members=12", stdout=out)
    line, after = out.getvalue().split("\n")[:2]
    assert [part.split("(")[0].split() for part in line.split("\r")[1:]] == [
        ["members", "0", "of", "12"],
        ["members", "4", "of", "12"],
        ["members", "8", "of", "12"],
        ["members", "12", "of", "12"],
    ]
    assert after == "Added 61 members and 7 proposals."
