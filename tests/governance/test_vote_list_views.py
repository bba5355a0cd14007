"""The page of every vote."""

import re
from datetime import timedelta
from html import unescape

import pytest

from accounts.models import User
from governance.models import Proposal, Vote
from tests.factories import (
    HOUR,
    ProposalFactory,
    cast,
    decided_proposal,
    give_power,
    open_proposal_with,
    shift_window,
    unguarded,
    voters_of,
)
from tests.governance.voting_pages import address

pytestmark = pytest.mark.django_db

LIST = {"HX-Request": "true", "HX-Target": "votes"}


@pytest.fixture
def proposal(ada: User) -> Proposal:
    """Open, with 12,480 power for ada."""
    return open_proposal_with({ada: 12480, "ben": 5})


def rows(response) -> list[str]:
    """The words of each listed vote."""
    html = response.content.decode()
    items = re.findall(r'<li class="vrow.*?</li>', html, re.DOTALL)
    return [" ".join(unescape(re.sub(r"<[^>]+>", " ", item)).split()) for item in items]


def test_votes_page_lists_power_share_and_reason(signed_in, ada, proposal):
    cast(proposal, ada, "yes", "Shade.")
    cast(proposal, voters_of(proposal)[1], "no")

    response = signed_in.get(address(proposal, "votes/"))

    mine, other = rows(response)
    assert mine.startswith("AD @ada You ")
    assert mine.endswith("For 12,480 99.9% of all power that voted Shade.")
    assert other.endswith("Against 5 0% of all power that voted")


def test_votes_page_shows_my_receipt(signed_in, ada, proposal):
    vote = cast(proposal, ada, "no")

    html = signed_in.get(address(proposal, "votes/")).content.decode()

    assert 'id="my-receipt"' in html
    assert f"<code>{vote.receipt(proposal.fingerprint)}</code>" in html


def test_votes_page_reminds_who_has_not_voted(signed_in, proposal):
    html = signed_in.get(address(proposal, "votes/")).content.decode()

    assert "You have not voted" in html
    assert f'href="{address(proposal, "#vote")}"' in html


def test_votes_list_for_htmx_is_the_list_alone(client, proposal):
    cast(proposal, voters_of(proposal)[0], "yes")

    part = client.get(address(proposal, "votes/"), headers=LIST)

    assert b"<html" not in part.content
    assert part.content.lstrip().startswith(b'<section id="votes"')
    assert len(rows(part)) == 1


@pytest.mark.parametrize(
    ("query", "title"), [({"choice": "no"}, "No votes like this"), ({}, "No votes yet")]
)
def test_empty_votes_say_so(client, query, title):
    proposal = open_proposal_with([1])
    if query:
        cast(proposal, voters_of(proposal)[0], "yes")

    assert title in client.get(address(proposal, "votes/"), query).content.decode()


def test_votes_page_asks_for_the_readers_own_until_the_end(signed_in, proposal):
    page = address(proposal, "votes/")
    assert "You have not voted" in signed_in.get(page).text

    shift_window(proposal, end=timedelta(0))

    after = signed_in.get(page).text
    assert "Nobody has voted." in after
    assert "You have not voted" not in after


def test_votes_page_before_the_opening_promises_them(client):
    proposal = ProposalFactory(upcoming=True)

    html = client.get(address(proposal, "votes/")).content.decode()

    assert "They are listed here, one by one, as soon as voting opens." in html


@pytest.mark.parametrize("query", [{"choice": "x", "sort": "x"}, {"page": "x"}, {"page": "99"}])
def test_votes_page_takes_any_query(client, proposal, query):
    cast(proposal, voters_of(proposal)[0], "yes")

    assert len(rows(client.get(address(proposal, "votes/"), query))) == 1


def test_votes_page_has_the_chart_and_its_numbers(client, proposal):
    first, second = voters_of(proposal)
    cast(proposal, first, "yes")
    cast(proposal, second, "no")
    shift_window(proposal, end=HOUR)
    shift_cast(proposal, first)

    html = client.get(address(proposal, "votes/")).content.decode()

    assert "2 members voted with 12,485 power." in html
    assert "12,480 of it counts toward the quorum of 499.4." in html
    numbers = re.findall(r'<td class="n">([^<]*)</td>', html)
    assert numbers[-5:] == ["2", "12,480", "0", "5", "12,480"]


def shift_cast(proposal: Proposal, voter: User) -> None:
    """Let ``voter`` have voted half an hour ago."""
    vote = Vote.objects.get(proposal=proposal, voter=voter)
    with unguarded():
        Vote.objects.filter(proposal=proposal, voter=voter).update(
            cast_at=vote.cast_at - timedelta(minutes=30)
        )


@pytest.mark.parametrize("item_count", [1, 3])
def test_votes_page_asks_eleven_queries(signed_in, ada, item_count, django_assert_num_queries):
    give_power(ada, 7)
    proposal = open_proposal_with([10] * item_count)
    for voter in voters_of(proposal)[-item_count:]:
        cast(proposal, voter, "yes")
    page = address(proposal, "votes/")
    signed_in.get(page)

    with django_assert_num_queries(11):
        response = signed_in.get(page)
    assert len(rows(response)) == item_count


def test_votes_of_a_decided_proposal_add_up(client):
    proposal = decided_proposal("passed")

    listed = rows(client.get(address(proposal, "votes/")))

    assert [row.split()[-7] for row in listed] == ["60", "40", "10"]
