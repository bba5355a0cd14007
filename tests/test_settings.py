"""PORTAL_URL decides; a bad variable stops the start with one line and tells no secret."""

import os
import runpy
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from dao_portal.environment import Environment, RedisUrl
from tests.factories import PASSWORD, UserFactory, open_proposal_with

SECRET = "correct-horse-battery-staple-0123456789-abcdefghijk"
FIELD_KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
PRODUCTION = {
    "PORTAL_URL": "https://dao.example.org",
    "SECRET_KEY": SECRET,
    "FIELD_ENCRYPTION_KEYS": FIELD_KEY,
}
Load = Callable[..., dict[str, Any]]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Load:
    """The settings as they come out of these variables and no others."""

    def run(**variables: str) -> dict[str, Any]:
        monkeypatch.setenv("DAO_STATE_DIR", str(tmp_path))
        monkeypatch.setenv("DATABASE_URL", "")
        monkeypatch.setenv("REDIS_URL", "")
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return runpy.run_path(str(settings.BASE_DIR / "dao_portal" / "settings.py"))

    return run


def manage(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE": "", **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


# --- this machine --------------------------------------------------------------------------------


def test_without_variables_the_portal_serves_this_machine(load, tmp_path):
    loaded = load()
    assert str(loaded["PORTAL_URL"]) == "http://localhost:8000"
    assert set(loaded["ALLOWED_HOSTS"]) == {"localhost", "127.0.0.1", "[::1]"}
    assert loaded["EMBEDDED_SERVICES"] == ["postgres", "valkey"]
    assert loaded["MAIL_TRANSPORT"] == "dao_portal.core.devmail.EmailBackend"
    assert loaded["DEV_MAIL_DIR"] == tmp_path / "mail"
    assert loaded["TRUSTED_PROXY_COUNT"] == 0
    assert (loaded["SESSION_COOKIE_NAME"], loaded["SESSION_COOKIE_SECURE"]) == ("session", False)
    assert (loaded["CSRF_COOKIE_NAME"], loaded["CSRF_COOKIE_SECURE"]) == ("csrf", False)
    assert (loaded["DEBUG"], loaded["DEMO"]) == (False, False)
    assert "SECURE_HSTS_SECONDS" not in loaded


def test_secrets_are_made_once_and_for_the_owner_only(load, tmp_path):
    first, second = load(), load()
    kept = tmp_path / "secrets" / "secret_key"
    assert first["SECRET_KEY"] == second["SECRET_KEY"] == kept.read_text()
    assert first["FIELD_ENCRYPTION_KEYS"] == second["FIELD_ENCRYPTION_KEYS"]
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700


def test_the_port_is_part_of_the_address(load):
    assert str(load(DAO_PORT="8123")["PORTAL_URL"]) == "http://localhost:8123"


def test_the_address_names_the_port(load):
    assert load(PORTAL_URL="http://127.0.0.1:9000")["PORTAL_PORT"] == 9000


def test_an_ipv6_address_keeps_its_brackets(load):
    loaded = load(PORTAL_URL="http://[::1]:9000")
    assert str(loaded["PORTAL_URL"]) == "http://[::1]:9000"
    assert loaded["ALLOWED_HOSTS"][0] == "[::1]"


def test_two_processes_that_make_a_secret_agree(tmp_path):
    environment = Environment({})
    keys = {environment.secret_key("SECRET_KEY", kept_in=tmp_path) for _ in range(3)}
    assert len(keys) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]


def test_a_dotenv_file_completes_the_environment_and_never_overrules_it(monkeypatch, tmp_path):
    (tmp_path / ".env").write_text("DAO_PORT=8005\nALLOWED_HOSTS=a.example.org\n")
    monkeypatch.setenv("DAO_PORT", "8006")
    monkeypatch.delenv("ALLOWED_HOSTS")
    environment = Environment.load(tmp_path / ".env")
    assert environment.text("DAO_PORT") == "8006"
    assert environment.names("ALLOWED_HOSTS") == ["a.example.org"]


# --- production ----------------------------------------------------------------------------------


