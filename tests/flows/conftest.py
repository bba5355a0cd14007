"""Browser journeys: real Chromium, real pages, and a console that has to stay empty."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Protocol

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from governance.models import Proposal
from governance.services.opening import expire_proposal
from governance.services.proposals import withdraw_proposal
from social.models import Comment, CommentReaction
from social.services.comments import set_reaction
from tests.factories import (
    DAY,
    ProposalFactory,
    UserFactory,
    cast,
    comment_on,
    decided_proposal,
    give_power,
    open_proposal_with,
    shift_window,
)

# Playwright keeps an event loop in this thread. Django takes that for asynchronous code and refuses
# its database; nothing here is asynchronous.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

LONG = Decimal("792150.123456789012345678")  # as many digits as there can be behind the point
PATIENCE = 10_000  # ms: what a page may take on a busy machine before a step fails
# how Chromium and htmx log an answer of 400 and more
STATUS_LINE = re.compile(
    r"(?:Failed to load resource: the server responded with a status of"
    r"|Response Status Error Code) (\d+)"
)


class OpenPage(Protocol):
    """``open_page(user=ada, js=False, width=390, scheme="dark")``: a fresh browser window."""

    def __call__(
        self,
        *,
        user: User | None = None,
        js: bool = True,
        width: int = 1280,
        scheme: str = "light",
        expect_status: frozenset[int] = frozenset({422}),
    ) -> Page: ...


def sign_in(context: BrowserContext, user: User) -> None:
    """Give the browser a session of ``user``, without the pages of the sign-in."""
    client = Client()
    client.force_login(user)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    context.add_cookies(
        [{"name": cookie.key, "value": cookie.value, "domain": "localhost", "path": "/"}]
    )


@pytest.fixture
def open_page(browser: Browser, live_server: LiveServer) -> Iterator[OpenPage]:
    """Opens windows. The test fails when a page threw, logged an error or broke the policy.

    Answers of 400 and more are in ``expect_status`` or a complaint; 422 is how forms refuse.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(
        *,
        user: User | None = None,
        js: bool = True,
        width: int = 1280,
        scheme: str = "light",
        expect_status: frozenset[int] = frozenset({422}),
    ) -> Page:
        context = browser.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": 900},
            color_scheme="dark" if scheme == "dark" else "light",
            java_script_enabled=js,
            locale="en-GB",
            timezone_id="UTC",
            reduced_motion="reduce",
        )
        contexts.append(context)
        if user:
            sign_in(context, user)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)

        def listen(message: ConsoleMessage) -> None:
            status = STATUS_LINE.match(message.text)
            if message.type == "error" and not (status and int(status[1]) in expect_status):
                complaints.append(f"{page.url}: {message.text}")

        page.on("console", listen)
        page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints, "\n".join(complaints)


@dataclass(frozen=True)
class World:
    """A small community with a proposal in every state that a page can show."""

    ada: User  # has power, a draft, a vote on ``voted`` and none on ``open``
    mira: User  # wrote what is upcoming
    alan: User  # administrator
    newcomer: User  # no power, nothing done
    open: Proposal
    voted: Proposal
    upcoming: Proposal
    draft: Proposal
    counting: Proposal
    passed: Proposal
    rejected: Proposal
    expired: Proposal
    withdrawn: Proposal
    missed: Proposal
    late: Proposal

    @property
    def numbers(self) -> dict[str, int]:
        """The public numbers, to fill in addresses such as "/proposals/{open}/"."""
        return {
            name: value.number for name, value in vars(self).items() if hasattr(value, "number")
        }


@pytest.fixture
def world(live_server: LiveServer) -> World:
    """The community, in the database that the live server reads."""
    return make_world()


def discuss(proposal: Proposal, *members: User) -> None:
    """A thread of every kind of comment: deep, flattened, the proposer's, liked, removed."""
    parent = None
    for depth in range(6):
        parent = comment_on(
            proposal,
            f"At depth **{depth}**, see [the handbook](https://example.org).\n\n- one\n- two",
            author=members[depth % len(members)],
            parent=parent,
        )
    for author in members:
        set_reaction(actor=author, comment=parent, kind=CommentReaction.Kind.LIKE)
    removed = comment_on(proposal, "Buy my things")
    comment_on(proposal, "Please stop.", author=members[0], parent=removed)
    Comment.objects.filter(proposal=proposal, pk=removed.pk).update(is_deleted=True)


def make_world() -> World:
    people = {"ada": "Ada Okafor", "mira": "Mira Castellanos", "tomo": "Tomo Hayashi"}
    ada, mira, tomo = (
        UserFactory(username=name, first_name=full.split()[0], last_name=full.split()[1])
        for name, full in people.items()
    )
    alan = UserFactory(username="alan", role="admin")
    # Decided by small holders, before the large ones of the open votes are there.
    passed, rejected, expired = (
        decided_proposal(status, title=f"A vote that was {status}", proposer=mira)
        for status in ("passed", "rejected", "expired")
    )
    for member, power in ((ada, 12_480), (mira, LONG), (tomo, 2_180_000)):
        give_power(member, power)
    voted = open_proposal_with({}, title="Lower the proposal threshold", proposer=tomo)
    cast(voted, ada, "no", "It keeps spam away, and 25,000 is not much.")
    cast(voted, tomo, "yes", "More people should be able to propose.")
    unvoted = open_proposal_with(
        {}, title="Fund a second season of builders' grants", proposer=mira
    )
    cast(unvoted, mira, "yes", "I asked for it.")
    cast(unvoted, tomo, "abstain")
    discuss(unvoted, mira, tomo, ada)
    counting = open_proposal_with({}, title="Move rewards to a weekly payout", proposer=tomo)
    cast(counting, mira, "no")
    shift_window(counting, end=timedelta(seconds=-1))
    withdrawn = ProposalFactory(upcoming=True, title="Rename everything", proposer=mira)
    withdraw_proposal(actor=mira, proposal_id=withdrawn.pk)
    withdrawn.refresh_from_db()
    missed = ProposalFactory(
        due=True,
        title="Repair the greenhouse roof",
        proposer=ada,
        voting_start=timezone.now() - 3 * DAY,
        voting_end=timezone.now() - DAY,
    )
    expire_proposal(proposal_id=missed.pk)
    missed.refresh_from_db()
    return World(
        ada=ada,
        mira=mira,
        alan=alan,
        newcomer=UserFactory(username="newcomer"),
        open=unvoted,
        voted=voted,
        upcoming=ProposalFactory(upcoming=True, title="Appoint a treasury signer", proposer=mira),
        draft=ProposalFactory(title="Translate the handbook", proposer=ada),
        counting=counting,
        passed=passed,
        rejected=rejected,
        expired=expired,
        withdrawn=withdrawn,
        missed=missed,
        late=ProposalFactory(due=True, title="Buy a second still", proposer=tomo),
    )
