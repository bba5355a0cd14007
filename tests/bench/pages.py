"""What is asked of the portal: pages, and the three things that members do most."""

from collections.abc import Callable, Iterator
from itertools import cycle
from uuid import uuid4

from django.test import Client

from accounts.models import User
from tests.bench.community import Community
from tests.bench.stopwatch import HELLO, Environ, Page, get, post
from tests.factories import cast


def pages(community: Community) -> Iterator[Page]:
    """Every page that is measured, in the order of the table."""
    ada, voted = session_of(community.ada), community.voted.get_absolute_url()
    yield Page("hello, no middleware", "", _again(HELLO), bare=True)
    for name, address in {
        "hello": HELLO,
        "home": "/",
        "proposals": "/proposals/",
        "proposal, no comment": community.quiet.get_absolute_url(),
        "proposal, 11 comments": community.few.get_absolute_url(),
        "proposal, 200 comments": community.busy.get_absolute_url(),
        "proposal, 10,000 comments": community.endless.get_absolute_url(),
        "votes, 3,000": f"{voted}votes/",
        "member": "/members/author0/",
        "treasury": "/treasury/",
        "transactions": "/treasury/transactions/",
    }.items():
        yield Page(name, "out", _again(address))
        yield Page(name, "in", _again(address, ada))
    yield Page("inbox", "in", _again("/notifications/", ada))
    yield Page("results, unchanged", "out", _again(f"{voted}results/?v={community.state}"), 204)
    yield Page("results, changed", "out", _again(f"{voted}results/?v=0", htmx="results"))
    yield from deeds(community, ada)


def deeds(community: Community, ada: str) -> Iterator[Page]:
    """As htmx sends them: the answer is the part of the page that changes."""
    vote = f"{community.voted.get_absolute_url()}vote/"
    discussion = f"{community.few.get_absolute_url()}comments/"
    like = f"{community.liked.get_absolute_url()}like/"
    voters = iter(community.spare)
    undo = cycle(({}, {"undo": "1"}))

    def first() -> Environ:
        ballot = {"step": "confirm", "choice": "yes", "replaces": ""}
        return post(vote, ballot, session_of(next(voters)), htmx="vote")

    def change() -> Environ:
        voter = next(voters)
        seen = cast(community.voted, voter, "yes").receipt(community.voted.fingerprint)
        ballot = {"step": "confirm", "choice": "no", "replaces": seen}
        return post(vote, ballot, session_of(voter), htmx="vote")

    yield Page("vote, new", "in", first)
    yield Page("vote, changed", "in", change)

    def comment() -> Environ:
        words = {"content": "I am **for** it.", "parent": "", "key": str(uuid4())}
        return post(discussion, words, ada, htmx="discussion")

    yield Page("comment", "in", comment)
    yield Page("like, undo", "in", lambda: post(like, next(undo), ada, htmx="reactions"))


def session_of(member: User) -> str:
    """The session cookie of ``member``, who has just signed in."""
    client = Client()
    client.force_login(member)
    return client.cookies["session"].value


def _again(address: str, session: str = "", *, htmx: str = "") -> Callable[[], Environ]:
    return lambda: get(address, session, htmx=htmx)
