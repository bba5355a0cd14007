"""Wrong passwords: one count an account, whatever is typed where, and the owner still gets in."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.cache import cache
from django.db import connections
from django.test import Client

from accounts import guesses
from accounts.models import User
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

RESET_LINK = r"http://localhost:8000(/accounts/password/reset/key/\S+)"
LOGIN = "/accounts/login/"
TOO_MANY = "Too many tries."
WRONG = "is not right."
NAMES = ["ada", "ADA", " Ada ", "ada@example.org", "Ada@Example.ORG", "a.da+x@example.org"]


@pytest.fixture
def ada(ada):
    for address in (ada.email, "a.da+x@example.org"):
        EmailAddress.objects.create(
            user=ada, email=address, verified=True, primary=address == ada.email
        )
    return ada


@pytest.fixture
def patient(settings):
    """Without the brake on all sign-ins of one address, which would come first."""
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "login": None}


def attempt(client, login="ada", password="guessed it perhaps", address="203.0.113.1", **headers):
    return client.post(
        LOGIN, {"login": login, "password": password}, REMOTE_ADDR=address, headers=headers
    )


def outcome(answer):
    """ "in", "wrong" or "refused"."""
    if answer.status_code == 302:
        return "in"
    return "refused" if answer.status_code == 429 or TOO_MANY in answer.text else "wrong"


def guess(times, **how):
    return [outcome(attempt(Client(), **how)) for _ in range(times)]


def known_browser(member):
    client = Client()
    assert outcome(attempt(client, member.username, PASSWORD, address="203.0.113.99")) == "in"
    client.post("/accounts/logout/")
    return client


# --- one count an account -----------------------------------------------------------------------


def test_every_name_of_an_account_is_one_count(ada, patient):
    found = [outcome(attempt(Client(), name)) for name in NAMES]

    assert found == 5 * ["wrong"] + ["refused"]


def test_right_password_is_refused_too_once_it_is_too_many(ada, patient):
    guess(5)

    assert guess(1, password=PASSWORD) == ["refused"]


def test_right_ones_are_not_counted(ada, patient):
    assert guess(12, password=PASSWORD) == 12 * ["in"]


def test_thief_with_an_account_of_their_own_cannot_start_anew(ada, patient):
    UserFactory(username="thief")
    guess(4)
    guess(3, login="thief", password=PASSWORD)

    assert guess(2) == ["wrong", "refused"]


def test_unknown_name_is_refused_as_a_known_one(patient):
    assert guess(6, login="nobody") == 5 * ["wrong"] + ["refused"]
    assert guess(1, login="somebody-else") == ["wrong"]


def test_other_accounts_are_not_concerned(ada, patient):
    UserFactory(username="mira")
    guess(6)

    assert guess(1, login="mira", password=PASSWORD) == ["in"]


def test_many_networks_are_stopped_by_the_account(ada, patient):
    found = [outcome(attempt(Client(), address=f"203.0.113.{number}")) for number in range(1, 40)]

    assert found == 30 * ["wrong"] + 9 * ["refused"]


def test_one_network_is_stopped_over_many_accounts(patient):
    found = [outcome(attempt(Client(), f"member-{number}")) for number in range(12)]

    assert found == 10 * ["wrong"] + 2 * ["refused"]


def test_ipv6_is_counted_by_its_64(ada, patient):
    found = [
        outcome(attempt(Client(), address=f"2001:db8:1:2::{number}")) for number in range(1, 8)
    ]

    assert found == 5 * ["wrong"] + 2 * ["refused"]
    assert guess(1, address="2001:db8:1:3::1") == ["wrong"]


def test_forwarded_for_buys_no_tries(ada, patient):
    found = [
        outcome(attempt(Client(), **{"x-forwarded-for": f"198.51.100.{number}"}))
        for number in range(7)
    ]

    assert found == 5 * ["wrong"] + 2 * ["refused"]


def test_behind_a_proxy_its_word_counts(ada, patient, settings):
    settings.TRUSTED_PROXY_COUNT = 1
    for number in range(6):
        attempt(Client(), **{"x-forwarded-for": f"10.9.8.{number}, 198.51.100.7"})

    assert outcome(attempt(Client(), **{"x-forwarded-for": "198.51.100.7"})) == "refused"
    assert outcome(attempt(Client(), **{"x-forwarded-for": "198.51.100.8"})) == "wrong"


@pytest.mark.parametrize("header", ["", "not an address", "unix:"])
def test_client_that_nobody_can_name_is_served(ada, settings, header):
    settings.TRUSTED_PROXY_COUNT = 1

    assert outcome(attempt(Client(), password=PASSWORD, **{"x-forwarded-for": header})) == "in"


def test_without_the_cache_the_limit_stays(ada, patient):
    cache.leave_alone()

    assert guess(7) == 5 * ["wrong"] + 2 * ["refused"]


@pytest.mark.django_db(transaction=True)
def test_fifty_guesses_at_once_pass_no_limit(ada, patient):
    def one(number):
        try:
            return outcome(attempt(Client(), NAMES[number % len(NAMES)]))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(one, range(50)))

    assert (found.count("wrong"), found.count("refused")) == (5, 45)


# --- every page that looks at a password --------------------------------------------------------


@pytest.fixture
def moderator():
    member = UserFactory(username="moderator", role="moderator")
    EmailAddress.objects.create(user=member, email=member.email, verified=True, primary=True)
    return member


PAGES = {
    "/accounts/login/": {"login": "moderator", "password": "{}"},
    "/accounts/reauthenticate/": {"password": "{}"},
    "/accounts/password/change/": {
        "oldpassword": "{}",
        "password1": "another four random words",
        "password2": "another four random words",
    },
    "/admin/login/": {"username": "moderator", "password": "{}"},
    "/admin/password_change/": {
        "old_password": "{}",
        "new_password1": "another four random words",
        "new_password2": "another four random words",
    },
}


@pytest.mark.parametrize("signed_in", [True, False])
@pytest.mark.parametrize("path", PAGES)
def test_forty_guesses_and_then_the_right_one_find_nothing(moderator, monkeypatch, path, signed_in):
    """Whoever has a moderator's open session, or none, must not learn the password on any page."""
    looked_at = []
    check = User.check_password
    monkeypatch.setattr(
        User, "check_password", lambda self, raw: looked_at.append(raw) or check(self, raw)
    )
    client = Client()
    if signed_in:
        client.force_login(moderator)

    for number in range(40):
        client.post(path, _filled(PAGES[path], f"guess number {number}"))
    client.post(path, _filled(PAGES[path], PASSWORD))

    assert len(set(looked_at)) <= 5
    assert PASSWORD not in looked_at
    moderator.refresh_from_db()
    assert moderator.check_password(PASSWORD)


