"""Who may do what: every address of the portal against every role, from one table.

A row is an address and the answers to GET and POST, one for all roles or one for each of ROLES in
order; what htmx asks for is answered alike where the row does not say otherwise. An address of the
portal, of the admin or of the sign-in pages that is missing here fails the last test.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath
from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib import admin
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.test import Client, RequestFactory
from django.urls import get_resolver

from accounts.models import Profile, User, Wallet
from dao_portal.core.audit.delivery import deliver_due_events
from dao_portal.core.models import FormKey, OutgoingMail
from dao_portal.core.services.options import set_option
from social.models import CommentReaction, Notification
from social.services.comments import set_reaction
from tests.factories import (
    ProposalFactory,
    TokenFactory,
    TransactionFactory,
    UserFactory,
    cast,
    comment_on,
    decided_proposal,
    open_proposal_with,
)
from tests.routes import as_regex, routes
from treasury.models import TransactionHash, WaitingHolding

pytestmark = pytest.mark.django_db

# The author wrote every proposal and comment and may vote; the member may vote; the stranger has no
# power. All of them are signed in, with a verified address.
ROLES = ("anonymous", "stranger", "member", "author", "moderator", "admin")


@dataclass(frozen=True)
class Row:
    """``get``, ``post``: what a browser gets; ``hx_get``, ``hx_post``: what htmx gets instead.

    ``data`` is what is posted; ``target`` the part of the page that htmx asks for.
    """

    path: str
    get: str
    post: str = "405"
    data: dict[str, str] | None = None
    hx_get: str = ""
    hx_post: str = ""
    target: str = "main"

    def expected(self, way: str) -> dict[str, int]:
        codes = {
            "GET": self.get,
            "POST": self.post,
            "htmx GET": self.hx_get or self.get,
            "htmx POST": self.hx_post or self.post,
        }[way].split()
        return dict(zip(ROLES, map(int, codes * (6 if len(codes) == 1 else 1)), strict=True))


VOTE = {"choice": "yes", "step": "confirm"}
TEXT = {"content": "Well said."}
DRAFT = {"title": "A bench", "description": ""}
SIGNED_IN = "302 200 200 200 200 200"
AUTHOR = "302 404 404 200 404 404"
AUTHOR_MOVES_ON = "302 404 404 303 404 404"
AUTHOR_CORRECTS = "302 404 404 422 404 404"

# {draft}, {upcoming}, {open}, {decided} and {comment} are the author's; {told} is what the member
# was told. A redirect of who is not signed in (302, 303, htmx: 204) leads to the sign-in page; 404
# tells nobody that a draft or a number exists.
TABLE = [
    Row("/", "200"),
    Row("/healthz", "200"),
    Row("/theme/", "405", "303"),
    Row("/dev/mail/", "404"),
    Row("/dev/mail/00000000-0000-0000-0000-000000000000/", "404"),
    Row("/help/voting/", "200"),
    Row("/proposals/", "200", target="list"),
    Row("/proposals/new/", SIGNED_IN, "302 422 422 422 422 422", DRAFT, target="editor"),
    Row("/proposals/{draft}/", "404 404 404 200 404 404"),
    Row("/proposals/{upcoming}/", "200", target="vote"),
    Row("/proposals/{open}/", "200", target="vote"),
    Row("/proposals/{decided}/", "200", target="vote"),
    Row("/proposals/1000000/", "404", target="vote"),
    Row("/proposals/{draft}/results/", "404", target="results"),
    Row("/proposals/{upcoming}/results/", "200", target="results"),
    Row("/proposals/{open}/results/", "200", target="results"),
    Row("/proposals/{decided}/results/", "200", target="results"),
    Row("/proposals/1000000/results/", "404", target="results"),
    Row("/proposals/{draft}/votes/", "404", target="votes"),
    Row("/proposals/{upcoming}/votes/", "200", target="votes"),
    Row("/proposals/{open}/votes/", "200", target="votes"),
    Row("/proposals/{decided}/votes/", "200", target="votes"),
    Row("/proposals/{draft}/votes.csv", "404"),
    Row("/proposals/{upcoming}/votes.csv", "200"),
    Row("/proposals/{open}/votes.csv", "200"),
    Row("/proposals/{decided}/votes.csv", "200"),
    Row("/proposals/{draft}/frozen.json", "404"),
    Row("/proposals/{upcoming}/frozen.json", "404"),
    Row("/proposals/{open}/frozen.json", "200"),
    Row("/proposals/{decided}/frozen.json", "200"),
    Row("/proposals/{draft}/source.md", "404"),
    Row("/proposals/{upcoming}/source.md", "200"),
    Row("/proposals/{open}/source.md", "200"),
    Row("/proposals/{decided}/source.md", "200"),
    Row("/proposals/{draft}/edit/", AUTHOR, AUTHOR_CORRECTS, target="editor"),
    Row("/proposals/{upcoming}/edit/", AUTHOR, AUTHOR_CORRECTS, target="editor"),
    Row("/proposals/{open}/edit/", AUTHOR_MOVES_ON, AUTHOR_CORRECTS, target="editor"),
    Row("/proposals/{decided}/edit/", AUTHOR_MOVES_ON, AUTHOR_CORRECTS, target="editor"),
    Row("/proposals/1000000/edit/", "302 404 404 404 404 404", "302 404 404 404 404 404"),
    Row("/proposals/{draft}/publish/", AUTHOR, AUTHOR_CORRECTS),
    Row("/proposals/{upcoming}/publish/", AUTHOR_MOVES_ON, AUTHOR_MOVES_ON),
    Row("/proposals/{open}/publish/", AUTHOR_MOVES_ON, AUTHOR_MOVES_ON),
    Row("/proposals/{decided}/publish/", AUTHOR_MOVES_ON, AUTHOR_MOVES_ON),
    Row("/proposals/{draft}/withdraw/", AUTHOR_MOVES_ON, AUTHOR_MOVES_ON),
    Row("/proposals/{upcoming}/withdraw/", AUTHOR, AUTHOR_MOVES_ON),
    Row("/proposals/{open}/withdraw/", AUTHOR_MOVES_ON, AUTHOR_MOVES_ON),
    Row("/proposals/{decided}/withdraw/", AUTHOR_MOVES_ON, AUTHOR_MOVES_ON),
    Row("/proposals/{draft}/again/", "405", AUTHOR_MOVES_ON),
    Row("/proposals/{decided}/again/", "405", AUTHOR_MOVES_ON),
    Row("/proposals/{draft}/delete/", AUTHOR, AUTHOR_MOVES_ON),
    Row("/proposals/{upcoming}/delete/", AUTHOR_MOVES_ON, AUTHOR_MOVES_ON),
    Row("/proposals/{open}/delete/", AUTHOR_MOVES_ON, AUTHOR_MOVES_ON),
    Row("/proposals/{decided}/delete/", AUTHOR_MOVES_ON, AUTHOR_MOVES_ON),
    Row("/proposals/{draft}/vote/", "404", "404", VOTE, target="vote"),
    Row(
        "/proposals/{upcoming}/vote/",
        "302",
        "303 422 422 422 422 422",
        VOTE,
        hx_get="200",
        hx_post="204 422 422 422 422 422",
        target="vote",
    ),
    Row(
        "/proposals/{open}/vote/",
        "302",
        "303 422 303 303 422 422",
        VOTE,
        hx_get="200",
        hx_post="204 422 200 200 422 422",
        target="vote",
    ),
    Row(
        "/proposals/{decided}/vote/",
        "302",
        "303 422 422 422 422 422",
        VOTE,
        hx_get="200",
        hx_post="204 422 422 422 422 422",
        target="vote",
    ),
    Row("/proposals/1000000/vote/", "404", "404", VOTE, target="vote"),
    Row("/proposals/{draft}/comments/", "404", "404", TEXT, target="discussion"),
    Row(
        "/proposals/{open}/comments/",
        "302",
        "303",
        TEXT,
        hx_get="200",
        hx_post="204 200 200 200 200 200",
        target="discussion",
    ),
    Row("/comments/{comment}/", "302"),
    Row("/comments/{comment}/reply/", "303 302 302 302 302 302", hx_get="204 200 200 200 200 200"),
    Row("/comments/{comment}/like/", "405", "303", hx_post="204 200 200 200 200 200"),
    Row("/comments/{comment}/dislike/", "405", "303", hx_post="204 200 200 200 200 200"),
    Row("/notifications/", SIGNED_IN),
    Row("/notifications/read/", "405", "302 303 303 303 303 303"),
    Row("/notifications/bell/", "204 200 200 200 200 200", target="bell"),
    Row("/notifications/{told}/open/", "302 404 303 404 404 404"),
    Row("/treasury/", "200"),
    Row("/treasury/transactions/", "200"),
    Row("/tokens/", "302"),
    Row("/tokens/DPT/", "200"),
    Row("/members/", "200", target="people"),
    Row("/members/author/", "200"),
    Row("/members/nobody/", "404"),
    Row("/account/", SIGNED_IN, "302 422 422 422 422 422"),
    Row("/account/picture/remove/", "405", "302 303 303 303 303 303"),
    Row("/media/pictures/{picture}.webp", "200"),
    Row("/media/pictures/no-such-name.webp", "404"),
    # allauth's pages in our look
    Row("/accounts/login/", "200 302 302 302 302 302", "200 302 302 302 302 302"),
    Row("/accounts/logout/", SIGNED_IN, "302"),
    Row("/accounts/inactive/", "200"),
    Row("/accounts/signup/", "200 302 302 302 302 302", "200 302 302 302 302 302"),
    Row("/accounts/reauthenticate/", SIGNED_IN, SIGNED_IN),
    Row("/accounts/email/", SIGNED_IN, "302"),
    Row("/accounts/confirm-email/", "200"),
    Row("/accounts/confirm-email/no-such-key/", "200", "404"),
    Row("/accounts/password/change/", SIGNED_IN, SIGNED_IN),
    Row("/accounts/password/set/", "302", "302"),
    Row("/accounts/password/reset/", "200", "200"),
    Row("/accounts/password/reset/done/", "200"),
    Row("/accounts/password/reset/key/1-no-such-key/", "200", "200"),
    Row("/accounts/password/reset/key/done/", "200"),
    Row("/accounts/login/code/confirm/", "302", "302"),
    Row("/accounts/sessions/", SIGNED_IN, "302"),
]

# The admin. Whoever is no moderator is led to the portal's own sign-in.
STAFF = "302 302 302 302 200 200"
STAFF_NEVER = "302 302 302 302 403 403"
STAFF_NOT_SO = "302 302 302 302 405 405"
STAFF_NOT_FOUND = "302 302 302 302 404 404"
TABLE += [
    Row("/admin/", STAFF, STAFF),
    Row("/admin/login/", "302 403 403 403 302 302", "302 403 403 403 302 302"),
    Row("/admin/logout/", STAFF_NOT_SO, STAFF),
    Row("/admin/password_change/", "302", "302"),
    Row("/admin/password_change/done/", "302", "302"),
    Row("/admin/autocomplete/", STAFF_NEVER, STAFF_NOT_SO),
    Row("/admin/jsi18n/", STAFF, STAFF_NOT_SO),
    Row("/admin/r/1000000/1/", STAFF_NOT_FOUND, STAFF_NOT_FOUND),
    Row("/admin/governance/", STAFF, STAFF),
    Row("/admin/nothing/", STAFF_NOT_FOUND, STAFF_NOT_FOUND),
]
MODELS = {
    f"{model._meta.app_label}/{model._meta.model_name}": page
    for model, page in admin.site._registry.items()
}
# E-mail addresses stand in these: only administrators see those.
ADMINISTRATORS = "302 302 302 302 403 200"
FOR_ADMINISTRATORS = {"treasury/waitingholding", "core/outgoingmail"}
# All of its models are alike: to be looked at. {proposal} stands for a row of that model.
for path in MODELS:
    key = "{" + path.rpartition("/")[2] + "}"
    who = ADMINISTRATORS if path in FOR_ADMINISTRATORS else STAFF
    TABLE += [
        Row(f"/admin/{path}/", who, who),
        Row(f"/admin/{path}/add/", STAFF_NEVER, STAFF_NEVER),
        Row(f"/admin/{path}/{key}/", "302", "302"),
        Row(f"/admin/{path}/{key}/change/", who, STAFF_NEVER),
        Row(f"/admin/{path}/{key}/delete/", STAFF_NEVER, STAFF_NEVER),
        Row(f"/admin/{path}/{key}/history/", who, who),
    ]


@dataclass(frozen=True)
class World:
    """One of each, and a session for each role."""

    places: dict[str, object]
    sessions: dict[str, str]

    def ask(self, role: str, way: str, row: Row) -> int:
        """The status that ``role`` gets. Whatever it did is undone."""
        client = Client()
        if role in self.sessions:
            client.cookies[settings.SESSION_COOKIE_NAME] = self.sessions[role]
        htmx, method = way.startswith("htmx"), way.rpartition(" ")[2]
        answer = getattr(client, method.lower())(
            row.path.format(**self.places),
            row.data or {},
            headers={"HX-Request": "true", "HX-Target": row.target} if htmx else None,
        )
        answer.getvalue()  # a stream has to end before its transaction does
        cache.clear()  # and no brake is to be felt
        return answer.status_code


@pytest.fixture
def world() -> World:
    users = {
        "stranger": UserFactory(username="stranger"),
        "member": UserFactory(username="member"),
        "author": UserFactory(username="author"),
        "moderator": UserFactory(username="moderator", role="moderator"),
        "admin": UserFactory(username="admin", role="admin"),
    }
    author, member = users["author"], users["member"]
    proposals = {
        "draft": ProposalFactory(proposer=author),
        "upcoming": ProposalFactory(proposer=author, upcoming=True),
        "open": open_proposal_with({author: 7, member: 5}, proposer=author),
        "decided": decided_proposal(proposer=author),
    }
    cast(proposals["open"], author, "yes")
    deliver_due_events()
    comment = comment_on(proposals["open"], author=author)
    Wallet.objects.create(user=author, address="0xabc")
    Profile.objects.create(user=author)
    movement = TransactionFactory(user=author)
    TransactionHash.objects.create(transaction=movement, network="ethereum", hash="0xfeed")
    WaitingHolding.objects.create(token=TokenFactory(), holder="tomo@example.org")
    FormKey.objects.create(user=author, form="comment", key=uuid4(), result=comment.pk)
    OutgoingMail.objects.create(recipient="author@example.org", message="encrypted")
    set_reaction(actor=member, comment=comment, kind=CommentReaction.Kind.LIKE)
    set_option("governance.quorum", "4 %", actor=None)
    picture = default_storage.save("pictures/author.webp", ContentFile(b"RIFF"))
    told = Notification.objects.filter(user=member).latest("id")
    places = {about: proposal.number for about, proposal in proposals.items()}
    return World(
        places={
            **places,
            "comment": comment.pk,
            "told": told.pk,
            "picture": PurePath(picture).stem,
            **rows_in_the_admin(users),
        },
        sessions={role: sign_in(user) for role, user in users.items()},
    )


def rows_in_the_admin(users: dict[str, User]) -> dict[str, object]:
    request = RequestFactory().get("/admin/")
    request.user = users["admin"]
    rows = {path: page.get_queryset(request).first() for path, page in MODELS.items()}
    assert all(rows.values()), f"the world lacks one of these: {rows}"
    return {path.rpartition("/")[2]: row.pk for path, row in rows.items()}


def sign_in(user: User) -> str:
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.path)
def test_each_role_gets_its_answer(row, world):
    for way in ("GET", "POST", "htmx GET", "htmx POST"):
        found = {}
        for role in ROLES:
            with transaction.atomic():
                found[role] = world.ask(role, way, row)
                transaction.set_rollback(True)
        assert found == row.expected(way), way


PARTS = [row for row in TABLE if row.target != "main" and "200" in (row.hx_get or row.get)]


@pytest.mark.parametrize("row", PARTS, ids=lambda row: row.path)
def test_part_that_is_asked_for_comes_alone(row, world):
    """Or the table would ask for a part that its page does not have, and get the whole page."""
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = world.sessions["author"]

    answer = client.get(
        row.path.format(**world.places),
        headers={"HX-Request": "true", "HX-Target": row.target},
    )

    assert answer.status_code == 200
    assert f'id="{row.target}"' in answer.text
    assert "<html" not in answer.text


NEED_A_SIGN_IN = [
    row
    for row in TABLE
    if row.get in (SIGNED_IN, AUTHOR, AUTHOR_MOVES_ON) and row.path != "/accounts/logout/"
]


@pytest.mark.parametrize("row", NEED_A_SIGN_IN, ids=lambda row: row.path)
def test_who_is_not_signed_in_is_led_there_and_back(row, world):
    path = row.path.format(**world.places)

    assert Client().get(path)["Location"] == f"/accounts/login/?next={path}"


def test_wrong_method_is_wrong_for_everybody(world):
    """Also for who is not signed in, who would else be led to a page that no method opens."""
    ours = [row.path for row in NEED_A_SIGN_IN if not row.path.startswith("/accounts/")]
    paths = [path.format(**world.places) for path in [*ours, "/accounts/password/set/"]]
    member = Client()
    member.cookies[settings.SESSION_COOKIE_NAME] = world.sessions["member"]

    for browser in (Client(), member):
        assert {path: browser.put(path).status_code for path in paths} == dict.fromkeys(paths, 405)


def test_every_address_is_in_the_table():
    paths = [row.path.removeprefix("/") for row in TABLE]

    missing = [
        route
        for route in routes(get_resolver())
        if not any(re.fullmatch(as_regex(route), path) for path in paths)
    ]

    assert missing == []
