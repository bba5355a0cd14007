"""Every address of the portal, as Django's resolver has it."""

import re
from collections.abc import Iterator

from django.urls import URLPattern, URLResolver


def routes(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield route
        else:
            yield from routes(entry, route)


def as_regex(route: str) -> str:
    """A route of either kind as a regex that a row's path matches.

    ``proposals/<int:number>/`` and ``accounts/^confirm-email/(?P<key>[-:\\w]+)/$``.
    """
    if "^" in route or "$" in route:
        return route.replace("^", "").replace("$", "").replace(r"\Z", "")
    return re.sub(r"<[^>]+>", "[^/]+", route.replace(".", r"\."))
