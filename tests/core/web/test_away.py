"""PostgreSQL is away for a moment: the answer is 503 and when to come back, never a 500."""

import psycopg
import pytest
from django.conf import settings as portal_settings
from django.core.cache import cache
from django.db import OperationalError, connection, transaction
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.utils import IntegrityError, InterfaceError, InternalError, ProgrammingError
from django.test import Client

from dao_portal.core.web.away import database_is_away
from tests.factories import PASSWORD, UserFactory, cast, open_proposal_with

pytestmark = pytest.mark.django_db(transaction=True)

HTMX = {"HX-Request": "true", "HX-Target": "list"}


def lose_connection() -> None:
    """As after a restart: the session that this thread has is no more."""
    connection.ensure_connection()
    pid = connection.connection.info.backend_pid
    database = connection.settings_dict
    with psycopg.connect(
        host=database["HOST"],
        port=database["PORT"] or 5432,
        user=database["USER"],
        dbname=database["NAME"],
        autocommit=True,
    ) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


@pytest.fixture
def signed_in():
    admin = UserFactory(username="alan", role="admin")
    proposal = open_proposal_with({admin: 60})
    cast(proposal, admin, "yes")
    client = Client(raise_request_exception=False)
    client.force_login(admin)
    yield client, proposal
    connection.close()


PAGES = [
    ("GET", "/", {}),
    ("GET", "/proposals/", {}),
    ("GET", "/proposals/", HTMX),
    ("GET", "/proposals/{}/", {}),
    ("GET", "/proposals/{}/results/?v=x", HTMX),
    ("GET", "/proposals/{}/votes.csv", {}),
    ("GET", "/members/", {}),
    ("GET", "/treasury/", {}),
    ("GET", "/notifications/", {}),
    ("GET", "/admin/", {}),
    ("GET", "/admin/accounts/user/", {}),
    ("GET", "/nowhere/", {}),
    ("GET", "/healthz", {}),
    ("POST", "/proposals/{}/vote/", {}),
    ("POST", "/proposals/{}/vote/", HTMX),
    ("POST", "/accounts/login/", {}),
    ("POST", "/account/", {}),
]


@pytest.mark.parametrize(("method", "path", "headers"), PAGES)
def test_every_page_says_back_in_a_moment_and_comes_back(signed_in, method, path, headers, caplog):
    client, proposal = signed_in
    cache.clear()
    path = path.format(proposal.number)
    form = {"choice": "no", "step": "confirm", "login": "alan", "password": PASSWORD}
    lose_connection()

    answer = (
        client.get(path, headers=headers)
        if method == "GET"
        else client.post(path, form, headers=headers)
    )

    if path == "/nowhere/" and answer.status_code == 404:
        pytest.skip("this page asked nothing")
    assert answer.status_code == 503
    assert answer["Retry-After"] == "5"
    assert "no-store" in answer["Cache-Control"]
    assert answer["X-Frame-Options"] == "DENY"
    assert "Content-Security-Policy" in answer
    if path == "/healthz":
        assert answer.content == b"the database is away"
    else:
        assert "We will be back in a moment" in answer.content.decode()
    assert "Traceback" not in caplog.text
    connection.close()  # what Django does at the end of a request
    assert client.get("/proposals/").status_code == 200
    assert client.get("/healthz").status_code == 200


def test_a_server_that_is_not_there_is_away():
    missing = DatabaseWrapper({**connection.settings_dict, "HOST": "/nowhere"})
    with pytest.raises(OperationalError) as refused:
        missing.ensure_connection()
    assert database_is_away(refused.value)


def test_a_transaction_that_lost_its_connection_is_away():
    def lose_it_halfway() -> None:
        with transaction.atomic():
            lose_connection()
            UserFactory()

    with pytest.raises(Exception) as lost:  # noqa: PT011  (whatever it is)
        lose_it_halfway()
    assert database_is_away(lost.value)
    connection.close()


@pytest.mark.parametrize(
    ("state", "error", "away"),
    [
        ("57P01", OperationalError, True),  # terminated by an administrator
        ("57P02", OperationalError, True),  # crash of another session
        ("57P03", OperationalError, True),  # starting up, in recovery, shutting down
        ("53300", OperationalError, True),  # too many connections
        ("53100", OperationalError, True),  # disk full
        ("08006", OperationalError, True),  # connection failure
        ("25006", InternalError, True),  # a standby
        ("40P01", OperationalError, False),  # a deadlock is our mistake
        ("55P03", OperationalError, False),
        ("57014", OperationalError, False),  # cancelled: too slow
        ("23505", IntegrityError, False),
        ("42P01", ProgrammingError, False),
    ],
)
def test_only_what_passes_by_itself_is_away(state, error, away):
    cause = psycopg.errors.lookup(state)()
    wrapped = error("x")
    wrapped.__cause__ = cause
    assert cause.sqlstate == state
    assert database_is_away(wrapped) is away


def test_what_is_no_error_of_the_database_is_not_away():
    assert not database_is_away(None)
    assert not database_is_away(ValueError())
    assert database_is_away(InterfaceError("connection already closed"))
    later = ValueError()
    later.__context__ = OperationalError("server closed the connection")
    assert database_is_away(later)


def test_an_error_of_ours_stays_an_error_of_ours(client, settings, tmp_path):
    settings.MAIL_TRANSPORT = "dao_portal.core.devmail.EmailBackend"
    settings.DEV_MAIL_DIR = tmp_path
    (tmp_path / "0190c1f2-7777-7777-7777-777777777777.eml").mkdir()
    client.raise_request_exception = False
    answer = client.get("/dev/mail/")
    assert answer.status_code == 500
    assert "Retry-After" not in answer


def test_a_hanging_server_costs_seconds_not_minutes():
    assert portal_settings.DATABASES["default"]["OPTIONS"]["connect_timeout"] == 5


def test_what_a_cursor_says_when_it_is_closed_counts_too():
    """Django hands that on as psycopg raised it."""
    assert database_is_away(psycopg.OperationalError("consuming input failed"))
    assert database_is_away(psycopg.errors.AdminShutdown("terminating connection"))
    assert not database_is_away(psycopg.errors.UniqueViolation("duplicate key"))
