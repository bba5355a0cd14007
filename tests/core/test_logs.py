"""What the log says of a request, through the handler that the portal has."""

import io
import logging

import pytest
from django.test import Client

from tests.factories import PASSWORD, UserFactory

KEY = "d9qp3v-4f1c0a2b"


@pytest.fixture
def log():
    (handler,) = (each for each in logging.getLogger().handlers if each.name == "console")
    written = io.StringIO()
    usual = handler.setStream(written)
    yield written
    handler.setStream(usual)


@pytest.mark.django_db
def test_refused_post_of_a_mailed_link_writes_no_key(log):
    """Sent without a cookie: refused before the key is used, which still opens the account."""
    for path in (f"/accounts/password/reset/key/1-{KEY}/", f"/accounts/confirm-email/{KEY}/"):
        assert Client(enforce_csrf_checks=True).post(path).status_code == 403

    assert KEY not in log.getvalue()
    assert log.getvalue().count("Forbidden (CSRF cookie not set.): /accounts/") == 2


@pytest.mark.django_db
def test_confirmation_that_is_not_found_writes_no_key(log):
    assert Client().post(f"/accounts/confirm-email/{KEY}/").status_code == 404

    assert log.getvalue() == "WARNING django.request: Not Found: /accounts/confirm-email/…\n"


@pytest.mark.parametrize(
    ("words", "arguments"),
    [
        (f"/accounts/password/reset/key/1-{KEY}/", ()),
        ("%s of %s", (f"http://localhost:8000/accounts/confirm-email/{KEY}/?next=/", "ada")),
        ("to %s", (f"/accounts/login/?next=%2Faccounts%2Fconfirm-email%2F{KEY}%2F",)),
    ],
)
def test_no_logger_writes_a_key(log, words, arguments):
    logging.getLogger("some.library").warning(words, *arguments)

    assert KEY not in log.getvalue()
    assert log.getvalue().startswith("WARNING some.library: ")


def test_traceback_of_our_own_fault_stays_and_has_no_key(log):
    try:
        raise ValueError(f"/accounts/confirm-email/{KEY}/")
    except ValueError:
        logging.getLogger("django.request").exception("broken", extra={"status_code": 500})

    assert "Traceback" in log.getvalue()
    assert KEY not in log.getvalue()


@pytest.mark.django_db
def test_too_many_fields_are_one_line(log, settings):
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 5
    fields = {f"field{n}": "" for n in range(9)}

    assert Client().post("/accounts/login/", fields).status_code == 400

    assert "TooManyFieldsSent" in log.getvalue()
    assert "Traceback" not in log.getvalue()
    assert log.getvalue()
    assert all(line.startswith(("ERROR", "WARNING")) for line in log.getvalue().splitlines())


@pytest.mark.django_db
def test_refused_form_writes_nothing(log):
    browser = Client()
    browser.force_login(UserFactory(password=PASSWORD))

    assert browser.post("/account/", {"website": "nowhere"}).status_code == 422

    assert log.getvalue() == ""
