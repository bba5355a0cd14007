"""A cache that may be gone without taking the page with it."""

import logging
import time
from collections.abc import Callable
from functools import wraps
from typing import Any, ClassVar

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

SECONDS_LEFT_ALONE = 5.0


class OwnMemory(LocMemCache):
    """What this process remembers for itself while the server is gone."""

    def __init__(self) -> None:
        super().__init__("own-memory", {"OPTIONS": {"MAX_ENTRIES": 10_000}})

    def incr(self, key: Any, delta: int = 1, version: Any = None) -> int:
        """As always; a count that began on the server begins anew here."""
        self.add(key, 0, version=version)
        return super().incr(key, delta, version)


OWN_MEMORY = OwnMemory()


def _degrading(name: str) -> Callable[..., Any]:
    """That method of the server, or of our own memory when the server cannot be reached."""
    method, answer = getattr(RedisCache, name), getattr(OWN_MEMORY, name)

    @wraps(method)
    def call(self: "DegradingRedisCache", *args: Any, **kwargs: Any) -> Any:
        if self.is_left_alone:
            return answer(*args, **kwargs)
        try:
            return method(self, *args, **kwargs)
        except RedisError as error:
            self.leave_alone()
            logger.warning("cache %s failed: %s", method.__name__, type(error).__name__)
            return answer(*args, **kwargs)

    return call


class DegradingRedisCache(RedisCache):
    """Redis; while the server is gone, each process is a small cache of its own.

    A lost cache makes rate limits weaker (each process counts for itself, from nought), never a
    page an error. After a failure the process leaves the server alone for a while: a page asks many
    times, and waits for a hanging server once.
    """

    _left_alone_until: ClassVar[float] = 0.0

    @property
    def is_left_alone(self) -> bool:
        return time.monotonic() < DegradingRedisCache._left_alone_until

    def leave_alone(self) -> None:
        """Ask the server nothing for SECONDS_LEFT_ALONE."""
        DegradingRedisCache._left_alone_until = time.monotonic() + SECONDS_LEFT_ALONE

    def ask_again(self) -> None:
        """Give the server another chance at once."""
        DegradingRedisCache._left_alone_until = 0.0

    get = _degrading("get")
    add = _degrading("add")
    set = _degrading("set")
    touch = _degrading("touch")
    delete = _degrading("delete")
    has_key = _degrading("has_key")
    incr = _degrading("incr")
    get_many = _degrading("get_many")
    set_many = _degrading("set_many")
    delete_many = _degrading("delete_many")
    clear = _degrading("clear")
