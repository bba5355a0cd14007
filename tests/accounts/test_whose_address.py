"""An address is somebody's when they proved it; that it is written down says nothing."""

import re

import pytest
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from django.core import mail
from django.core.cache import cache
from django.test import Client

from accounts.guesses import members_called
from accounts.models import User
from accounts.selectors.addresses import members_at
from accounts.services import members
from dao_portal.core.actions import Action
from dao_portal.core.models import AuditLog
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

TYPO = "typo@evil.example"
SIGN_UP, LOGIN, RESET = "/accounts/signup/", "/accounts/login/", "/accounts/password/reset/"
NEWCOMER = {"email": TYPO, "username": "newcomer", "password1": "four random words do"}


@pytest.fixture
def mira():
    """She has confirmed one address, and mistyped another."""
    member = UserFactory(username="mira", email="mira@example.org")
    EmailAddress.objects.create(user=member, email=member.email, verified=True, primary=True)
    EmailAddress.objects.create(user=member, email=TYPO)
    return member


def links(path):
    found = [re.search(rf"http://\S+({path}\S+)", message.body) for message in mail.outbox]
    return [link[1] for link in found if link]


def confirmation_of(address):
    return f"/accounts/confirm-email/{EmailConfirmationHMAC(address).key}/"


# --- a new password -----------------------------------------------------------------------------


def test_reset_by_an_address_that_is_only_written_down_mails_no_link(mira):
    answer = Client().post(RESET, {"email": TYPO})

    assert answer["Location"] == "/accounts/password/reset/done/"
    assert links("/accounts/password/reset/key/") == []
    assert [message.to for message in mail.outbox] == [[TYPO]]  # as any unknown address


@pytest.mark.parametrize("address", ["mira@example.org", "MIRA@example.org"])
def test_reset_by_a_confirmed_address_mails_the_link(mira, address):
    Client().post(RESET, {"email": address})

    assert len(links("/accounts/password/reset/key/")) == 1


def test_reset_of_a_sign_up_that_never_finished_mails_the_link():
    member = UserFactory(email="nora@example.org", email_verified=False)
    EmailAddress.objects.create(user=member, email=member.email, primary=True)

    Client().post(RESET, {"email": "nora@example.org"})

    assert len(links("/accounts/password/reset/key/")) == 1


def test_stranger_with_the_link_confirms_nothing_for_a_member_who_has_an_address(mira):
    """Otherwise whoever reads the mistyped mailbox confirms it first, and asks for a password."""
    typed = EmailAddress.objects.get(email=TYPO)
    stranger = Client()

    for ask in (stranger.get, stranger.post):
        answer = ask(confirmation_of(typed))
        assert answer["Location"].startswith("/accounts/login/?next=/accounts/confirm-email/")
    somebody_else = Client()
    somebody_else.force_login(UserFactory())
    answer = somebody_else.post(confirmation_of(typed), follow=True)

    assert "Sign in to the account that this address was added to." in answer.text
    typed.refresh_from_db()
    assert not typed.verified


def test_member_confirms_one_more_address_after_signing_in(mira):
    typed = EmailAddress.objects.get(email=TYPO)
    browser = Client()
    to_login = browser.get(confirmation_of(typed))["Location"]
    back = browser.post(to_login, {"login": "mira", "password": PASSWORD})["Location"]
    browser.post(back)

    typed.refresh_from_db()
    assert typed.verified


# --- sign-in ------------------------------------------------------------------------------------


def test_nobody_signs_in_by_an_address_that_is_only_written_down(mira):
    answer = Client().post(LOGIN, {"login": TYPO, "password": PASSWORD})

    assert answer.status_code == 422 or "is not right" in answer.text
    assert members_called({TYPO}) == members_at(TYPO) == []
    assert members_called({"mira@example.org"}) == [mira]


def test_address_written_down_by_many_is_of_the_one_who_signed_up_with_it(mira):
    newcomer = UserFactory(email=TYPO, email_verified=False)
    EmailAddress.objects.create(user=newcomer, email=TYPO, primary=True)

    assert members_at(TYPO) == [newcomer]


# --- sign-up ------------------------------------------------------------------------------------


