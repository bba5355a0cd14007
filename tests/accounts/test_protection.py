"""What protects an account: who is asked for the password again, and who is told of a change."""

import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone

from accounts.models import Profile, User
from accounts.reauthentication import asks_again
from dao_portal.core.actions import PUBLIC_ACTIONS, Action
from dao_portal.core.models import AuditLog
from tests.factories import PASSWORD, UserFactory
from tests.routes import routes

pytestmark = pytest.mark.django_db

EMAIL, SESSIONS = "/accounts/email/", "/accounts/sessions/"
ASK, SET = "/accounts/reauthenticate/", "/accounts/password/set/"
OTHER = "other@example.org"
NEW_PASSWORD = "another four random words"
CHANGE = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
RESET_LINK = r"http://localhost:8000(/accounts/password/reset/key/\S+)"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

# What a stolen session could be used for, and what is asked for first.
CHANGES = {
    "add": (EMAIL, {"action_add": "", "email": "thief@example.org"}),
    "make primary": (EMAIL, {"action_primary": "", "email": OTHER}),
    "remove": (EMAIL, {"action_remove": "", "email": OTHER}),
    "send the link again": (EMAIL, {"action_send": "", "email": OTHER}),
    "two at once": (EMAIL, {"action_send": "", "action_remove": "", "email": OTHER}),
    "end sessions": (SESSIONS, {}),
}


@pytest.fixture
def ada(ada):
    EmailAddress.objects.create(user=ada, email=ada.email, verified=True, primary=True)
    EmailAddress.objects.create(user=ada, email=OTHER, verified=True)
    return ada


@pytest.fixture
def open_session(ada):
    """A browser that somebody left open: signed in, long ago."""
    client = Client(headers={"user-agent": FIREFOX}, REMOTE_ADDR="203.0.113.77")
    client.force_login(ada)
    return client


def sign_in(member, password=PASSWORD):
    client = Client(headers={"user-agent": FIREFOX}, REMOTE_ADDR="203.0.113.77")
    answer = client.post(
        "/accounts/login/", {"login": member.username, "password": password, "remember": "on"}
    )
    assert answer.status_code == 302, answer.text
    return client


def addresses(member):
    rows = EmailAddress.objects.filter(user=member).order_by("email")
    return [(row.email, row.verified, row.primary) for row in rows]


def actions(member):
    rows = AuditLog.objects.filter(user=member).order_by("id")
    return list(rows.values_list("action", flat=True))


def told():
    """subject -> who was told."""
    found = {}
    for message in mail.outbox:
        found.setdefault(message.subject, []).extend(message.to)
    return found


def prove(client, answer, password=PASSWORD):
    """Type the password on the page that asks for it."""
    page = client.get(answer["Location"]).text
    form = re.search(rf'<form[^>]+action="{ASK}".*?</form>', page, re.DOTALL)
    following = re.search(r'name="next" value="([^"]+)"', form[0])
    return client.post(ASK, {"password": password, "next": following[1]})


# --- who is asked -------------------------------------------------------------------------------


@pytest.mark.parametrize(("path", "data"), CHANGES.values(), ids=CHANGES)
def test_open_session_changes_nothing_without_the_password(ada, open_session, path, data):
    other = sign_in(ada)
    before = addresses(ada)

    answer = open_session.post(path, data)

    assert answer.status_code == 302
    assert answer["Location"].startswith(f"{ASK}?next=")
    assert addresses(ada) == before
    assert other.get("/account/").status_code == 200
    assert mail.outbox == []


@pytest.mark.parametrize(("path", "data"), CHANGES.values(), ids=CHANGES)
def test_what_was_typed_is_carried_on_after_the_password(ada, open_session, path, data):
    answer = prove(open_session, open_session.post(path, data))

    assert (answer.status_code, answer["Location"]) == (302, path)
    done = {
        "action_add": ("thief@example.org", False, False) in addresses(ada),
        "action_primary": (OTHER, True, True) in addresses(ada),
        "action_remove": OTHER not in [row[0] for row in addresses(ada)],
    }
    # allauth takes the first of several buttons
    assert [name for name, is_done in done.items() if is_done] == [
        name for name in list(data)[:1] if name in done
    ]


def test_wrong_password_carries_on_with_nothing(ada, open_session):
    path, data = CHANGES["remove"]
    before = addresses(ada)

    answer = prove(open_session, open_session.post(path, data), password="guessed it perhaps")

    assert answer.status_code == 200
    assert "That is not your password." in answer.text
    assert addresses(ada) == before


