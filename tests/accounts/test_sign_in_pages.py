import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.adapter import on_portal
from accounts.models import User
from dao_portal.core.options import clear_option_cache
from tests.factories import UserFactory
from tests.looking import some

pytestmark = pytest.mark.django_db

NEWCOMER = {
    "email": "new@example.org",
    "username": "newcomer",
    "password1": "four random words do",
}


@pytest.fixture(autouse=True)
def _evil_host(settings: Any) -> None:
    """Every request of this file may claim to have been sent to another host."""
    clear_option_cache()
    settings.ALLOWED_HOSTS = ["*"]


def links(text: str) -> list[str]:
    return re.findall(r"https?://\S+", text)


def html_of(message: Any) -> str:
    return message.alternatives[0].content


def test_a_link_moves_to_the_portal_and_keeps_its_path() -> None:
    moved = on_portal("https://evil.example/accounts/confirm-email/MQ:1x:y/?next=/")
    assert moved == "http://localhost:8000/accounts/confirm-email/MQ:1x:y/?next=/"


def test_the_host_header_decides_no_link_of_the_confirmation(client: Client) -> None:
    client.post(reverse("account_signup"), NEWCOMER, headers={"host": "evil.example"})

    (message,) = mail.outbox
    text = f"{message.subject}\n{message.body}\n{html_of(message)}"
    assert "http://localhost:8000/accounts/confirm-email/" in text
    assert "evil.example" not in text
    assert all(link.startswith("http://localhost:8000/") for link in some(links(str(message.body))))


@pytest.mark.parametrize("known", [True, False])
def test_the_host_header_decides_no_link_of_a_password_mail(client: Client, known: bool) -> None:
    email = UserFactory().email if known else "nobody@example.org"
    EmailAddress.objects.filter(email=email).update(verified=True)
    client.post(
        reverse("account_reset_password"), {"email": email}, headers={"host": "evil.example"}
    )

    (message,) = mail.outbox
    text = f"{message.subject}\n{message.body}"
    assert "http://localhost:8000/" in text
    assert "evil.example" not in text
    assert all(link.startswith("http://localhost:8000/") for link in some(links(str(message.body))))


def test_mail_comes_in_the_communitys_name(client: Client) -> None:
    client.post(reverse("account_signup"), NEWCOMER)
    assert mail.outbox[0].from_email == "Commons <no-reply@localhost>"


def test_signing_up_keeps_what_was_typed_and_says_what_is_wrong(client: Client) -> None:
    page = client.post(
        reverse("account_signup"), {"email": "x", "username": "newcomer", "password1": "short"}
    ).content.decode()

    assert "<title>Error: Create an account · Commons</title>" in page
    assert 'value="x"' in page
    assert 'value="newcomer"' in page
    assert "too short" in page
    assert "short" not in page.replace("too short", "")
    assert '<a href="#id_email">E-mail: Enter a valid email address.</a>' in page
    assert 'aria-describedby="id_email_error"' in page
    assert not User.objects.exists()
    assert mail.outbox == []


def test_signing_up_twice_looks_the_same_from_outside(client: Client) -> None:
    taken = UserFactory()
    EmailAddress.objects.create(user=taken, email=taken.email, verified=True, primary=True)

    fresh = client.post(reverse("account_signup"), NEWCOMER)
    again = Client().post(
        reverse("account_signup"), NEWCOMER | {"email": taken.email, "username": "other"}
    )

    assert (again.status_code, again["Location"]) == (fresh.status_code, fresh["Location"])
    assert User.objects.get(username="other").email is None
    assert mail.outbox[0].subject == "Confirm your address"
    assert mail.outbox[1].subject == "You already have an account in Commons"
    assert mail.outbox[1].to == [taken.email]


def test_both_wrong_sign_ins_read_the_same(client: Client) -> None:
    UserFactory(username="ada")
    told = set()
    for login in ("ada", "nobody", "nobody@example.org"):
        page = client.post(
            reverse("account_login"), {"login": login, "password": "wrong"}
        ).content.decode()
        told.add(re.search(r"<ul>\s*<li>(.*?)</li>", page, re.DOTALL)[1])  # type: ignore[index]
    assert len(told) == 1
    assert told.pop().startswith("The username, e-mail address or password is not right.")


def test_a_sign_in_keeps_the_name_that_was_typed(client: Client) -> None:
    page = client.post(
        reverse("account_login"), {"login": "ada", "password": "wrong"}
    ).content.decode()
    assert 'name="login" value="ada"' in page
    assert "wrong" not in page


@pytest.mark.parametrize(
    "name", ["account_login", "account_signup", "account_reset_password", "account_inactive"]
)
def test_pages_before_the_door_are_not_for_search_engines(client: Client, name: str) -> None:
    page = client.get(reverse(name)).content.decode()
    assert '<meta name="robots" content="noindex">' in page


def test_who_is_deactivated_is_signed_out_at_once(client: Client) -> None:
    member = UserFactory(username="ada")
    client.force_login(member)
    assert client.get("/account/").status_code == 200

    User.objects.filter(pk=member.pk).update(is_active=False)

    assert client.get("/account/")["Location"] == "/accounts/login/?next=/account/"
    assert not client.get("/").context["user"].is_authenticated