def test_https_means_production(load, tmp_path):
    loaded = load(**PRODUCTION)
    assert loaded["SECRET_KEY"] == SECRET
    assert loaded["FIELD_ENCRYPTION_KEYS"] == [FIELD_KEY]
    assert loaded["ALLOWED_HOSTS"] == ["dao.example.org"]
    assert loaded["SESSION_COOKIE_NAME"] == "__Host-session"
    assert loaded["CSRF_COOKIE_NAME"] == "__Host-csrf"
    assert loaded["SESSION_COOKIE_SECURE"]
    assert loaded["CSRF_COOKIE_SECURE"]
    assert loaded["SECURE_SSL_REDIRECT"]
    assert loaded["SECURE_HSTS_SECONDS"] == 31_536_000
    assert loaded["SECURE_PROXY_SSL_HEADER"] == ("HTTP_X_FORWARDED_PROTO", "https")
    assert loaded["TRUSTED_PROXY_COUNT"] == loaded["ALLAUTH_TRUSTED_PROXY_COUNT"] == 1
    assert loaded["MAIL_TRANSPORT"] == "django.core.mail.backends.smtp.EmailBackend"
    assert list(tmp_path.iterdir()) == []  # no secret was made


@pytest.mark.parametrize(
    ("variables", "front", "tls", "port", "before"),
    [
        ({}, True, "off", 8000, 0),
        ({"DAO_FRONT": "0"}, False, "off", 8000, 0),
        ({"PORTAL_URL": "http://localhost:9000"}, True, "off", 9000, 0),
        (PRODUCTION, True, "auto", 443, 0),
        (PRODUCTION | {"PORTAL_URL": "https://dao.example.org:8443"}, True, "auto", 8443, 0),
        (PRODUCTION | {"DAO_TLS": "internal", "DAO_PORT": "8444"}, True, "internal", 8444, 0),
        (PRODUCTION | {"DAO_TLS": "off"}, True, "off", 8000, 1),
        (PRODUCTION | {"DAO_FRONT": "0"}, False, "off", 8000, 1),
        (PRODUCTION | {"TRUSTED_PROXY_COUNT": "2"}, True, "auto", 443, 2),
        (PRODUCTION | {"TRUSTED_PROXY_COUNT": "0", "DAO_TLS": "off"}, True, "off", 8000, 0),
    ],
)
def test_who_ends_tls_and_who_stands_before_it(load, variables, front, tls, port, before):
    loaded = load(**variables)
    assert loaded["FRONT"] is front
    assert loaded["TLS"] == tls
    assert loaded["PORTAL_PORT"] == port
    assert loaded["PROXIES_BEFORE_FRONT"] == before


def test_no_trusted_proxy_means_no_trusted_header(load):
    assert "SECURE_PROXY_SSL_HEADER" not in load(**PRODUCTION, TRUSTED_PROXY_COUNT="0")


def test_more_hosts_can_be_allowed(load):
    loaded = load(**PRODUCTION, ALLOWED_HOSTS="www.example.org, dao.example.com")
    assert loaded["ALLOWED_HOSTS"] == ["dao.example.org", "www.example.org", "dao.example.com"]


def test_check_deploy_has_nothing_to_say():
    result = manage("check", "--deploy", "--fail-level=DEBUG", **PRODUCTION)
    assert (result.returncode, result.stderr) == (0, "")


# --- servers of one's own ------------------------------------------------------------------------


def test_database_and_redis_of_ones_own_replace_the_embedded_ones(load):
    loaded = load(
        DATABASE_URL="postgres://dao:p%40ss@db.example.org:6432/portal?sslmode=require",
        REDIS_URL="rediss://:secret@cache.example.org:6380/4",
    )
    database = loaded["DATABASES"]["default"]
    assert loaded["EMBEDDED_SERVICES"] == []
    assert {key: database[key] for key in ("NAME", "USER", "PASSWORD", "HOST", "PORT")} == {
        "NAME": "portal",
        "USER": "dao",
        "PASSWORD": "p@ss",
        "HOST": "db.example.org",
        "PORT": 6432,
    }
    assert database["OPTIONS"] == {"sslmode": "require", "connect_timeout": 5}
    assert loaded["CELERY_BROKER_URL"] == "rediss://:secret@cache.example.org:6380/4"
    assert loaded["CACHES"]["default"]["LOCATION"] == "rediss://:secret@cache.example.org:6380/5"


