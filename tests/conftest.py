"""What every test stands on: fast passwords, tasks at once, no way out of this machine."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import hypothesis
import psycopg
import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test import Client

from accounts.models import User
from dao_portal.celery import app as celery_app
from dao_portal.core.options import clear_option_cache
from dao_portal.core.web.cache import OWN_MEMORY
from dao_portal.environment import is_loopback
from tests.factories import UserFactory

CHROMIUM = os.environ.get("DAO_CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",  # CI runs as root in a container
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
]


def pytest_configure() -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.MAIL_TRANSPORT = "django.core.mail.backends.locmem.EmailBackend"
    settings.STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    celery_app.conf.update(task_always_eager=True, task_eager_propagates=True)
    celery_app.loader.import_default_modules()  # tasks are woken by name
    hypothesis.settings.register_profile("portal", deadline=None)  # a busy machine is no bug
    hypothesis.settings.load_profile("portal")
    sys.addaudithook(refuse_the_outside)


def refuse_the_outside(event: str, arguments: tuple[Any, ...]) -> None:
    """No test connects to anything but this machine: it would pass only while that is there."""
    if event in {"socket.connect", "socket.sendto"}:
        address = arguments[1]
        if not isinstance(address, tuple):
            return  # a unix socket
        host = address[0]
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    if host and not is_loopback(str(host)):
        raise RuntimeError(f"a test tried to reach {host}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")


def pytest_runtest_setup(item: pytest.Item) -> None:
    if CHROMIUM or not item.get_closest_marker("browser"):
        return
    reason = "no Chromium: apt-get install chromium, or name one in DAO_CHROMIUM"
    if os.environ.get("DAO_REQUIRE_BROWSER") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """The whole server goes with the run (tests/pg_plugin.py): no database is dropped one by one.

    DROP DATABASE fails while a session is left in it, and a thread of the live server that a
    browser held on to may end a moment later than the last test.
    """
    return True


@pytest.fixture(scope="session")
def real_database(
    django_db_setup: None, django_db_blocker: Any
) -> Iterator[psycopg.Connection[Any]]:
    """A migrated database that by its name is no test's; a connection to it, outside transactions.

    Who looks for what a test database may do and no other, such as to be emptied.
    """
    name = f"portal_{os.getpid()}"
    address = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity=0"],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DATABASE_URL": address},
        check=True,
        timeout=300,
    )
    with psycopg.connect(address, autocommit=True) as ours:
        yield ours
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    return {
        **browser_type_launch_args,
        "executable_path": CHROMIUM,
        "args": CHROMIUM_ARGUMENTS,
    }


@pytest.fixture
def ada(db: None) -> User:
    """The member whom most tests are about; a module whose ada has more takes this one further."""
    return UserFactory(username="ada")


@pytest.fixture
def signed_in(client: Client, ada: User) -> Client:
    """ada's browser."""
    client.force_login(ada)
    return client


@pytest.fixture
def moderator(db: None) -> Client:
    """Their browser."""
    return client_of(UserFactory(username="the-moderator", role="moderator"))


@pytest.fixture
def administrator(db: None) -> Client:
    """Their browser."""
    return client_of(UserFactory(username="the-admin", role="admin"))


def client_of(member: User) -> Client:
    client = Client()
    client.force_login(member)
    return client


@pytest.fixture
def _demo(settings: Any) -> None:
    """As with DAO_DEMO=1."""
    settings.DEMO = True
    settings.INSTALLED_APPS = ["dao_portal.demo", *settings.INSTALLED_APPS]


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    """Rate limits and a cache that went away are none of the next test's business."""
    yield
    cache.ask_again()
    cache.clear()
    OWN_MEMORY.clear()
    clear_option_cache()
