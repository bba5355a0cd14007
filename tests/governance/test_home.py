"""The first page, for a visitor and for a member."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from dao_portal.core.actions import Action
from dao_portal.core.options import clear_option_cache
from governance.selectors import home as home_selectors
from governance.selectors.home import Facts
from governance.services.advancing import advance_proposals
from governance.services.cancelling import cancel_proposal
from governance.services.proposals import withdraw_proposal
from social.models import Notification
from tests.factories import (
    DAY,
    ProposalFactory,
    TokenFactory,
    TransactionFactory,
    UserFactory,
    cast,
    decided_proposal,
    give_power,
    open_proposal_with,
    shift_window,
    voters_of,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(ada: User) -> User:
    ada.first_name = "Ada"
    ada.save()
    return ada


def titles(rows) -> list[str]:
    return [row.proposal.title for row in rows]


def home(client: Client):
    response = client.get("/")
    assert response.status_code == 200
    return response.context["home"]


# --- a visitor ----------------------------------------------------------------------------------


def test_an_empty_community_says_what_it_is_for(client):
    html = client.get("/").text

    assert "Decide together, in the open." in html
    assert "No vote is open" in html
    assert "Nothing has been decided yet." in html
    assert 'class="card spot"' not in html
    assert "Coming up" not in html
    assert "See all proposals" in html


def test_facts_are_counted(client):
    open_proposal_with([5, 5])
    decided_proposal("passed")
    decided_proposal("rejected")
    decided_proposal("expired")  # no decision
    withdrawn = ProposalFactory(upcoming=True)
    withdraw_proposal(actor=withdrawn.proposer, proposal_id=withdrawn.pk)
    UserFactory(is_active=False)

    facts = home(client).facts

    active = User.objects.filter(is_active=True).count()
    assert facts == Facts(open_votes=1, decisions=2, votes_counted=6, members=active)


def test_the_vote_that_closes_next_stands_first_with_its_live_tally(client):
    later = open_proposal_with([60], title="later")
    sooner = open_proposal_with({"mira": 40}, title="sooner")
    shift_window(sooner, end=DAY)
    shift_window(later, end=2 * DAY)
    cast(sooner, User.objects.get(username="mira"), "no")

    response = client.get("/")

    shown = response.context["home"]
    assert titles([shown.spotlight]) == ["sooner"]
    assert shown.spotlight.standing.no_power == Decimal(40)
    assert titles(shown.open) == ["sooner", "later"]
    assert "1 member has voted so far." in response.text


def test_a_vote_whose_time_is_over_is_not_shown_as_open(client):
    proposal = open_proposal_with([60])
    shift_window(proposal, end=timedelta(0))  # and nobody has counted yet

    shown = home(client)

    assert shown.open == []
    assert shown.facts.open_votes == 0


def test_latest_results_leave_out_what_was_stopped(client):
    for status in ("passed", "rejected", "expired"):
        decided_proposal(status, title=status)
    withdrawn = ProposalFactory(upcoming=True)
    withdraw_proposal(actor=withdrawn.proposer, proposal_id=withdrawn.pk)
    cancelled = ProposalFactory(upcoming=True)
    cancel_proposal(actor=UserFactory(role="moderator"), proposal_id=cancelled.pk, note="Twice.")

    response = client.get("/")

    assert titles(response.context["home"].results) == ["expired", "rejected", "passed"]
    assert "63.6% for" in response.text


def test_drafts_are_nobody_elses_business(client):
    ProposalFactory(title="A secret plan")

    page = client.get("/").text
    assert "No vote is open" in page
    assert "A secret plan" not in page


def test_what_opens_next_comes_first(client):
    for days in (3, 1, 2):
        proposal = ProposalFactory(upcoming=True, title=f"in {days}")
        shift_window(proposal, start=days * DAY)

    assert titles(home(client).coming) == ["in 1", "in 2", "in 3"]


@pytest.mark.parametrize("each", [1, 3])
def test_a_visitor_costs_the_same_among_few_and_many(client, each):
    for _ in range(each):
        open_proposal_with([5])
        decided_proposal()
        ProposalFactory(upcoming=True)

    clear_option_cache()
    with CaptureQueriesContext(connection) as queries:
        client.get("/")

    # settings; under way, results, tallies; proposals and members counted; treasury
    assert len(queries) == 7, [query["sql"] for query in queries]


def test_the_treasury_is_shown_to_visitors_and_members(client, signed_in):
    TokenFactory()
    TransactionFactory(type="deposit", amount="1234.5", treasury_change="1234.5")

    for html in (client.get("/").text, signed_in.get("/").text):
        assert "1,234.5 <small>DPT</small>" in html
        assert "+1,234.5</dd>" in html


def test_an_empty_treasury_is_left_out(client):
    page = client.get("/").text
    assert "Decide together, in the open." in page
    assert "treasury-h" not in page


# --- a member -----------------------------------------------------------------------------------


def test_what_needs_the_member_shows_the_power_that_was_counted(signed_in, ada):
    proposal = open_proposal_with({ada: 12_480}, title="Fund the garden")
    give_power(ada, 99)  # since then

    response = signed_in.get("/")

    html = response.text
    needed = response.context["home"].needed
    assert [(one.row.proposal.title, one.power) for one in needed] == [
        ("Fund the garden", Decimal(12_480))
    ]
    assert "Hello, Ada" in html
    assert "1 open vote still needs you." in html
    assert f'<a class="btn sm" href="/proposals/{proposal.number}/#vote">' in html
    assert '<span class="btn-s">12,480 power</span>' in html


def test_a_vote_moves_it_to_those_already_voted(signed_in, ada):
    proposal = open_proposal_with({ada: 5}, title="Fund the garden")
    cast(proposal, ada, "no")

    response = signed_in.get("/")

    shown, html = response.context["home"], response.text
    assert (shown.needed, titles(shown.voted)) == ([], ["Fund the garden"])
    assert "You voted Against" in html
    assert "You have voted on everything that is open to you." in html
    assert "All your votes are in" in html


def test_an_open_vote_without_power_asks_nothing(signed_in):
    open_proposal_with({"mira": 5}, title="Fund the garden")

    response = signed_in.get("/")

    shown = response.context["home"]
    assert (shown.needed, titles(shown.others)) == ([], ["Fund the garden"])
    assert "Nothing needs your vote right now." in response.text
    assert "You hold no tokens that vote." in response.text


def test_a_quiet_community_tells_a_member_what_to_expect(signed_in):
    html = signed_in.get("/").text

    assert "No vote is open right now." in html
    assert "Nothing needs you" in html
    assert "Since you were here" not in html


def test_more_than_fit_are_counted_and_linked(signed_in, ada, monkeypatch):
    monkeypatch.setattr(home_selectors, "MAX_OPEN", 2)
    for _ in range(3):
        open_proposal_with({ada: 5})

    response = signed_in.get("/")

    assert len(response.context["home"].needed) == 2
    assert "3 open votes still need you." in response.text
    assert 'href="/proposals/?mine=unvoted"' in response.text


def test_own_drafts_and_nobody_elses(signed_in, ada):
    ProposalFactory(proposer=ada, title="Mine")
    ProposalFactory(title="Not mine")

    response = signed_in.get("/")

    assert [draft.title for draft in response.context["home"].drafts] == ["Mine"]
    assert "Not mine" not in response.text


def test_power_is_split_into_held_and_staked(signed_in, ada):
    holding = give_power(ada, 8_200)
    holding.staked_balance, holding.voting_power = Decimal(4_280), Decimal(12_480)
    holding.save()

    response = signed_in.get("/")

    assert response.context["home"].held_share == Fraction(8_200 * 100, 12_480)
    assert '<rect class="s1" width="65.70%" height="10"/>' in response.text


def test_notifications_are_there_with_their_read_marks(signed_in, ada):
    for title, is_read in (("old", True), ("new", False)):
        Notification.objects.create(
            user=ada, type=Action.PROPOSAL_CLOSED, title=title, message="x", is_read=is_read
        )
    Notification.objects.create(user=UserFactory(), type=Action.PROPOSAL_CLOSED, title="theirs")

    html = signed_in.get("/").text

    assert "Since you were here" in html
    assert html.index("new") < html.index("old")
    assert html.count('class="nrow new"') == 1
    assert "theirs" not in html


def test_results_say_how_the_member_voted(signed_in, ada):
    proposal = open_proposal_with({ada: 60})
    cast(proposal, ada, "yes")
    shift_window(proposal, end=timedelta(0))
    advance_proposals()

    assert "you voted For" in signed_in.get("/").text


@pytest.mark.parametrize("each", [1, 3])
def test_a_member_costs_the_same_among_few_and_many(signed_in, ada, each):
    for _ in range(each):
        open_proposal_with({ada: 5})
        voted = open_proposal_with({ada: 5})
        cast(voted, ada, "yes")
        decided = decided_proposal()
        assert voters_of(decided)
        ProposalFactory(upcoming=True)
        ProposalFactory(proposer=ada)
        Notification.objects.create(user=ada, type=Action.PROPOSAL_CLOSED, title="x")

    clear_option_cache()
    with CaptureQueriesContext(connection) as queries:
        signed_in.get("/")

    # session, member; settings; under way, results, tallies, own votes; holding, drafts;
    # unread, latest notifications; treasury
    assert len(queries) == 12, [query["sql"] for query in queries]


def test_nothing_is_changed_by_looking(client):
    assert client.post("/").status_code == 405