def test_a_database_socket_may_stand_in_the_address(load):
    database = load(DATABASE_URL="postgres://dao@%2Fvar%2Frun%2Fpg/portal")["DATABASES"]["default"]
    assert database["HOST"] == "/var/run/pg"


@pytest.mark.parametrize(
    ("given", "broker", "cache"),
    [
        ("redis://h", "redis://h/0", "redis://h/1"),
        ("redis://h:1/3?timeout=2", "redis://h:1/3?timeout=2", "redis://h:1/4?timeout=2"),
        ("unix:///run/kv", "redis+socket:///run/kv?virtual_host=0", "unix:///run/kv?db=1"),
        ("unix:///run/kv?db=2", "redis+socket:///run/kv?virtual_host=2", "unix:///run/kv?db=3"),
    ],
)
def test_queue_and_cache_have_databases_of_their_own(given, broker, cache):
    address = RedisUrl.parse(given)
    assert (address.broker, address.cache) == (broker, cache)


def test_mail_goes_through_the_named_server(load):
    loaded = load(EMAIL_URL="smtp+tls://portal:p%40ss@mail.example.org:587")
    names = ("MAIL_TRANSPORT", "EMAIL_HOST", "EMAIL_PORT", "EMAIL_HOST_PASSWORD", "EMAIL_USE_TLS")
    assert [loaded[name] for name in names] == [
        "django.core.mail.backends.smtp.EmailBackend",
        "mail.example.org",
        587,
        "p@ss",
        True,
    ]
    assert loaded["EMAIL_BACKEND"] == "dao_portal.core.outbox.EmailBackend"


# --- bad values ----------------------------------------------------------------------------------

DATABASE_EXAMPLE = "write postgres://user:password@host:5432/dao_portal."
REDIS_EXAMPLE = "write redis://host:6379/0 or unix:///path/to/socket?db=0."
ADDRESS_EXAMPLE = "write scheme and host only, like https://dao.example.org."
BAD = [
    ({"DAO_PORT": "80a"}, "DAO_PORT is '80a'; write a whole number from 1 to 65535."),
    ({"DAO_PORT": "0"}, "DAO_PORT is '0'; write a whole number from 1 to 65535."),
    ({"DAO_PORT": "65536"}, "DAO_PORT is '65536'; write a whole number from 1 to 65535."),
    ({"DAO_TLS": "on"}, "DAO_TLS is 'on'; write one of auto, internal, off."),
    (
        {"DAO_TLS": "internal"},
        "DAO_TLS is 'internal', and PORTAL_URL is http; write an https PORTAL_URL.",
    ),
    ({"DEBUG": "maybe"}, "DEBUG is 'maybe'; write 1 or 0."),
    ({"DAO_DEMO": "2"}, "DAO_DEMO is '2'; write 1 or 0."),
    (
        {"PORTAL_URL": "http://dao.example.org"},
        (
            "PORTAL_URL is 'http://dao.example.org', and plain http is for this machine only;"
            " write https://dao.example.org, or http://localhost."
        ),
    ),
    ({"PORTAL_URL": "dao.example.org"}, f"PORTAL_URL is 'dao.example.org'; {ADDRESS_EXAMPLE}"),
    ({"PORTAL_URL": "ftp://localhost"}, f"PORTAL_URL is 'ftp://localhost'; {ADDRESS_EXAMPLE}"),
    ({"PORTAL_URL": "https://a.b/dao"}, f"PORTAL_URL is 'https://a.b/dao'; {ADDRESS_EXAMPLE}"),
    (
        {"PORTAL_URL": "http://localhost:x"},
        f"PORTAL_URL is 'http://localhost:x'; {ADDRESS_EXAMPLE}",
    ),
    (
        {"PORTAL_URL": "https://dao.example.org"},
        "SECRET_KEY is not set; an https PORTAL_URL needs it, see docs/settings.md.",
    ),
    (
        {**PRODUCTION, "FIELD_ENCRYPTION_KEYS": ""},
        "FIELD_ENCRYPTION_KEYS is not set; an https PORTAL_URL needs it, see docs/settings.md.",
    ),
    (
        {**PRODUCTION, "DAO_DEMO": "1"},
        "DAO_DEMO is on, and PORTAL_URL is https; write DAO_DEMO=0 in production.",
    ),
    (
        {**PRODUCTION, "DEBUG": "1"},
        "DEBUG is on, and PORTAL_URL is https; write DEBUG=0 in production.",
    ),
    (
        {"TRUSTED_PROXY_COUNT": "-1"},
        "TRUSTED_PROXY_COUNT is '-1'; write a whole number from 0 to 9.",
    ),
    (
        {"DATABASE_URL": "mysql://h/d"},
        f"DATABASE_URL is not a PostgreSQL address; {DATABASE_EXAMPLE}",
    ),
    ({"DATABASE_URL": "postgres://h"}, f"DATABASE_URL names no database; {DATABASE_EXAMPLE}"),
    ({"DATABASE_URL": "postgres://h:x/d"}, f"DATABASE_URL cannot be read; {DATABASE_EXAMPLE}"),
    ({"REDIS_URL": "http://h"}, f"REDIS_URL is not a Redis or Valkey address; {REDIS_EXAMPLE}"),
    ({"REDIS_URL": "redis://h/x"}, f"REDIS_URL is not a Redis or Valkey address; {REDIS_EXAMPLE}"),
    ({"REDIS_URL": "unix://?db=1"}, f"REDIS_URL is not a Redis or Valkey address; {REDIS_EXAMPLE}"),
    (
        {"EMAIL_URL": "mail.example.org"},
        (
            "EMAIL_URL is not the address of a mail server;"
            " write smtp+tls://user:password@mail.example.org:587."
        ),
    ),
]