def test_sign_up_with_an_address_that_somebody_wrote_down_makes_an_account_that_keeps_it(mira):
    browser = Client()
    answer = browser.post(SIGN_UP, NEWCOMER)
    assert answer["Location"] == "/accounts/confirm-email/"
    newcomer = User.objects.get(username="newcomer")
    assert members_at(TYPO) == [newcomer]
    before = confirmation_of(EmailAddress.objects.get(email=TYPO, user=mira))

    (link,) = links("/accounts/confirm-email/")
    browser.post(link)

    newcomer.refresh_from_db()
    assert (newcomer.email, newcomer.email_verified) == (TYPO, True)
    (row,) = EmailAddress.objects.filter(email=TYPO)
    assert (row.user, row.verified, row.primary) == (newcomer, True, True)
    removed = AuditLog.objects.get(action=Action.EMAIL_REMOVED)
    assert (removed.user, removed.resource_id) == (newcomer, mira.pk)
    mira.refresh_from_db()
    assert (mira.email, mira.email_verified) == ("mira@example.org", True)
    her = Client()
    her.force_login(mira)
    assert "no longer works" in her.get(before).text


def test_sign_up_with_an_address_in_the_row_of_a_member_who_proved_another_is_answered(mira):
    """Nobody's, but the database keeps it for one member: no link, and no error."""
    User.objects.filter(pk=mira.pk).update(email=TYPO)

    answer = Client().post(SIGN_UP, NEWCOMER)

    assert answer["Location"] == "/accounts/confirm-email/"
    assert User.objects.get(username="newcomer").email is None
    assert links("/accounts/confirm-email/") == []


def sign_up(username, browser=None):
    """What of the mails about it leads to a confirmation."""
    mail.outbox.clear()
    (browser or Client()).post(SIGN_UP, NEWCOMER | {"username": username})
    return links("/accounts/confirm-email/")


def test_owner_signs_up_after_a_stranger_who_typed_their_address_and_has_it():
    """At the same moment: the stranger's mail does not keep the owner's back."""
    (strangers_link,) = sign_up("stranger")
    browser = Client()
    (link,) = sign_up("nora", browser)
    browser.post(link)

    owner, stranger = (User.objects.get(username=name) for name in ("nora", "stranger"))
    assert (owner.email, owner.email_verified) == (TYPO, True)
    assert (stranger.email, stranger.email_verified) == (None, False)
    (row,) = EmailAddress.objects.filter(email=TYPO)
    assert (row.user, row.verified, row.primary) == (owner, True, True)
    assert "no longer works" in Client().get(strangers_link).text
    assert members_called({TYPO}) == [owner]


def test_two_sign_ups_with_one_address_at_once_make_two_members_and_one_has_it():
    for username in ("one", "two", "three"):
        members.sign_up(username=username, email=TYPO, password=PASSWORD)

    assert User.objects.filter(email=TYPO).count() == 1
    assert EmailAddress.objects.filter(email=TYPO, verified=False, primary=True).count() == 3


def test_pages_are_the_same_for_an_address_that_is_only_written_down(mira):
    seen = []
    for address in (TYPO, "stranger@example.org"):
        cache.clear()
        mail.outbox.clear()
        form = NEWCOMER | {"email": address, "username": f"new{len(seen)}"}
        up = Client().post(SIGN_UP, form)
        reset = Client().post(RESET, {"email": address})
        seen.append((up.status_code, up["Location"], reset.status_code, len(mail.outbox)))

    assert seen[0] == seen[1]


# --- how often a link is mailed -----------------------------------------------------------------

DAYS_MOST, NETWORKS_MOST = 10, 3  # to one address; of one network's to one address


def sign_ups_from(address, *, times, network="198.51.100.7"):
    """How many mails ``address`` got of so many sign-ups with it."""
    mail.outbox.clear()
    host = network.rpartition(".")[2]
    for number in range(times):
        form = NEWCOMER | {"email": address, "username": f"stranger-{host}-{number}"}
        answer = Client(REMOTE_ADDR=network).post(SIGN_UP, form)
        assert answer["Location"] == "/accounts/confirm-email/"
    return [message.to for message in mail.outbox].count([address])


