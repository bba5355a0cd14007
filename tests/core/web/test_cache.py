"""A Valkey that is really stopped, or really hangs: the portal goes on as with an empty cache."""

import inspect
import os
import signal
import time

import pytest
from django.conf import settings
from django.core.cache.backends.redis import RedisCache

from dao_portal.core.web.cache import OWN_MEMORY, DegradingRedisCache
from dao_portal.embedded.servers import Valkey, redis_url
from dao_portal.environment import RedisUrl


@pytest.fixture
def valkey(tmp_path):
    """A server of our own, so that nobody else's cache goes when we stop it."""
    server = Valkey(tmp_path, persist=False)
    server.start()
    yield server
    server.stop()
    server.socket.unlink(missing_ok=True)
    server.sockets.rmdir()


@pytest.fixture
def cache(valkey):
    """The portal's cache, with the portal's own patience, on that server."""
    configured = {**settings.CACHES["default"]}
    del configured["BACKEND"], configured["LOCATION"]
    address = RedisUrl.parse(redis_url(valkey.state)).cache
    cache = DegradingRedisCache(address, configured)
    cache.ask_again()
    yield cache
    cache.close()
    cache.ask_again()


OPERATIONS = {
    "get": (lambda cache: cache.get("key"), None),
    "get with a default": (lambda cache: cache.get("key", "default"), "default"),
    "add": (lambda cache: cache.add("key", 1), True),
    "set": (lambda cache: cache.set("key", 1), None),
    "touch": (lambda cache: cache.touch("key"), False),
    "delete": (lambda cache: cache.delete("key"), False),
    "has_key": (lambda cache: cache.has_key("key"), False),
    "in": (lambda cache: "key" in cache, False),
    "incr": (lambda cache: cache.incr("key"), 1),
    "incr by more": (lambda cache: cache.incr("key", 5), 5),
    "decr": (lambda cache: cache.decr("key"), -1),
    "get_many": (lambda cache: cache.get_many(["key", "other"]), {}),
    "set_many": (lambda cache: cache.set_many({"key": 1}), []),
    "delete_many": (lambda cache: cache.delete_many(["key"]), None),
    "get_or_set": (lambda cache: cache.get_or_set("key", 7), 7),
    "clear": (lambda cache: cache.clear(), None),
}


def test_with_a_server_it_is_a_cache(cache):
    cache.set("key", 1)

    assert cache.get("key") == 1
    assert cache.incr("key") == 2
    assert cache.add("key", 9) is False
    assert cache.delete("key") is True
    assert cache.get("key", "default") == "default"


@pytest.mark.parametrize("operation", OPERATIONS)
def test_without_a_server_it_answers_as_an_empty_one(valkey, cache, operation):
    cache.set("key", "before")
    valkey.stop()
    ask, answer = OPERATIONS[operation]

    assert ask(cache) == answer


def test_without_a_server_a_process_counts_for_itself(valkey, cache):
    cache.set("tries", 40)
    valkey.stop()

    assert [cache.incr("tries") for _ in range(3)] == [1, 2, 3]
    assert cache.add("seen", 1, 60)
    assert not cache.add("seen", 1, 60)
    assert cache.get("seen") == 1


def test_without_a_server_a_sum_is_made_once_and_remembered(valkey, cache):
    valkey.stop()
    made = []

    for _ in range(2):
        assert cache.get_or_set("sum", lambda: made.append("sum") or 7, 60) == 7

    assert made == ["sum"]


def test_what_a_process_remembers_is_bounded(valkey, cache):
    valkey.stop()
    for number in range(12_000):
        cache.set(f"key-{number}", number)

    assert len(OWN_MEMORY._cache) <= 10_000


def test_every_operation_degrades():
    """One that RedisCache gains with a later Django would raise into a page."""
    operations = {
        name
        for name, function in vars(RedisCache).items()
        if inspect.isfunction(function) and not name.startswith("_")
    }

    assert operations - set(vars(DegradingRedisCache)) == {"get_backend_timeout"}


def test_a_hanging_server_is_waited_for_once(valkey, cache):
    os.kill(valkey.process.pid, signal.SIGSTOP)
    try:
        start = time.monotonic()
        answers = [cache.get(f"key-{number}", "default") for number in range(20)]
        waited = time.monotonic() - start
    finally:
        os.kill(valkey.process.pid, signal.SIGCONT)

    assert answers == ["default"] * 20
    assert waited < 2


def test_a_server_that_comes_back_is_used_again(valkey, cache):
    valkey.stop()
    cache.set("key", "lost")
    valkey.start()

    assert cache.get("key") == "lost"  # it is left alone for a few seconds
    cache.ask_again()
    assert cache.get("key") is None
    cache.set("key", "kept")
    assert cache.get("key") == "kept"


def test_a_failure_is_said_once_not_once_a_question(valkey, cache, caplog):
    valkey.stop()

    for _ in range(5):
        cache.get("key")

    assert [record.getMessage() for record in caplog.records] == [
        "cache get failed: ConnectionError"
    ]
