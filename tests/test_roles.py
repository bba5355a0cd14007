"""Who may do what: every address of the portal against every role, from one table.

A row is an address and, for GET and for POST, the answers to each of ROLES in order. What htmx asks
for is asked of the same views, and must be answered alike. An address that is missing here fails
the last test; allauth's and the admin's own are covered by their prefixes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from dao_portal.core.events import deliver_due_events
from social.models import Notification
from tests.factories import (
    ProposalFactory,
    TokenFactory,
    UserFactory,
    comment_on,
    open_proposal_with,
)

pytestmark = pytest.mark.django_db

ROLES = ("anonymous", "member", "author", "moderator", "admin")
HTMX = {"HX-Request": "true"}


@dataclass(frozen=True)
class Row:
    """``get``, ``post``: one status for all roles, or one for each. ``data`` is what is posted."""

    path: str
    get: str
    post: str = "405"
    data: dict[str, str] | None = None

    def expected(self, method: str) -> dict[str, int]:
        codes = (self.get if method == "GET" else self.post).split()
        return dict(zip(ROLES, map(int, codes * (5 if len(codes) == 1 else 1)), strict=True))


VOTE = {"choice": "yes", "step": "confirm"}
TEXT = {"content": "Well said."}

# {draft} is the author's, {upcoming} and {open} as well; {comment} is the author's;
# {notification} is the member's.
TABLE = [
    Row("/", "200"),
    Row("/healthz", "200"),
    Row("/theme/", "405", "303"),
    Row("/dev/mail/", "404"),
    Row("/dev/mail/00000000-0000-0000-0000-000000000000/", "404"),
    Row("/help/voting/", "200"),
    Row("/proposals/", "200"),
    Row("/proposals/new/", "302 200 200 200 200", "302 422 422 422 422"),
    Row("/proposals/{open}/", "200"),
    Row("/proposals/{draft}/", "404 404 200 404 404"),
    Row("/proposals/{open}/results/", "200"),
    Row("/proposals/{draft}/results/", "404"),
    Row("/proposals/{open}/votes/", "200"),
    Row("/proposals/{draft}/votes/", "404"),
    Row("/proposals/{open}/votes.csv", "200"),
    Row("/proposals/{draft}/votes.csv", "404"),
    Row("/proposals/{draft}/edit/", "302 404 200 404 404", "302 404 422 404 404"),
    Row("/proposals/{upcoming}/edit/", "302 404 200 404 404", "302 404 422 404 404"),
    Row("/proposals/{draft}/publish/", "302 404 200 404 404", "302 404 422 404 404"),
    Row("/proposals/{upcoming}/withdraw/", "302 404 200 404 404", "302 404 303 404 404"),
    Row("/proposals/{open}/vote/", "302", "303 303 303 422 422", VOTE),
    Row("/proposals/{draft}/vote/", "404", "404", VOTE),
    Row("/proposals/{open}/comments/", "302", "303", TEXT),
    Row("/proposals/{draft}/comments/", "404", "404", TEXT),
    Row("/comments/{comment}/", "302"),
    Row("/comments/{comment}/reply/", "303 302 302 302 302"),
    Row("/comments/{comment}/like/", "405", "303"),
    Row("/comments/{comment}/dislike/", "405", "303"),
    Row("/notifications/", "302 200 200 200 200"),
    Row("/notifications/read/", "405", "302 303 303 303 303"),
    Row("/notifications/bell/", "204 200 200 200 200"),
    Row("/notifications/{notification}/open/", "302 303 404 404 404"),
    Row("/treasury/", "200"),
    Row("/treasury/transactions/", "200"),
    Row("/tokens/", "302"),
    Row("/tokens/DPT/", "200"),
    Row("/members/author/", "200"),
    Row("/account/", "302 200 200 200 200", "302 422 422 422 422"),
    Row("/accounts/email/", "302 200 200 200 200", "302 302 302 302 302"),
    Row("/accounts/sessions/", "302 200 200 200 200", "302"),
    Row("/admin/", "302 302 302 200 200", "302 302 302 200 200"),
    Row("/admin/governance/proposal/", "302 302 302 200 200", "302 302 302 200 200"),
    Row("/admin/governance/vote/", "302 302 302 200 200", "302 302 302 200 200"),
    Row("/admin/governance/proposal/add/", "302 302 302 403 403", "302 302 302 403 403"),
    Row("/admin/core/auditlog/", "302 302 302 200 200", "302 302 302 200 200"),
    Row("/admin/core/setting/", "302 302 302 200 200", "302 302 302 200 200"),
    Row("/admin/accounts/user/", "302 302 302 200 200", "302 302 302 200 200"),
    Row("/admin/treasury/token/", "302 302 302 200 200", "302 302 302 200 200"),
    Row("/admin/social/notification/", "302 302 302 200 200", "302 302 302 200 200"),
]
# A redirect of who is not signed in (302 or 303) goes to the sign-in page; 404 tells nobody that a
# draft exists; posting to one of the admin's lists shows the list.

# Everything below these belongs to a library or to the admin, which has its own door above.
COVERED_PREFIXES = ("accounts/", "admin/")


@dataclass(frozen=True)
class World:
    """One of each, and a signed-in client for each role."""

    places: dict[str, object]
    clients: dict[str, Client]


@pytest.fixture
def world() -> World:
    TokenFactory()
    users = {
        "member": UserFactory(username="member"),
        "author": UserFactory(username="author"),
        "moderator": UserFactory(username="moderator", role="moderator"),
        "admin": UserFactory(username="admin", role="admin"),
    }
    author = users["author"]
    powers = {users["member"]: 5, author: 7}
    opened = open_proposal_with(powers, proposer=author)
    deliver_due_events()
    places = {
        "open": opened.number,
        "draft": ProposalFactory(proposer=author).number,
        "upcoming": ProposalFactory(proposer=author, upcoming=True).number,
        "comment": comment_on(opened, author=author).pk,
        "notification": Notification.objects.get(user=users["member"]).pk,
    }
    clients = {"anonymous": Client()}
    for role, user in users.items():
        clients[role] = Client()
        clients[role].force_login(user)
    return World(places, clients)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.path)
def test_each_role_gets_its_answer(row, world):
    path = row.path.format(**world.places)

    assert answers(world, "GET", path) == row.expected("GET")
    assert answers(world, "POST", path, row.data) == row.expected("POST")


# htmx's own answers where they differ from a page's: parts in place of redirects.
HTMX_GET = {
    "/proposals/{open}/comments/": "200",
    "/comments/{comment}/reply/": "204 200 200 200 200",
}


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.path)
def test_htmx_is_answered_as_a_page_is(row, world):
    path = row.path.format(**world.places)
    expected = Row(path, HTMX_GET.get(row.path, row.get)).expected("GET")

    assert answers(world, "GET", path, headers=HTMX) == expected


def answers(world, method, path, data=None, headers=None) -> dict[str, int]:
    """Status by role; each request is undone before the next."""
    found = {}
    for role, client in world.clients.items():
        with transaction.atomic():
            found[role] = getattr(client, method.lower())(
                path, data or {}, headers=headers
            ).status_code
            transaction.set_rollback(True)
    return found


def test_every_address_is_in_the_table():
    ours = [route for route in routes(get_resolver()) if not route.startswith(COVERED_PREFIXES)]
    paths = [row.path.removeprefix("/") for row in TABLE]

    missing = [
        route for route in ours if not any(re.fullmatch(as_regex(route), path) for path in paths)
    ]

    assert missing == []


def routes(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield route
        else:
            yield from routes(entry, route)


def as_regex(route: str) -> str:
    """``proposals/<int:number>/`` as a regex that a row's path matches."""
    return re.sub(r"<[^>]+>", "[^/]+", route.replace(".", r"\.").removesuffix(r"\Z"))