@pytest.mark.parametrize(("variables", "message"), BAD)
def test_a_bad_value_is_named_with_its_remedy(load, variables, message):
    with pytest.raises(ImproperlyConfigured) as caught:
        load(**variables)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "variables",
    [
        {**PRODUCTION, "SECRET_KEY": "too-short-hunter2"},
        {**PRODUCTION, "SECRET_KEY": "django-insecure-hunter2" * 3},
        {**PRODUCTION, "FIELD_ENCRYPTION_KEYS": f"{FIELD_KEY},hunter2"},
        {"DATABASE_URL": "postgres://dao:hunter2@h:port/portal"},
        {"DATABASE_URL": "mysql://dao:hunter2@h/portal"},
        {"REDIS_URL": "redis://:hunter2@h/x"},
        {"EMAIL_URL": "smtp://dao:hunter2@h:port"},
    ],
)
def test_a_message_never_tells_the_secret(load, variables):
    with pytest.raises(ImproperlyConfigured) as caught:
        load(**variables)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("command", [["migrate"], ["runportal"], ["check"], ["help"]])
def test_every_command_shows_a_bad_value_as_one_line(command):
    result = manage(*command, DAO_PORT="80a")
    assert (result.returncode, result.stdout, result.stderr) == (
        1,
        "",
        "dao_portal: DAO_PORT is '80a'; write a whole number from 1 to 65535.\n",
    )


@pytest.mark.django_db
def test_every_cookie_of_a_production_is_for_tls_alone(load, settings, client):
    """Whether this request came by TLS or not: what stands before us may not tell."""
    for name, value in load(**PRODUCTION).items():
        if name == "PORTAL_URL" or "COOKIE" in name:
            setattr(settings, name, value)
    ada = UserFactory(username="ada")
    EmailAddress.objects.create(user=ada, email=ada.email, verified=True, primary=True)
    page = open_proposal_with({ada: 5}).get_absolute_url()
    answers = [
        client.get("/accounts/login/"),
        client.post("/accounts/login/", {"login": "ada", "password": PASSWORD}),
        client.post("/theme/", {"theme": "dark"}),
        client.get(f"{page}comments/?sort=oldest", headers={"HX-Request": "true"}),
        client.post(f"{page}vote/", {"choice": "yes", "step": "confirm"}),
    ]

    cookies = [cookie for answer in answers for cookie in answer.cookies.values()]

    assert {cookie.key for cookie in cookies} == {
        "__Host-session",
        "__Host-csrf",
        "__Host-known",
        "theme",
        "comments_sort",
        "messages",
    }
    assert [cookie.key for cookie in cookies if not cookie["secure"]] == []
    assert settings.LANGUAGE_COOKIE_SECURE
