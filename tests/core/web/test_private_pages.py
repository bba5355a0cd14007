"""What is one viewer's own stays out of every cache; what is everybody's may be kept as before."""

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import UserFactory, comment_on, open_proposal_with, voters_of

pytestmark = pytest.mark.django_db

OWN = [
    "/",
    "/proposals/",
    "/proposals/{number}/",
    "/proposals/{number}/votes/",
    "/proposals/new/",
    "/comments/{comment}/reply/",
    "/members/",
    "/members/ada/",
    "/treasury/",
    "/notifications/",
    "/notifications/bell/",
    "/account/",
    "/accounts/email/",
    "/accounts/password/change/",
    "/accounts/sessions/",
    "/admin/",
]
ACCOUNTS = [
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/confirm-email/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
    "/accounts/password/reset/key/1-no-such-key/",
    "/admin/login/",
]
EVERYBODYS = [
    "/proposals/",
    "/proposals/{number}/votes/",
    "/proposals/{number}/votes.csv",
    "/proposals/{number}/results/",
    "/members/",
    "/treasury/",
    "/help/voting/",
]


@pytest.fixture
def places():
    proposal = open_proposal_with({"ada": 60})
    (ada,) = voters_of(proposal)
    return {"number": proposal.number, "comment": comment_on(proposal, author=ada).pk}


def kept(answer) -> set[str]:
    header = answer.headers.get("Cache-Control", "")
    return {part.strip() for part in header.split(",")} - {""}


@pytest.mark.parametrize("path", OWN)
def test_page_of_who_is_signed_in_is_kept_nowhere(client, places, path):
    client.force_login(UserFactory(role="admin"))

    answer = client.get(path.format(**places))

    assert {"no-store", "private"} <= kept(answer)


@pytest.mark.parametrize("path", ACCOUNTS)
def test_page_about_accounts_is_kept_nowhere(client, path):
    assert {"no-store", "private"} <= kept(client.get(path))


def test_page_with_a_form_is_kept_nowhere(client):
    answer = client.get("/accounts/login/")

    assert settings.CSRF_COOKIE_NAME in answer.cookies
    assert "no-store" in kept(answer)


@pytest.mark.parametrize("path", EVERYBODYS)
def test_everybodys_page_may_be_kept_as_before(client, places, path):
    answer = client.get(path.format(**places))

    assert answer.status_code == 200
    assert "no-store" not in kept(answer)


def test_pictures_and_files_are_kept_long_also_by_members(client):
    default_storage.save("pictures/ada.webp", ContentFile(b"RIFF"))
    client.force_login(UserFactory())

    assert {"public", "immutable"} <= kept(client.get("/media/pictures/ada.webp"))


def test_polled_answers_load_no_session_for_it(client, places):
    client.force_login(UserFactory())

    with CaptureQueriesContext(connection) as captured:
        answer = client.get(f"/proposals/{places['number']}/results/")

    assert answer.status_code == 200
    assert [query for query in captured.captured_queries if "django_session" in query["sql"]] == []
