from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.mail import EmailMultiAlternatives, send_mail
from django.template.loader import render_to_string
from django.test import Client, override_settings
from django.urls import reverse

from dao_portal.core.devmail import newest_mails

# --- theme ----------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_theme_is_kept_in_a_cookie_and_leads_back(client: Client, theme: str) -> None:
    response = client.post("/theme/", {"theme": theme, "next": "/proposals/?status=open"})

    assert response.status_code == 303
    assert response["Location"] == "/proposals/?status=open"
    cookie = response.cookies["theme"]
    assert (cookie.value, cookie["httponly"], cookie["samesite"]) == (theme, True, "Lax")


@pytest.mark.parametrize("theme", ["auto", "", "neon"])
def test_any_other_theme_forgets_the_cookie(client: Client, theme: str) -> None:
    client.cookies["theme"] = "dark"
    response = client.post("/theme/", {"theme": theme, "next": "/"})
    assert response.cookies["theme"].value == ""
    assert response.cookies["theme"]["max-age"] == 0


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example", ""],
)
def test_theme_leads_nowhere_else(client: Client, elsewhere: str) -> None:
    response = client.post("/theme/", {"theme": "dark", "next": elsewhere})
    assert response["Location"] == "/"


def test_theme_needs_a_form(client: Client) -> None:
    assert client.get("/theme/").status_code == 405


@pytest.mark.django_db
def test_the_page_wears_the_theme(client: Client) -> None:
    client.cookies["theme"] = "dark"
    assert '<html lang="en" data-theme="dark">' in client.get("/nowhere/").content.decode()


# --- health ---------------------------------------------------------------------------------


@pytest.mark.django_db
def test_health_says_that_the_database_answers(client: Client) -> None:
    """tests/core/web/test_away.py has what it says otherwise."""
    response = client.get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok")
    assert "no-store" in response["Cache-Control"]


# --- mail on this machine -------------------------------------------------------------------


@pytest.fixture
def mailbox(settings: Any, tmp_path: Path) -> Iterator[Path]:
    settings.EMAIL_BACKEND = settings.MAIL_TRANSPORT = "dao_portal.core.devmail.EmailBackend"
    settings.DEV_MAIL_DIR = tmp_path / "mail"
    return settings.DEV_MAIL_DIR


@pytest.mark.django_db
def test_mails_are_listed_newest_first(client: Client, mailbox: Path) -> None:
    for subject in ("first", "second"):
        send_mail(subject, "text", None, ["ada@example.org"])

    assert [mail.subject for mail in newest_mails()] == ["second", "first"]
    page = client.get(reverse("dev_mail_list")).content.decode()
    assert page.index("second") < page.index("first")


@pytest.mark.django_db
def test_a_mail_shows_its_text_with_links_to_follow(client: Client, mailbox: Path) -> None:
    link = "http://localhost:8000/accounts/confirm-email/MQ:1v-x:y_z/"
    mail = EmailMultiAlternatives("Hello <b>", f"Open\n{link}\n<script>", to=["ada@example.org"])
    mail.attach_alternative("<p>not shown</p>", "text/html")
    mail.send()

    page = client.get(reverse("dev_mail", args=[newest_mails()[0].id])).content.decode()

    assert f'href="{link}"' in page
    assert "not shown" not in page
    assert "&lt;script&gt;" in page
    assert "Hello &lt;b&gt;" in page


@pytest.mark.django_db
def test_an_empty_mailbox_says_so(client: Client, mailbox: Path) -> None:
    assert "No mail yet" in client.get(reverse("dev_mail_list")).content.decode()


@pytest.mark.django_db
def test_an_unknown_mail_is_not_found(client: Client, mailbox: Path) -> None:
    assert client.get(reverse("dev_mail", args=[uuid4()])).status_code == 404


@pytest.mark.django_db
def test_mail_is_not_readable_with_a_mail_server(client: Client, mailbox: Path) -> None:
    send_mail("secret", "text", None, ["ada@example.org"])
    address = reverse("dev_mail", args=[newest_mails()[0].id])
    with override_settings(MAIL_TRANSPORT="django.core.mail.backends.smtp.EmailBackend"):
        assert client.get(reverse("dev_mail_list")).status_code == 404
        assert client.get(address).status_code == 404


@pytest.mark.django_db
def test_mail_is_not_readable_in_production(client: Client, mailbox: Path, settings: Any) -> None:
    send_mail("secret", "text", None, ["ada@example.org"])
    address = reverse("dev_mail", args=[newest_mails()[0].id])
    settings.PORTAL_URL = type(settings.PORTAL_URL)("https", "portal.example", None)
    assert client.get(reverse("dev_mail_list")).status_code == 404
    assert client.get(address).status_code == 404


# --- errors ---------------------------------------------------------------------------------


@pytest.mark.django_db
def test_not_found_wears_the_shell(client: Client) -> None:
    response = client.get("/nowhere/")
    assert response.status_code == 404
    assert "There is no page here" in response.content.decode()
    assert "<title>Page not found · Commons</title>" in response.content.decode()


@pytest.mark.django_db
def test_an_expired_form_says_so() -> None:
    response = Client(enforce_csrf_checks=True).post("/theme/", {"theme": "dark"})
    assert response.status_code == 403
    assert "That form had expired" in response.content.decode()


@pytest.mark.django_db
def test_a_crash_shows_a_page_that_needs_nothing(client: Client, mailbox: Path) -> None:
    (mailbox / f"{uuid4()}.eml").mkdir(parents=True)  # a folder is no mail: reading it fails
    client.raise_request_exception = False
    response = client.get(reverse("dev_mail_list"))
    assert response.status_code == 500
    assert "Something broke on our side" in response.content.decode()


@pytest.mark.parametrize(
    "code", ["400", "403", "403_csrf", "404", "408", "409", "410", "413", "429", "500", "503"]
)
def test_error_pages_need_no_database_and_no_context(code: str) -> None:
    """No django_db mark, no request: what these pages need must be there when all else fails."""
    page = render_to_string(f"{code}.html")
    assert f'<p class="err-code">{code[:3]}</p>' in page
    assert "DAO portal" in page
