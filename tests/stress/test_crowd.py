"""Many browsers at one moment: one member fifty times, and thirty-two members once each."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection, HTTPResponse
from http.cookies import SimpleCookie
from threading import Barrier
from urllib.parse import urlencode, urlsplit

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import User
from dao_portal.core.models import AuditLog
from governance.models import Proposal, Vote
from governance.services.closing import count_votes, live_counts
from tests.factories import cast, open_proposal_with, voters_of

pytestmark = [pytest.mark.stress, pytest.mark.django_db(transaction=True)]

PATIENCE = 60


class Browser:
    """A signed-in member with the vote's form on the screen."""

    def __init__(self, server: str, member: User) -> None:
        self.address = urlsplit(server)
        client = Client()
        client.force_login(member)
        self.session = client.cookies[settings.SESSION_COOKIE_NAME].value
        self.csrf = ""

    def connect(self) -> HTTPConnection:
        connection = HTTPConnection(self.address.hostname, self.address.port, timeout=PATIENCE)
        connection.connect()
        return connection

    def send(self, connection: HTTPConnection, method: str, path: str, **form: str) -> HTTPResponse:
        cookies = {
            settings.SESSION_COOKIE_NAME: self.session,
            settings.CSRF_COOKIE_NAME: self.csrf,
        }
        headers = {
            "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        with closing(connection):
            connection.request(method, path, urlencode(form), headers)
            response = connection.getresponse()
            response.read()
        return response

    def open_form(self, proposal: Proposal) -> None:
        response = self.send(self.connect(), "GET", proposal.get_absolute_url())
        assert response.status == 200
        cookies = SimpleCookie("; ".join(response.headers.get_all("Set-Cookie")))
        self.csrf = cookies[settings.CSRF_COOKIE_NAME].value

    def vote(self, connection: HTTPConnection, proposal: Proposal, choice: str) -> int:
        form = {"csrfmiddlewaretoken": self.csrf, "choice": choice, "step": "confirm"}
        return self.send(connection, "POST", f"{proposal.get_absolute_url()}vote/", **form).status


def all_at_once(browsers: list[Browser], proposal: Proposal, choices: list[str]) -> Counter[int]:
    """Every browser sends its vote at the same moment; the statuses that came back."""
    connections = [browser.connect() for browser in browsers]
    barrier = Barrier(len(browsers))

    def vote(browser: Browser, connection: HTTPConnection, choice: str) -> int:
        barrier.wait(PATIENCE)
        return browser.vote(connection, proposal, choice)

    with ThreadPoolExecutor(len(browsers)) as pool:
        return Counter(pool.map(vote, browsers, connections, choices))


def test_fifty_identical_votes_of_one_member_are_one_vote(live_server):
    proposal = open_proposal_with([60, 40])
    member, other = voters_of(proposal)
    cast(proposal, other, "no")
    browser = Browser(live_server.url, member)
    browser.open_form(proposal)

    statuses = all_at_once([browser] * 50, proposal, ["yes"] * 50)

    assert statuses == {303: 50}
    vote = Vote.objects.get(proposal=proposal, voter=member)
    assert (vote.vote_type, vote.voting_power) == ("yes", 60)
    assert live_counts(proposal.pk) == count_votes(proposal.pk)
    assert count_votes(proposal.pk)["yes_power"] == 60
    audited = AuditLog.objects.filter(user=member).values_list("action", flat=True)
    assert list(audited) == ["vote.cast"]


def test_fifty_contrary_votes_of_one_member_are_the_first_that_was_taken(live_server):
    """All of them come from one page that knew of no vote: none takes the place of another."""
    proposal = open_proposal_with([60])
    (member,) = voters_of(proposal)
    browser = Browser(live_server.url, member)
    browser.open_form(proposal)

    statuses = all_at_once([browser] * 50, proposal, ["yes", "no"] * 25)

    assert statuses == {303: 25, 422: 25}
    assert Vote.objects.filter(proposal=proposal).count() == 1
    assert live_counts(proposal.pk) == count_votes(proposal.pk)
    audited = AuditLog.objects.filter(user=member).values_list("action", flat=True)
    assert list(audited) == ["vote.cast"]


def test_thirty_two_members_at_once_are_thirty_two_votes(live_server):
    proposal = open_proposal_with([f"{number}.000000000000000001" for number in range(1, 33)])
    browsers = [Browser(live_server.url, member) for member in voters_of(proposal)]
    for browser in browsers:
        browser.open_form(proposal)
    choices = [("yes", "no", "abstain")[number % 3] for number in range(32)]

    statuses = all_at_once(browsers, proposal, choices)

    assert statuses == {303: 32}
    assert Vote.objects.filter(proposal=proposal).values("voter").distinct().count() == 32
    counted = count_votes(proposal.pk)
    assert live_counts(proposal.pk) == counted
    assert (counted["yes_votes"], counted["no_votes"], counted["abstain_votes"]) == (11, 11, 10)
    assert AuditLog.objects.filter(action="vote.cast").count() == 32
