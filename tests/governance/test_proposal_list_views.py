"""The list of proposals as a member reads it."""

import re
from datetime import timedelta

import pytest

from accounts.models import User
from dao_portal.core.services.options import set_option
from tests.factories import (
    HOUR,
    ProposalFactory,
    cast,
    decided_proposal,
    give_power,
    open_proposal_with,
    shift_window,
    voters_of,
)
from tests.governance.proposal_pages import LIST, htmx, words

pytestmark = pytest.mark.django_db


def links(response) -> set[str]:
    return set(re.findall(r'href="(/proposals/\d+/)', response.content.decode()))


@pytest.fixture
def ada(ada: User) -> User:
    ada.first_name, ada.last_name = "Ada", "Okafor"
    ada.save()
    return ada


def test_list_row_says_how_it_stands(client, ada):
    set_option("governance.quorum", "200", actor=None)
    set_option("governance.approval", "2/3", actor=None)
    proposal = open_proposal_with([75, 25], title="Plant trees", proposer=ada)
    shift_window(proposal, end=2 * HOUR + timedelta(seconds=30))
    for voter, choice in zip(voters_of(proposal)[-2:], ("yes", "no"), strict=True):
        cast(proposal, voter, choice)

    response = client.get(LIST)

    assert (
        f"Open Text #{proposal.number} Plant trees Ada Okafor @ada closes in 2 hours 2 voters"
        " 75% for needs 2/3 37.5% of quorum"
    ) in words(response)


def test_list_row_says_what_i_voted(signed_in, ada):
    proposal = open_proposal_with({ada: 10}, title="Plant trees")
    cast(proposal, ada, "abstain")

    text = words(signed_in.get(LIST))

    assert "You voted Abstain Plant trees" in text
    assert "all power is Abstain needs 50% Quorum met" in text


def test_list_with_status_open_links_to_open_proposals_only(signed_in, ada):
    give_power(ada, 1)
    wanted = open_proposal_with([1])
    decided_proposal("passed")
    shift_window(open_proposal_with([1]), end=-HOUR)
    ProposalFactory(upcoming=True)
    ProposalFactory(proposer=ada)

    response = signed_in.get(LIST, {"status": "open"})

    assert links(response) == {f"/proposals/{wanted.number}/"}


def test_list_for_htmx_is_the_list_alone(client):
    ProposalFactory(upcoming=True, title="Plant trees")

    whole, part = client.get(LIST), client.get(LIST, headers=htmx("list"))

    assert b"<html" in whole.content
    assert part.content.lstrip().startswith(b'<div id="list">')
    assert "Plant trees" in words(part, "list")
    assert {"HX-Request", "HX-Target"} <= set(part["Vary"].split(", "))
    assert b"<html" in client.get(LIST, headers=htmx("results")).content


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ({}, "No proposals yet"),
        ({"status": "passed"}, "Nothing here yet"),
        ({"q": "zebra"}, "Nothing found"),
        ({"mine": "unvoted"}, "All your votes are in"),
    ],
)
def test_empty_list_says_what_to_do_next(signed_in, query, title):
    text = words(signed_in.get(LIST, query), "list")

    assert title in text
    assert ("Write a proposal" if not query else "Show all proposals") in text


@pytest.mark.parametrize(
    "query",
    [
        {"status": "nonsense", "sort": "nonsense", "type": "nonsense", "mine": "nonsense"},
        {"page": "999"},
        {"page": "-1"},
        {"q": "'\"<script>alert(1)</script> & | ! :*"},
        {"q": "9" * 40},
    ],
)
def test_list_takes_any_query(client, query):
    ProposalFactory(upcoming=True, title="Plant trees")

    response = client.get(LIST, query)

    assert response.status_code == 200
    if "<script>" in query.get("q", ""):
        assert "&lt;script&gt;alert(1)" in response.text
    assert "<script>alert" not in response.text


def test_list_keeps_filters_in_its_links_and_form(client):
    ProposalFactory(upcoming=True, title="Plant trees")

    html = client.get(LIST, {"status": "upcoming", "q": "trees", "sort": "votes"}).content.decode()

    assert '<input type="hidden" name="status" value="upcoming">' in html
    assert 'href="?status=open&amp;q=trees&amp;sort=votes"' in html
    assert '<option value="votes" selected>' in html


@pytest.mark.parametrize("item_count", [1, 3])
def test_list_asks_ten_queries(signed_in, ada, item_count, django_assert_num_queries):
    give_power(ada, 7)
    for _ in range(item_count):
        proposal = open_proposal_with([10])
        cast(proposal, voters_of(proposal)[-1], "yes")
        cast(proposal, ada, "no")
    open_proposal_with([1])
    signed_in.get(LIST)

    with django_assert_num_queries(10):
        response = signed_in.get(LIST)
    assert len(links(response)) == item_count + 1