def _filled(form, password):
    return {name: value.format(password) for name, value in form.items()}


def test_pages_share_one_count(moderator, patient):
    client = Client()
    client.force_login(moderator)
    for _ in range(3):
        client.post("/accounts/reauthenticate/", {"password": "guessed"}, REMOTE_ADDR="203.0.113.1")
    for _ in range(2):
        client.post(
            "/accounts/password/change/",
            _filled(PAGES["/accounts/password/change/"], "guessed"),
            REMOTE_ADDR="203.0.113.1",
        )

    assert guess(1, login="moderator", password=PASSWORD) == ["refused"]


# --- the right member ---------------------------------------------------------------------------


def test_strangers_do_not_lock_out_a_browser_that_is_known(ada, patient):
    browser = known_browser(ada)
    for number in range(1, 40):
        attempt(Client(), address=f"203.0.113.{number}")
    attempt(Client(), address="203.0.113.99")  # not even those of the same network

    assert outcome(attempt(browser, password=PASSWORD, address="203.0.113.99")) == "in"


def test_known_browser_has_a_limit_too(ada, patient):
    browser = known_browser(ada)

    assert [outcome(attempt(browser)) for _ in range(11)] == 10 * ["wrong"] + ["refused"]
    assert guess(1, password=PASSWORD) == ["in"]  # and it locks out nobody else