def test_owner_gets_a_link_however_often_a_stranger_signed_up_with_their_address():
    assert sign_ups_from("nora@example.org", times=8) == NETWORKS_MOST

    assert sign_ups_from("nora@example.org", times=1, network="203.0.113.9") == 1
    assert len(links("/accounts/confirm-email/")) == 1


@pytest.mark.parametrize("address", ["nora@example.org", "mira@example.org"])
def test_strangers_together_mail_an_address_ten_times_a_day_at_most(mira, address):
    networks = [f"198.51.100.{host}" for host in range(1, 7)]
    mails = [sign_ups_from(address, times=4, network=network) for network in networks]

    assert mails == [NETWORKS_MOST] * 3 + [DAYS_MOST - 3 * NETWORKS_MOST, 0, 0]


def test_member_whose_address_is_known_to_be_theirs_gets_the_link_at_their_first_sign_in():
    """Not word that it belongs to an account: that is their own."""
    UserFactory(username="moved", email="moved@example.org")

    Client().post(LOGIN, {"login": "moved", "password": PASSWORD})

    assert len(links("/accounts/confirm-email/")) == 1


def test_sign_in_to_what_was_never_confirmed_mails_one_link_in_three_minutes():
    Client().post(SIGN_UP, NEWCOMER)
    login = {"login": NEWCOMER["username"], "password": NEWCOMER["password1"]}

    for _time in range(2):
        assert Client().post(LOGIN, login)["Location"] == "/accounts/confirm-email/"

    assert len(links("/accounts/confirm-email/")) == 1


def test_sign_up_of_a_stranger_keeps_no_link_from_the_member_who_asks(mira):
    her = Client()
    her.post(LOGIN, {"login": "mira", "password": PASSWORD})
    for address in (TYPO, "fine@example.org"):
        form = NEWCOMER | {"email": address, "username": f"new-{address[:4]}"}
        Client().post(SIGN_UP, form)
    mail.outbox.clear()

    her.post("/accounts/email/", {"action_send": "", "email": TYPO})
    her.post("/accounts/email/", {"action_add": "", "email": "fine@example.org"})

    to = [message.to[0] for message in mail.outbox if "/confirm-email/" in message.body]
    assert to == [TYPO, "fine@example.org"]


def ask_as_member(number, *, network):
    """A member adds TYPO to their addresses; what their page says then."""
    username = f"asker{number}"
    member = UserFactory(username=username, email=f"{username}@example.org")
    EmailAddress.objects.create(user=member, email=member.email, verified=True, primary=True)
    browser = Client(REMOTE_ADDR=network)
    browser.post(LOGIN, {"login": username, "password": PASSWORD})
    return browser.post("/accounts/email/", {"action_add": "", "email": TYPO}, follow=True).text


def mails_to_typo():
    return [message.to for message in mail.outbox].count([TYPO])


def test_members_together_mail_an_address_ten_times_a_day_at_most():
    pages = [
        ask_as_member(number, network=f"198.51.100.{number // NETWORKS_MOST}")
        for number in range(DAYS_MOST + 2)
    ]

    assert mails_to_typo() == DAYS_MOST
    told = ["Enough links were mailed to this address for now." in page for page in pages]
    assert told == [False] * DAYS_MOST + [True] * 2


def test_owner_gets_a_link_however_many_members_of_one_network_asked_for_one():
    for number in range(NETWORKS_MOST + 2):
        ask_as_member(number, network="198.51.100.7")
    assert mails_to_typo() == NETWORKS_MOST

    ask_as_member("owner", network="203.0.113.9")

    assert mails_to_typo() == NETWORKS_MOST + 1


def test_member_who_asks_twice_within_three_minutes_gets_one_link_and_is_told(mira):
    her = Client()
    her.post(LOGIN, {"login": "mira", "password": PASSWORD})
    form = {"action_send": "", "email": TYPO}

    told = [her.post("/accounts/email/", form, follow=True).text for _time in range(2)]

    assert ["Enough links were mailed to this address for now." in page for page in told] == [
        False,
        True,
    ]
    assert len(links("/accounts/confirm-email/")) == 1
