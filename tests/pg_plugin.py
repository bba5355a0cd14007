"""Gives each test run a PostgreSQL and a Valkey of its own (loaded with ``-p tests.pg_plugin``).

They start before Django reads its settings and go with the run; xdist's workers share them. The
rest of the environment is cleared, so that a developer's own variables cannot change a test.
"""

import atexit
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from dao_portal.embedded.servers import Postgres, Valkey, database_url, redis_url, socket_dir

# Nothing of a test run has to survive a power cut.
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}
OURS = (
    "ALLOWED_HOSTS",
    "DAO_CADDY_BIN",
    "DAO_DEMO",
    "DAO_FRONT",
    "DAO_HTTP_PORT",
    "DAO_PORT",
    "DAO_TLS",
    "DATABASE_URL",
    "DEBUG",
    "EMAIL_URL",
    "FIELD_ENCRYPTION_KEYS",
    "PORTAL_URL",
    "REDIS_URL",
    "SECRET_KEY",
    "SENTRY_DSN",
    "TRUSTED_PROXY_COUNT",
)

_running = contextlib.ExitStack()


def start() -> None:
    state = Path(tempfile.mkdtemp(prefix="dao-test-"))
    state.chmod(0o755)  # as root, PostgreSQL runs as somebody who must get in
    _running.callback(shutil.rmtree, state, ignore_errors=True)
    _running.callback(shutil.rmtree, socket_dir(state), ignore_errors=True)
    for server in (Postgres(state, FAST), Valkey(state, persist=False)):
        _running.callback(server.stop)
        server.start()
    for name in OURS:
        os.environ[name] = ""  # set and empty counts as unset, and hides a .env file's value
    os.environ["DAO_STATE_DIR"] = str(state)
    os.environ["DATABASE_URL"] = database_url(state)
    os.environ["REDIS_URL"] = redis_url(state)
    # Playwright's synchronous interface runs an event loop in our thread.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"


def leave(*_: object) -> None:
    """A run that is ended from outside takes its servers along; Python would leave them."""
    sys.exit(128 + signal.SIGTERM)


def use_own_redis(worker: int) -> None:
    """pytest-django gives each worker a database of its own; this gives it a queue and a cache."""
    address, _, _ = os.environ["REDIS_URL"].partition("?")
    os.environ["REDIS_URL"] = f"{address}?db={2 * worker + 2}"


@pytest.hookimpl(tryfirst=True, wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None]:
    options = early_config.known_args_namespace
    worker = os.environ.get("PYTEST_XDIST_WORKER")  # "gw0"; has inherited the addresses
    if worker:
        use_own_redis(int(worker.removeprefix("gw")))
    elif not (options.help or options.version):
        atexit.register(_running.close)
        signal.signal(signal.SIGTERM, leave)
        start()
    return (yield)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    _running.close()
