"""What no form of ours ever sends: every page has an answer to it, and none is an error of ours."""

import re

import pytest
from django.core.cache import cache
from django.urls import get_resolver

from tests.factories import cast, comment_on, open_proposal_with, receipt_of, voters_of
from tests.routes import routes

pytestmark = pytest.mark.django_db

VALUES = [
    "",
    " ",
    "-1",
    "0",
    "1.5",
    "1e9",
    "9" * 30,
    "²",
    "٣",
    "None",
    "' OR 1=1 --",
    "%",
    "\\",
    "<script>",
    "../../etc/passwd",
    "ä" * 300,
    "\N{RIGHT-TO-LEFT OVERRIDE}",
    "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
    "%ff",
    "a\nb",
    "\0",
    "a\0b",
]
PARAMETERS = (
    *("page", "q", "status", "sort", "choice", "reason", "state", "mine", "need", "unread"),
    *("change", "after", "before", "next", "reply", "token", "type", "at", "kind", "tab"),
    *("show", "thread", "v", "n", "version"),
)
PAGES = [
    "/",
    "/proposals/",
    "/proposals/{number}/",
    "/proposals/{number}/results/",
    "/proposals/{number}/vote/",
    "/proposals/{number}/votes/",
    "/proposals/{number}/votes.csv",
    "/proposals/{number}/frozen.json",
    "/proposals/{number}/source.md",
    "/proposals/{number}/comments/",
    "/help/voting/",
    "/notifications/",
    "/notifications/bell/",
    "/treasury/",
    "/treasury/transactions/",
    "/tokens/",
    "/tokens/DPT/",
    "/members/",
    "/members/ada/",
    "/members/ada/?show=votes",
    "/members/ada/?show=comments",
    "/account/",
    "/accounts/login/",
    "/accounts/signup/",
]


@pytest.fixture
def voting(ada):
    proposal = open_proposal_with({ada: 60})
    cast(proposal, ada, "yes", "Rain is free.")
    comment_on(proposal, author=ada)
    return proposal


@pytest.fixture(params=["signed in", "anonymous"])
def reader(request, client, ada):
    if request.param == "signed in":
        client.force_login(ada)
    return client


@pytest.mark.parametrize("path", PAGES)
def test_strange_parameters(reader, voting, path):
    for value in VALUES:
        query = dict.fromkeys(PARAMETERS, value)
        for headers in ({}, {"HX-Request": "true", "HX-Target": "list"}):
            answer = reader.get(path.format(number=voting.number), query, headers=headers)
            assert answer.status_code in (200, 204, 286, 302, 303, 400, 404), (value, headers)


@pytest.mark.parametrize(
    "address",
    [
        "/proposals/{}/",
        "/proposals/{}/edit/",
        "/proposals/{}/vote/",
        "/proposals/{}/votes.csv",
        "/proposals/{}/frozen.json",
        "/proposals/{}/source.md",
        "/proposals/{}/results/",
        "/members/{}/",
        "/tokens/{}/",
        "/comments/{}/",
        "/notifications/{}/open/",
        "/dev/mail/{}/",
        "/accounts/confirm-email/{}/",
        "/accounts/password/reset/key/{}-set-password/",
    ],
)
def test_strange_addresses(reader, voting, address):
    for value in (*VALUES, "9223372036854775808", "00000000-0000-0000-0000-000000000000"):
        answer = reader.get(address.format(value))
        assert answer.status_code in (200, 301, 302, 303, 400, 404), value


PLACES = sorted(
    "/" + re.sub("<[^>]+>", "{}", route)
    for route in routes(get_resolver())
    if "<" in route and not route.startswith(("admin/", "accounts/"))
)
ARGUMENTS = ["0", "-1", "9" * 30, "٣", "%00", "%ff", "a%0ab", "%2e%2e", "a" * 251, "ä" * 300]


def test_every_address_with_strange_arguments(reader, voting):
    """Also those that are made tomorrow. What is sent does not matter: the address is wrong."""
    assert "/proposals/{}/vote/" in PLACES
    for place in PLACES:
        for argument in ARGUMENTS:
            for ask in (reader.get, reader.post):
                answer = ask(place.format(*[argument] * place.count("{}")))
                assert answer.status_code in (301, 302, 303, 400, 404, 405), (place, argument)


@pytest.mark.parametrize("value", VALUES)
def test_a_strange_vote_is_refused_and_changes_nothing(client, ada, voting, value):
    client.force_login(ada)
    before = voting.votes.values().get()

    for step in ("confirm", "review", value):
        answer = client.post(
            f"/proposals/{voting.number}/vote/", {"choice": value, "reason": value, "step": step}
        )
        assert answer.status_code == 422
    answer = client.post(
        f"/proposals/{voting.number}/vote/", {"choice": "no", "replaces": value, "step": "confirm"}
    )
    assert answer.status_code == 422

    assert voting.votes.values().get() == before


@pytest.mark.parametrize("reason", ["a\0b", "\r\n" * 600, "x" * 100_000, "\ufffe", "=cmd()"])
def test_a_strange_reason_is_kept_or_refused(client, voting, reason):
    (voter,) = voters_of(voting)
    client.force_login(voter)

    ballot = {"choice": "no", "reason": reason, "replaces": receipt_of(voting, voter)}
    answer = client.post(f"/proposals/{voting.number}/vote/", ballot | {"step": "confirm"})

    assert answer.status_code in (303, 422)
    assert client.get(f"/proposals/{voting.number}/votes/").status_code == 200


ACCOUNT_FORMS = {
    "/accounts/login/": ("login", "password"),
    "/accounts/signup/": ("email", "username", "password1"),
    "/accounts/password/reset/": ("email",),
    "/accounts/reauthenticate/": ("password", "next"),
    "/accounts/email/": ("email", "action_add", "action_remove"),
    "/accounts/password/change/": ("oldpassword", "password1", "password2"),
    "/accounts/password/set/": ("email",),
    "/accounts/sessions/": ("id",),
    "/admin/login/": ("username", "password", "next"),
}


@pytest.mark.parametrize("path", ACCOUNT_FORMS)
def test_strange_words_in_the_forms_of_an_account(reader, path):
    for value in [
        *VALUES,
        "a\0b",
        "x" * 100_000,
        "a@b\n.org",
        "é@exämple.org",
        '"a b"@example.org',
    ]:
        reader.cookies["known"] = "Ã:" + "0" * 32
        answer = reader.post(path, dict.fromkeys(ACCOUNT_FORMS[path], value))
        assert answer.status_code < 500, value
        cache.clear()  # no brake is to be felt
