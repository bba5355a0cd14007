"""Nobody learns from an answer, its length or its time whether an address has an account."""

import re
import time

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.core import mail
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from accounts.selectors.addresses import members_at
from accounts.services.addresses import release_address
from accounts.services.members import find_or_create_imported_members
from dao_portal.core import options
from governance.selectors.home import public_home
from governance.selectors.member_list import MemberFilters, member_list
from tests.factories import UserFactory
from tests.looking import some

pytestmark = pytest.mark.django_db

STRANGER = "stranger@example.org"
SIGN_UP, LOGIN, RESET = "/accounts/signup/", "/accounts/login/", "/accounts/password/reset/"


class CountingHasher(PBKDF2PasswordHasher):
    """The portal's own, which counts how often it is asked."""

    iterations = 1000
    asked = 0

    def encode(self, *args, **kwargs):
        type(self).asked += 1
        return super().encode(*args, **kwargs)


@pytest.fixture(autouse=True)
def _options_are_read_once(db, monkeypatch):
    """Else they are read anew every few seconds: a statement more for the page that comes then."""
    monkeypatch.setattr(options, "SECONDS_KEPT", 3600.0)
    options.get_option("community.name")


def member(name, **fields):
    member = UserFactory(username=name, email=f"{name}@example.org", **fields)
    EmailAddress.objects.create(user=member, email=member.email, verified=True, primary=True)
    return member


@pytest.fixture
def _members():
    EmailAddress.objects.create(user=member("known"), email="noted@example.org")
    member("closed", is_active=False)
    without = member("passwordless")
    without.set_unusable_password()
    without.save()
    UserFactory(username="settled", email="settled@example.org")  # without a row of allauth's
    unfinished = {"email": "unfinished@example.org", "email_verified": False}
    one = UserFactory(username="unfinished", **unfinished)
    EmailAddress.objects.create(user=one, email=one.email, primary=True)


KINDS = ["known", "closed", "passwordless", "settled", "unfinished", "noted"]
FORMS = {
    SIGN_UP: lambda email: {
        "email": email,
        "username": "newcomer",
        "password1": "four random words do",
    },
    LOGIN: lambda email: {"login": email, "password": "guessed it perhaps"},
    RESET: lambda email: {"email": email},
}
LOGIN_BY_NAME = (LOGIN, lambda email: {"login": email.partition("@")[0], "password": "guessed"})
DOORS = {
    "sign-up": (SIGN_UP, FORMS[SIGN_UP]),
    "sign-in by address": (LOGIN, FORMS[LOGIN]),
    "sign-in by name": LOGIN_BY_NAME,
    "reset": (RESET, FORMS[RESET]),
}


def ask(door, email):
    """What a stranger gets, undone: status, where it leads, the page there; and what it cost."""
    path, form = DOORS[door]
    with transaction.atomic():
        client = Client()
        client.get(path)
        mail.outbox.clear()
        hashes = CountingHasher.asked
        with CaptureQueriesContext(connection) as asked:
            started = time.thread_time()
            answer = client.post(path, form(email))
            spent = time.thread_time() - started
        cost = {
            "hashes": CountingHasher.asked - hashes,
            "queries": len(asked),
            "mails": len(mail.outbox),
            "seconds": spent,
        }
        page = client.get(answer["Location"]) if answer.status_code == 302 else answer
        seen = (
            answer.status_code,
            answer.get("Location"),
            sorted(client.cookies),
            nameless(page.text, email),
        )
        transaction.set_rollback(True)
    cache.clear()
    return seen, cost


def nameless(page, email):
    """The page without what is another one each time: the tokens, and what was typed itself."""
    page = re.sub(r'(name="(?:csrfmiddlewaretoken|key)" value=")[^"]+', r"\1", page)
    return page.replace(email, "EMAIL").replace(f'"{email.partition("@")[0]}"', '"NAME"')


def more_statements(door, kind):
    """None, but two small reads for a link to a new password: it is signed over the addresses that
    the member has (allauth's token). A member who never had a row for theirs gets it there, once.
    """
    if door != "reset" or kind in ("closed", "noted"):  # who gets no link
        return 0
    return 6 if kind == "settled" else 2


