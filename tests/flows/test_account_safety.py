"""Being asked again, being refused, and the mails about it, as a member sees them."""

import re
from collections.abc import Iterator

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from playwright.sync_api import Page, expect

from accounts.models import User
from tests.factories import PASSWORD
from tests.flows.axe import overflow, violations
from tests.flows.conftest import OpenPage

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ada(ada: User) -> User:
    EmailAddress.objects.create(user=ada, email=ada.email, verified=True, primary=True)
    return ada


@pytest.mark.parametrize("js", [True, False], ids=["with script", "without"])
def test_new_address_is_added_after_the_password(ada: User, open_page: OpenPage, js: bool) -> None:
    """What was typed once is not typed again."""
    page = open_page(user=ada, js=js, width=390)
    page.goto("/accounts/email/")
    page.get_by_label("New address").fill("new@example.org")
    page.get_by_role("button", name="Add address").click()

    expect(page.get_by_role("heading", name="Confirm it is you")).to_be_visible()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()

    expect(page.get_by_role("heading", name="E-mail addresses")).to_be_visible()
    expect(page.get_by_text("A link to new@example.org is on its way.")).to_be_visible()
    expect(page.locator(".item-t", has_text="new@example.org")).to_be_visible()
    assert sorted(message.to[0] for message in mail.outbox) == [
        "ada@example.org",
        "new@example.org",
    ]


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_axe_finds_nothing_where_somebody_is_refused(
    ada: User, open_page: OpenPage, width: int, scheme: str
) -> None:
    page = open_page(width=width, scheme=scheme)
    for _ in range(6):
        page.goto("/accounts/login/")
        page.get_by_label("Username or e-mail").fill("ada")
        page.get_by_label("Password").fill("guessed it perhaps")
        page.get_by_role("button", name="Sign in").click()
    expect(page.locator(".errsum")).to_contain_text("Too many tries.")
    found = violations("sign-in refused", page) + overflow("sign-in refused", page)

    page = open_page(user=ada, width=width, scheme=scheme)
    User.objects.filter(pk=ada.pk).update(password="!")  # the session goes with it
    page = open_page(user=User.objects.get(pk=ada.pk), width=width, scheme=scheme)
    page.goto("/accounts/password/set/")
    expect(page.get_by_text("Your account has no password yet")).to_be_visible()
    found += violations("no password yet", page) + overflow("no password yet", page)
    EmailAddress.objects.all().delete()
    User.objects.filter(pk=ada.pk).update(email=None)
    page.goto("/accounts/password/set/")
    expect(page.get_by_text("neither a password nor an e-mail address")).to_be_visible()
    found += violations("neither", page)
    assert not found, "\n".join(found)


def every_mail(client, ada: User) -> Iterator[tuple[str, str]]:
    """Subject and HTML of each kind of mail about an account."""
    client.post(
        "/accounts/signup/",
        {"email": "new@example.org", "username": "new", "password1": "four random words do"},
    )
    client.post(
        "/accounts/signup/",
        {"email": ada.email, "username": "other", "password1": "four random words do"},
    )
    for email in (ada.email, "nobody@example.org"):
        client.post("/accounts/password/reset/", {"email": email})
    client.post("/accounts/login/", {"login": "ada", "password": PASSWORD})
    client.post("/accounts/email/", {"action_add": "", "email": f"{'long' * 12}@example.org"})
    for message in mail.outbox:
        yield message.subject, message.alternatives[0].content


def test_every_mail_is_for_everybody(client, ada: User, open_page: OpenPage) -> None:
    mails = dict(every_mail(client, ada))
    assert sorted(mails) == [
        "An e-mail address was added",
        "Choose a new password",
        "Confirm your address",
        "No account in Commons has this address",
        "You already have an account in Commons",
    ]
    page = open_page()
    found = []
    for subject, html in mails.items():
        found += look_at(page, subject, html)
    assert not found, "\n".join(found)


def look_at(page: Page, subject: str, html: str) -> list[str]:
    found = []
    assert not re.search(r"<script|src=", html)
    for width in (600, 320):
        for scheme in ("light", "dark"):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.set_content(html)
            name = f"{subject} at {width} px, {scheme}"
            # A mail is no page: it has no landmarks, and a heading below the sender's name.
            found += [
                line
                for line in violations(name, page)
                if "landmark" not in line and "region" not in line
            ]
    return found + overflow(subject, page)
