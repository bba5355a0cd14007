"""Starting a real community with one command."""

import io

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from dao_portal.core.models import AuditLog
from dao_portal.core.options import get_option
from tests.factories import TokenFactory, UserFactory
from treasury.models import Token

pytestmark = pytest.mark.django_db

ANSWERS = {
    "name": "River Commons",
    "token": "RIV",
    "token_name": "River token",
    "admin": "noor",
    "email": "noor@example.org",
    "password_stdin": True,
}
PASSWORD = "four random words do well"


@pytest.fixture
def typed(monkeypatch):
    """What stands in standard input."""
    monkeypatch.setattr("sys.stdin", io.StringIO(PASSWORD + "\n"))


def test_setup_makes_name_token_and_administrator(
    typed, client, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        call_command("setup", **ANSWERS)

    admin = User.objects.get()
    assert (admin.username, admin.role, admin.email_verified) == ("noor", "admin", True)
    assert Token.objects.values_list("symbol", "name").get() == ("RIV", "River token")
    assert get_option("governance.token") == "RIV"
    response = client.post("/accounts/login/", {"login": "noor", "password": PASSWORD})
    assert response.status_code == 302
    assert "River Commons" in client.get("/help/voting/").text


def test_setup_is_written_down(typed):
    call_command("setup", **ANSWERS)

    admin, token = User.objects.get(), Token.objects.get()
    rows = AuditLog.objects.order_by("pk")
    assert list(rows.values_list("action", "user_id")) == [
        ("member.administrator_added", None),
        ("token.added", admin.pk),
        ("setting.changed", admin.pk),
        ("setting.changed", admin.pk),
    ]
    assert (rows[0].resource_id, rows[0].new_values) == (admin.pk, {"username": "noor"})
    assert rows[1].resource_id == token.pk
    assert rows[1].new_values == {"symbol": "RIV", "name": "River token"}
    assert [row.new_values["key"] for row in rows[2:]] == ["community.name", "governance.token"]


def test_setup_with_a_token_that_is_here_leaves_it_as_it_is(typed):
    token = TokenFactory(symbol="RIV", name="The river's own")

    call_command("setup", **ANSWERS)

    assert Token.objects.get() == token
    assert Token.objects.get().name == "The river's own"
    assert not AuditLog.objects.filter(action="token.added").exists()


def test_setup_twice_is_refused(typed):
    UserFactory(role="admin")

    with pytest.raises(CommandError, match="has an administrator already"):
        call_command("setup", **ANSWERS)

    assert not Token.objects.exists()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"email": "nobody"}, "Enter a valid email address"),
        ({"admin": "no or"}, "Use letters, digits, dots"),
        ({"admin": "admin"}, "reserved"),
        ({"token_name": "a" * 101}, "The token's name is one line of at most 100 characters"),
        ({"name": "River\u202eCommons"}, "U\\+202E, right-to-left override"),
        ({"token": "R\N{GREEK CAPITAL LETTER IOTA}V"}, "letters A to Z"),
        ({"token": "R V"}, "letters A to Z and digits"),
        ({"name": None}, "The community's name: no option gives it"),
    ],
)
def test_setup_with_a_wrong_answer_changes_nothing(typed, change, complaint):
    with pytest.raises(CommandError, match=complaint):
        call_command("setup", **ANSWERS | change)

    assert not User.objects.exists()
    assert not Token.objects.exists()
    assert not AuditLog.objects.exists()


def test_setup_refuses_a_weak_password(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))

    with pytest.raises(CommandError, match="too short"):
        call_command("setup", **ANSWERS)

    assert not User.objects.exists()


def test_setup_asks_for_what_no_option_gives(
    monkeypatch, typed, django_capture_on_commit_callbacks
):
    asked = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda question: asked.append(question) or "Delta")

    with django_capture_on_commit_callbacks(execute=True):
        call_command("setup", **ANSWERS | {"name": None})

    assert asked == ["The community's name: "]
    assert get_option("community.name") == "Delta"
