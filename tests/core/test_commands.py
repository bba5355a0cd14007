"""What every command promises, and the one that does by hand what the clock does."""

import json
import shlex
from datetime import timedelta

import pytest
from django.core.management import call_command, get_commands, load_command_class

from dao_portal.operations.management.commands import runportal
from governance.models import Proposal
from tests.factories import (
    ProposalFactory,
    TokenFactory,
    UserFactory,
    open_proposal_with,
    shift_window,
)

APPS = {"dao_portal.core", "accounts", "treasury", "governance", "social"}
OURS = sorted((name, app) for name, app in get_commands().items() if app in APPS)


@pytest.mark.parametrize(("name", "app"), OURS, ids=[name for name, _app in OURS])
def test_help_ends_with_an_example_that_parses(name: str, app: str):
    command = load_command_class(app, name)
    _, found, example = command.help.rpartition("Example: ")
    assert found
    words = shlex.split(example.partition(" < ")[0])
    assert words.index("manage.py") == words.index(name) - 1
    command.create_parser("manage.py", name).parse_args(words[words.index(name) + 1 :])


# --- advance_proposals ---------------------------------------------------------------------------


@pytest.mark.django_db
def test_advance_opens_and_closes_what_is_due(capsys: pytest.CaptureFixture[str]):
    ended = open_proposal_with([10])
    shift_window(ended, end=timedelta(0))
    due = ProposalFactory(due=True)
    upcoming = ProposalFactory(upcoming=True)
    call_command("advance_proposals")
    assert capsys.readouterr().out == (
        f"Opened: #{due.number}\nClosed: #{ended.number}\nExpired: none\nFailed: none\n"
    )
    status = dict(Proposal.objects.values_list("pk", "status"))
    assert status == {ended.pk: "expired", due.pk: "active", upcoming.pk: "active"}


@pytest.mark.django_db
def test_advance_twice_changes_nothing(capsys: pytest.CaptureFixture[str]):
    TokenFactory()
    due = ProposalFactory(due=True)
    call_command("advance_proposals", "--json")
    call_command("advance_proposals", "--json")
    first, second = capsys.readouterr().out.splitlines()
    assert json.loads(first) == {"opened": [due.number], "closed": [], "expired": [], "failed": []}
    assert json.loads(second) == {"opened": [], "closed": [], "expired": [], "failed": []}


@pytest.mark.django_db
def test_advance_fails_when_one_could_not_be_brought_on(capsys: pytest.CaptureFixture[str]):
    """Without a governance token nothing can open; what can be closed is closed all the same."""
    ended = open_proposal_with([10])
    shift_window(ended, end=timedelta(0))
    due = ProposalFactory(due=True)
    token = ended.token
    assert token
    type(token).objects.update(is_active=False)
    with pytest.raises(SystemExit) as ended_with:
        call_command("advance_proposals", "--json")
    assert ended_with.value.code == 1
    assert json.loads(capsys.readouterr().out) == {
        "opened": [],
        "closed": [ended.number],
        "expired": [],
        "failed": [due.number],
    }


# --- runportal -----------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("role", "said"), [("moderator", True), ("admin", False)])
def test_whoever_starts_a_portal_that_nobody_administers_is_told_what_comes_next(role, said):
    UserFactory(role=role)

    assert ("Next: manage.py setup" in runportal.summary()) is said