def test_browser_is_known_as_one_member_only(ada, patient):
    UserFactory(username="thief", email_verified=True)
    thief = User.objects.get(username="thief")
    EmailAddress.objects.create(user=thief, email=thief.email, verified=True, primary=True)
    browser = known_browser(thief)

    assert [outcome(attempt(browser)) for _ in range(6)] == 5 * ["wrong"] + ["refused"]


def test_new_password_makes_old_browsers_unknown(ada, patient):
    browser = known_browser(ada)
    ada.set_password("another four random words")
    ada.save()

    assert [outcome(attempt(browser)) for _ in range(6)] == 5 * ["wrong"] + ["refused"]


def test_made_up_marks_make_nobody_known(ada, patient):
    value = known_browser(ada).cookies[guesses.COOKIE].value
    device, mark = value.split(":")
    for forged in (
        f"{'0' * 32}:{mark}",
        f"{device}:{'0' * 32}",
        mark,
        f"{device}:" + ":".join(50 * [mark]),
        "Ã",
        "",
    ):
        client = Client()
        client.cookies[guesses.COOKIE] = forged
        request = client.get(LOGIN).wsgi_request
        assert not guesses.is_known(request, ada), forged


def test_cookie_says_nothing_and_no_script_reads_it(ada):
    client = Client()
    attempt(client, password=PASSWORD)
    cookie = client.cookies[guesses.COOKIE]

    assert re.fullmatch(guesses.COOKIE_FORM, cookie.value)
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    assert ada.pk.hex not in cookie.value


def test_browser_of_a_family_is_known_as_each(ada, patient):
    browser = known_browser(ada)
    for number in range(guesses.MAX_MEMBERS):
        member = UserFactory(username=f"child{number}")
        EmailAddress.objects.create(user=member, email=member.email, verified=True, primary=True)
        attempt(browser, member.username, PASSWORD)
        browser.post("/accounts/logout/")
    request = browser.get(LOGIN).wsgi_request

    assert guesses.is_known(request, member)
    assert not guesses.is_known(request, ada)  # the oldest makes room


def test_owner_always_gets_in_by_the_mailed_link(ada, patient):
    for number in range(1, 60):
        attempt(Client(), address=f"203.0.113.{number}")
    owner = Client(REMOTE_ADDR="203.0.113.1")
    assert outcome(attempt(owner, password=PASSWORD)) == "refused"

    owner.post("/accounts/password/reset/", {"email": ada.email})
    link = re.search(RESET_LINK, mail.outbox[0].body)
    new = "another four random words"
    owner.post(owner.get(link[1])["Location"], {"password1": new, "password2": new})

    assert owner.get("/account/").status_code == 200
    owner.post("/accounts/logout/")
    assert outcome(attempt(owner, password=new)) == "in"  # and is known from now on


# --- sign-ups and mails -------------------------------------------------------------------------


def sign_up(number, address="203.0.113.1"):
    return Client().post(
        "/accounts/signup/",
        {
            "email": f"new{number}@example.org",
            "username": f"newcomer{number}",
            "password1": "four random words do",
        },
        REMOTE_ADDR=address,
    )


def test_one_address_makes_ten_accounts_a_minute(db):
    answers = [sign_up(number).status_code for number in range(12)]

    assert answers == 10 * [302] + 2 * [429]
    assert User.objects.count() == 10
    assert sign_up(99, "203.0.113.2").status_code == 302


def test_one_ipv6_network_makes_ten_accounts_a_minute(db):
    answers = [sign_up(n, f"2001:db8::{n + 1:x}").status_code for n in range(12)]

    assert answers == 10 * [302] + 2 * [429]


@pytest.mark.parametrize("known", [True, False])
def test_a_mailbox_gets_three_reset_mails_an_hour(ada, known):
    email = ada.email if known else "nobody@example.org"
    answers = [
        Client()
        .post("/accounts/password/reset/", {"email": email}, REMOTE_ADDR=f"203.0.113.{number}")
        .status_code
        for number in range(1, 6)
    ]

    assert answers == 3 * [302] + 2 * [429]
    assert len(mail.outbox) == 3


def test_429_says_what_is_true(ada):
    for _ in range(12):
        answer = Client().post("/accounts/password/reset/", {"email": ada.email})

    assert answer.status_code == 429
    assert "at the very most a day" in answer.text
