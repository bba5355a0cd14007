"""How often something may be done: counts in the cache, each for its own stretch of time.

A count is raised first and asked afterwards, in one step of the cache, so that fifty at once pass
as few as fifty in a row. At the border of two stretches twice as many may pass. Without the cache
each process counts for itself (web/cache.py): a weaker one, and never none.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from django.core.cache import cache

IPV6_PREFIX = 64  # what one household or server gets


@dataclass(frozen=True)
class Rate:
    """At most ``most`` within ``seconds``."""

    most: int
    seconds: int


def take(counts: Iterable[tuple[str, Rate]]) -> list[str] | None:
    """Count one more under each name, the narrowest first; None when one of them is full.

    What was refused is counted nowhere: whoever runs into a narrow limit does not fill the wide
    one for others. The answer is for ``give_back``.
    """
    taken: list[str] = []
    for name, limit in counts:
        key = f"throttle:{name}:{limit.seconds}:{int(time.time() // limit.seconds)}"
        taken.append(key)
        if _count(key, limit.seconds) > limit.most:
            give_back(taken)
            return None
    return taken


def give_back(taken: Iterable[str]) -> None:
    """Undo a ``take``: it was no wrong try after all."""
    for key in taken:
        with contextlib.suppress(ValueError):  # its time is over
            cache.decr(key)


def _count(key: str, seconds: int) -> int:
    cache.add(key, 0, 2 * seconds)
    try:
        return cache.incr(key)
    except ValueError:  # thrown out by a full cache at this very moment
        return 1


def network_of(address: str) -> str:
    """The address of a client as it is counted: IPv4 whole, IPv6 by its /64; "" stays ""."""
    if not address or ip_address(address).version == 4:
        return address
    return str(ip_network(f"{address}/{IPV6_PREFIX}", strict=False))