def test_fresh_sign_in_is_not_asked_again(ada):
    client = sign_in(ada)
    path, data = CHANGES["remove"]

    assert client.post(path, data)["Location"] == path
    assert OTHER not in [row[0] for row in addresses(ada)]


def test_after_five_minutes_a_sign_in_is_no_longer_fresh(ada):
    client = sign_in(ada)
    session = client.session
    for record in session["account_authentication_methods"]:
        record["at"] -= timedelta(minutes=5).total_seconds()
    session.save()

    assert client.post(*CHANGES["remove"])["Location"].startswith(ASK)


def test_proof_from_the_future_is_none(ada):
    """A clock that was set back must not make a session fresh for months."""
    client = sign_in(ada)
    session = client.session
    for record in session["account_authentication_methods"]:
        record["at"] += timedelta(days=90).total_seconds()
    session.save()

    assert client.post(*CHANGES["remove"])["Location"].startswith(ASK)


def test_proof_of_another_member_is_none(ada):
    client = sign_in(UserFactory(username="mira", email_verified=True))
    client.force_login(ada)

    assert client.post(*CHANGES["remove"])["Location"].startswith(ASK)


def test_pages_are_read_without_being_asked(open_session):
    assert open_session.get(EMAIL).status_code == 200
    assert open_session.get(SESSIONS).status_code == 200


def test_password_is_asked_for_in_its_own_form(ada, open_session):
    answer = open_session.post("/accounts/password/change/", CHANGE | {"oldpassword": "wrong one"})

    assert "That is not your current password." in answer.text
    ada.refresh_from_db()
    assert ada.check_password(PASSWORD)


# Every address of allauth that takes a POST, and what stands between a stolen session and it.
GUARDS = {
    "signup/": "nobody is signed in",
    "login/": "the password",
    "logout/": "harmless",
    "inactive/": "reads only",
    "reauthenticate/": "the password",
    "email/": "asked again",
    "confirm-email/": "reads only",
    r"^confirm-email/(?P<key>[-:\w]+)/$": "a mailed link, and for one more address a sign-in",
    "password/change/": "the password",
    "password/set/": "sends a mailed link",
    "password/reset/": "sends a mailed link",
    "password/reset/done/": "reads only",
    "password/reset/key/done/": "reads only",
    r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": "a mailed link",
    "login/code/confirm/": "leads away: sign-in by code is off",
    "sessions/": "asked again",
}


def test_every_address_under_accounts_has_its_guard():
    """A page that a later allauth adds has to be looked at before it is open."""
    found = {
        route.removeprefix("accounts/")
        for route in routes(get_resolver())
        if route.startswith("accounts/")
    }
    assert found == set(GUARDS)

    code = asks_again(lambda request: None).__code__
    asking = {
        route
        for route in GUARDS
        if "^" not in route
        and getattr(get_resolver().resolve(f"/accounts/{route}").func, "__code__", None) is code
    }
    assert asking == {route for route, guard in GUARDS.items() if guard == "asked again"}


# --- who is told --------------------------------------------------------------------------------


def test_the_whole_theft_is_told_to_the_old_addresses(ada):
    """Add, confirm, make primary, remove the others: the owner hears of each step."""
    EmailAddress.objects.filter(email=OTHER).delete()
    thief = sign_in(ada)

    thief.post(EMAIL, {"action_add": "", "email": "thief@example.org"})
    link = re.search(r"http://\S+(/accounts/confirm-email/\S+)", mail.outbox[-1].body)
    link = link or re.search(r"http://\S+(/accounts/confirm-email/\S+)", mail.outbox[-2].body)
    thief.post(link[1])
    thief.post(EMAIL, {"action_primary": "", "email": "thief@example.org"})
    thief.post(EMAIL, {"action_remove": "", "email": ada.email})

    assert told() == {
        "Confirm your address": ["thief@example.org"],
        "An e-mail address was added": [ada.email],
        "Your primary e-mail address was changed": [ada.email, "thief@example.org"],
        "An e-mail address was removed": [ada.email, "thief@example.org"],
    }
    assert actions(ada) == [
        Action.EMAIL_ADDED,
        Action.EMAIL_PRIMARY_CHANGED,
        Action.EMAIL_REMOVED,
    ]


def test_password_change_is_told_and_ends_other_sessions(ada):
    here, elsewhere = sign_in(ada), sign_in(ada)

    here.post("/accounts/password/change/", CHANGE)

    assert told() == {"Your password was changed": [ada.email, OTHER]}
    assert actions(ada) == [Action.PASSWORD_CHANGED]
    assert here.get("/account/").status_code == 200
    assert elsewhere.get("/account/").status_code == 302