@pytest.mark.usefixtures("_members")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("door", DOORS)
def test_every_address_gets_the_same_for_the_same_work(settings, door, kind):
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    for each in User.objects.exclude(username="passwordless"):
        each.set_password("correct horse battery")
        each.save()

    known, its_cost = ask(door, f"{kind}@example.org")
    unknown, other_cost = ask(door, STRANGER)

    assert known == unknown
    assert (its_cost["hashes"], its_cost["mails"]) == (other_cost["hashes"], other_cost["mails"])
    assert its_cost["hashes"] == (0 if door == "reset" else 1)
    assert its_cost["queries"] - other_cost["queries"] == more_statements(door, kind)


@pytest.mark.usefixtures("_members")
@pytest.mark.parametrize("door", DOORS)
def test_time_of_the_processor_tells_nothing(settings, door):
    """With the hasher that the portal really has; the best of some runs, as a ratio."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    for each in User.objects.filter(username="known"):
        each.set_password("correct horse battery")
        each.save()
    runs = 6 if door == "reset" else 2
    ask(door, STRANGER)  # templates are read

    known = min(ask(door, "known@example.org")[1]["seconds"] for _ in range(runs))
    unknown = min(ask(door, STRANGER)[1]["seconds"] for _ in range(runs))

    assert 0.5 < known / unknown < 2


def test_address_confirmed_by_one_is_hashed_for_nobody_else(settings):
    """Somebody who writes the address of another down must not make its sign-in slower."""
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    member("known")
    EmailAddress.objects.create(user=member("thief"), email="known@example.org")

    assert ask("sign-in by address", "known@example.org")[1]["hashes"] == 1


# --- what a stranger does next ------------------------------------------------------------------


def walk(email):
    """Sign up with ``email``, then all that can be done with what that left; page after page."""
    cache.clear()
    browser, seen = Client(), []
    typed = FORMS[SIGN_UP](email)
    for client, path, data in (
        (browser, SIGN_UP, typed),
        (browser, SIGN_UP, None),
        (browser, LOGIN, None),
        (browser, LOGIN, {"login": "newcomer", "password": typed["password1"]}),
        (browser, "/accounts/confirm-email/", None),
        (Client(), SIGN_UP, typed | {"email": "another@example.org"}),
        (Client(), SIGN_UP, typed | {"email": "another@example.org", "username": "new.comer"}),
        (Client(), LOGIN, {"login": "newcomer", "password": typed["password1"]}),
        (Client(), LOGIN, {"login": "newcomer", "password": "something else"}),
        (Client(), LOGIN, {"login": email, "password": typed["password1"]}),
        (Client(), LOGIN, {"login": email, "password": "something else"}),
        (Client(), RESET, {"email": email}),
        (Client(), "/members/newcomer/", None),
    ):
        mail.outbox.clear()
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(path) if data is None else client.post(path, data)
        next_page = client.get(answer["Location"]) if answer.status_code == 302 else answer
        page = nameless(next_page.text, email)
        cost = None if path == RESET else (len(asked), len(mail.outbox))
        seen.append((path, answer.status_code, answer.get("Location"), page, cost))
    return seen


@pytest.mark.usefixtures("_members")
@pytest.mark.parametrize("kind", KINDS)
def test_what_follows_a_sign_up_is_the_same_for_every_address(kind):
    seen = []
    for email in (f"{kind}@example.org", STRANGER):
        with transaction.atomic():
            seen.append(walk(email))
            transaction.set_rollback(True)

    for step_known, step_unknown in some(zip(*seen, strict=True)):
        assert step_known == step_unknown


@pytest.mark.parametrize("email", ["known@example.org", STRANGER])
def test_second_sign_up_finds_the_username_taken_whatever_the_first_address_was(email):
    member("known")
    Client().post(SIGN_UP, FORMS[SIGN_UP](email))

    answer = Client().post(SIGN_UP, FORMS[SIGN_UP]("another@example.org"))

    assert "Another member has this username." in answer.text
    assert User.objects.filter(username="newcomer").count() == 1
    assert not EmailAddress.objects.filter(email="another@example.org").exists()


def test_sign_up_with_the_address_of_a_member_changes_nothing_for_them():
    owner = member("known")
    Client().post(SIGN_UP, FORMS[SIGN_UP](owner.email))

    newcomer = User.objects.get(username="newcomer")
    assert (newcomer.email, newcomer.email_verified) == (None, False)
    assert members_at(owner.email) == [owner]
    (message,) = mail.outbox
    assert message.to == [owner.email]
    assert "/accounts/password/reset/" in message.body
    assert "/accounts/confirm-email/" not in message.body


# --- who is seen ------------------------------------------------------------------------------


@pytest.mark.parametrize("email", ["known@example.org", STRANGER])
def test_page_of_a_new_username_tells_nothing_of_the_address(client, email):
    """Somebody signs up with both, and looks whether a member of that name came to be."""
    member("known")
    client.post(SIGN_UP, FORMS[SIGN_UP](email))

    assert client.get("/members/newcomer/").status_code == 404
    assert names_in(member_list(MemberFilters())) == ["known"]
    assert member_list(MemberFilters()).tabs[0].count == 1
    assert public_home().facts.members == 1


def test_sign_up_that_lost_its_address_to_who_proved_it_stays_unseen(client):
    """Else its page would tell when the owner of the address came."""
    client.post(SIGN_UP, FORMS[SIGN_UP](STRANGER))
    release_address(owner=member("owner"), address=STRANGER)

    assert User.objects.get(username="newcomer").email is None
    assert client.get("/members/newcomer/").status_code == 404


def test_newcomer_is_seen_once_the_address_is_confirmed(client):
    client.post(SIGN_UP, FORMS[SIGN_UP](STRANGER))
    link = re.search(r"http://\S+(/accounts/confirm-email/\S+)", mail.outbox[0].body)
    client.post(link[1])

    assert client.get("/members/newcomer/").status_code == 200
    assert names_in(member_list(MemberFilters())) == ["newcomer"]


def test_members_without_an_address_and_those_who_were_here_are_seen(client):
    find_or_create_imported_members(wallet_addresses=["0x00000000000000000000000000000000000000AA"])
    UserFactory(username="moved", email_verified=False, last_login=timezone.now())
    UserFactory(username="wallet", email=None, email_verified=False, password=None)

    for username in ("0x00000000000000000000000000000000000000AA", "moved", "wallet"):
        assert client.get(f"/members/{username}/").status_code == 200


def names_in(found):
    return [card.member.username for card in found.cards]


# --- long addresses -----------------------------------------------------------------------------


def address_of(length):
    """A valid one of so many characters."""
    host = ".".join(["h" * 60] * 4) + ".example.org"
    host = host[-(length - 1 - 64) :].lstrip(".") if length < 64 + 1 + len(host) else host
    return f"{'a' * (length - len(host) - 1)}@{host}"


@pytest.mark.parametrize("length", [255, 260, 319])
@pytest.mark.parametrize("path", [SIGN_UP, RESET, "/accounts/email/"])
def test_too_long_an_address_is_refused_in_words_and_kept(path, length):
    address = address_of(length)
    assert len(address) == length
    client = Client()
    if path == "/accounts/email/":
        ada = member("ada")
        client.post(LOGIN, {"login": "ada", "password": "correct horse battery"})
        assert ada.pk
    data = {
        "email": address,
        "username": "newcomer",
        "password1": "four random words do",
        "action_add": "",
    }

    answer = client.post(path, data)

    assert "at most 254 characters" in answer.text
    assert f'value="{address}"' in answer.text
    field = re.search(rf"<input[^>]*{address}[^>]*>", answer.text)[0]
    assert 'type="email"' in field
    assert 'maxlength="' not in field
    assert not User.objects.filter(username="newcomer").exists()
    assert not EmailAddress.objects.filter(email__startswith="aaaa").exists()
    assert mail.outbox == []


def test_longest_address_is_taken_whole(client):
    address = address_of(254)
    assert len(address) == 254

    client.post(SIGN_UP, FORMS[SIGN_UP](address))

    assert User.objects.get(username="newcomer").email == address
    assert mail.outbox[0].to == [address]
