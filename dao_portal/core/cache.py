"""A cache that may be gone without taking the page with it."""

import logging
import time
from collections.abc import Callable
from functools import wraps
from typing import Any, ClassVar, TypeVar

from django.core.cache import cache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

SECONDS_LEFT_ALONE = 5.0
Value = TypeVar("Value")


def keep(key: str, seconds: int, make: Callable[[], Value]) -> Value:
    """What ``make`` answered at most ``seconds`` ago: for sums over a million rows.

    None is not kept.
    """
    kept: Value | None = cache.get(key)
    if kept is None:
        kept = make()
        cache.set(key, kept, seconds)
    return kept


def _degrading(method: Callable[..., Any], answer: Callable[..., Any]) -> Callable[..., Any]:
    """``method``, or ``answer`` with the same arguments when the server cannot be reached."""

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
    """Redis, with every operation answering as an empty cache would when the server is gone.

    ``add`` says True (whoever asked may go on), ``get`` its default, ``incr`` the first step: a
    lost cache makes rate limits lenient, never a page an error. After a failure the process
    leaves the server alone for a while: a page asks many times, and waits for a hanging server
    once.
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

    get = _degrading(RedisCache.get, lambda key, default=None, version=None: default)
    add = _degrading(RedisCache.add, lambda *args, **kwargs: True)
    set = _degrading(RedisCache.set, lambda *args, **kwargs: None)
    touch = _degrading(RedisCache.touch, lambda *args, **kwargs: False)
    delete = _degrading(RedisCache.delete, lambda *args, **kwargs: False)
    has_key = _degrading(RedisCache.has_key, lambda *args, **kwargs: False)
    incr = _degrading(RedisCache.incr, lambda key, delta=1, version=None: delta)
    get_many = _degrading(RedisCache.get_many, lambda *args, **kwargs: {})
    set_many = _degrading(RedisCache.set_many, lambda *args, **kwargs: [])
    delete_many = _degrading(RedisCache.delete_many, lambda *args, **kwargs: None)
    clear = _degrading(RedisCache.clear, lambda *args, **kwargs: None)