def test_password_reset_is_told_and_ends_every_session(ada):
    elsewhere = sign_in(ada)
    owner = Client()
    owner.post("/accounts/password/reset/", {"email": OTHER})
    link = re.search(RESET_LINK, mail.outbox[0].body)
    page = owner.get(link[1])
    mail.outbox.clear()

    answer = owner.post(page["Location"], {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})

    assert answer["Location"] == "/"
    assert told() == {"A new password was chosen by a mailed link": [ada.email, OTHER]}
    assert actions(ada) == [Action.PASSWORD_RESET]
    assert elsewhere.get("/account/").status_code == 302
    assert owner.get("/account/").status_code == 200
    assert owner.get(link[1]).status_code == 200  # used: "This link no longer works"
    assert "no longer works" in Client().get(link[1]).text


def test_ended_sessions_are_told(ada):
    here, elsewhere = sign_in(ada), sign_in(ada)

    here.post(SESSIONS)

    assert told() == {"Your account was signed out everywhere else": [ada.email, OTHER]}
    assert actions(ada) == [Action.SESSIONS_ENDED]
    assert elsewhere.get("/account/").status_code == 302


def test_nothing_to_end_is_told_to_nobody(ada):
    sign_in(ada).post(SESSIONS)

    assert mail.outbox == []
    assert actions(ada) == []


def test_stranger_whose_address_was_never_confirmed_is_told_nothing(ada):
    EmailAddress.objects.create(user=ada, email="stranger@example.net")

    sign_in(ada).post(EMAIL, {"action_remove": "", "email": "stranger@example.net"})

    assert told() == {"An e-mail address was removed": [ada.email, OTHER]}


def test_mail_says_when_where_how_and_what_to_do(ada):
    Profile.objects.create(user=ada, preferences={"time_zone": "Asia/Tokyo"})
    tokyo = timezone.now() + timedelta(hours=9)

    sign_in(ada).post(EMAIL, {"action_add": "", "email": "Thief@example.net"})

    text, html = (
        next(message for message in mail.outbox if message.to == [ada.email]).body,
        next(message for message in mail.outbox if message.to == [ada.email])
        .alternatives[0]
        .content,
    )
    for part in (text, html):
        assert "Hello ada" in part
        assert "An e-mail address was added: t…@example.net" in part
        assert f"{tokyo.day} {tokyo:%b %Y}, " in part
        assert "JST" in part
        assert "Firefox on Linux" in part
        assert "203.0.113.0" in part
        assert "203.0.113.77" not in part
        assert "http://localhost:8000/accounts/password/reset/" in part
        assert "thief@" not in part


def test_change_and_mail_are_one_transaction(ada, monkeypatch, settings):
    """Nobody changes an account whose owner cannot be told."""
    settings.EMAIL_BACKEND = "no.such.backend"
    client = sign_in(ada)
    client.raise_request_exception = False
    before = addresses(ada)

    assert client.post(*CHANGES["remove"]).status_code == 500

    assert addresses(ada) == before
    assert actions(ada) == []


def test_what_protects_an_account_is_nobody_elses_business():
    private = {action for action in Action if action.value.startswith("member.")}
    assert not private & PUBLIC_ACTIONS


# --- members without a password -----------------------------------------------------------------


@pytest.fixture
def imported(ada):
    ada.set_unusable_password()
    ada.save()
    client = Client()
    client.force_login(ada)
    return client


@pytest.mark.parametrize(("path", "data"), CHANGES.values(), ids=CHANGES)
def test_without_a_password_nothing_changes_either(ada, imported, path, data):
    before = addresses(ada)

    answer = imported.post(path, data)

    assert answer["Location"].startswith(f"{SET}?next=")
    assert addresses(ada) == before


def test_first_password_comes_by_mail(ada, imported):
    page = imported.get(SET)
    assert ada.email in page.text
    answer = imported.post(SET, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    assert answer["Location"] == "/accounts/password/reset/done/"
    assert not User.objects.get(pk=ada.pk).has_usable_password()

    link = re.search(RESET_LINK, mail.outbox[0].body)
    chosen = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    imported.post(imported.get(link[1])["Location"], chosen)

    assert User.objects.get(pk=ada.pk).check_password(NEW_PASSWORD)
    prove(imported, imported.post(*CHANGES["remove"]), password=NEW_PASSWORD)
    assert OTHER not in [row[0] for row in addresses(ada)]


def test_without_password_and_address_the_page_says_whom_to_ask(imported, ada):
    EmailAddress.objects.all().delete()
    User.objects.filter(pk=ada.pk).update(email=None)

    assert "Write to the people who run this portal." in imported.get(SET).text
    assert imported.post(SET).status_code == 200
    assert mail.outbox == []
