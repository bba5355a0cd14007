"""Live results: what a page that is open asks for, and what it costs."""

from datetime import timedelta

import pytest
from django.core.cache import cache

from governance.models import Proposal
from governance.services.closing import close_proposal
from tests.factories import ProposalFactory, cast, open_proposal_with, shift_window, voters_of
from tests.governance.proposal_pages import htmx, results, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def opened() -> Proposal:
    proposal = open_proposal_with([3, 2, 1])
    cast(proposal, voters_of(proposal)[0], "yes")
    return proposal


def test_results_are_204_while_nothing_happened(client, opened):
    response = client.get(results(opened, "1"))

    assert (response.status_code, response.content) == (204, b"")


def test_page_asks_for_the_version_that_it_shows(client, opened):
    html = client.get(opened.get_absolute_url()).content.decode()

    assert f'hx-get="{results(opened, "1")}"' in html


def test_results_that_changed_come_as_the_part_alone(client, opened):
    cast(opened, voters_of(opened)[1], "no")

    response = client.get(results(opened, "1"), headers=htmx("results"))

    assert response.status_code == 200
    assert b"<html" not in response.content
    assert "For 3 power, 3 60%" in words(response, "results")
    assert f'hx-get="{results(opened, "2")}"' in response.content.decode()
    assert "HX-Refresh" not in response


def test_current_results_cost_one_query_in_three_seconds(client, opened, django_assert_num_queries):
    with django_assert_num_queries(1):
        client.get(results(opened, "1"))
    with django_assert_num_queries(0):
        client.get(results(opened, "1"))
    assert cache.get(f"tally:{opened.number}") == "1"


def test_results_know_no_member_and_no_session(signed_in, opened, django_assert_num_queries):
    """Ten thousand open pages ask: neither the answer nor its price depends on who asks."""
    signed_in.get(results(opened, "1"))

    with django_assert_num_queries(0):
        current = signed_in.get(results(opened, "1"))
    changed = signed_in.get(results(opened, "0"))
    for response in (current, changed):
        assert "Cookie" not in response.get("Vary", "")
        assert not response.cookies


def test_results_work_without_a_cache(client, opened, settings):
    settings.CACHES = {
        "default": {
            "BACKEND": "dao_portal.core.web.cache.DegradingRedisCache",
            "LOCATION": "unix:///nowhere/valkey.sock",
        }
    }

    assert client.get(results(opened, "1")).status_code == 204
    assert client.get(results(opened, "0")).status_code == 200


def test_results_reload_the_page_when_the_vote_moves_on(client, opened):
    shift_window(opened, end=timedelta(0))

    response = client.get(results(opened, "1"), headers=htmx("results"))

    assert response["HX-Refresh"] == "true"
    assert client.get(results(opened, "1-counting")).status_code == 204
    cache.clear()
    close_proposal(proposal_id=opened.pk)
    assert client.get(results(opened, "1-counting"))["HX-Refresh"] == "true"


def test_upcoming_page_waits_for_the_opening(client):
    proposal = ProposalFactory(due=True)
    html = client.get(proposal.get_absolute_url()).content.decode()

    assert f'hx-get="{results(proposal, "0-opening")}"' in html
    assert client.get(results(proposal, "0-opening")).status_code == 204


def test_results_take_any_version(client, opened):
    for version in ("", "x", "-", "1-open", "9" * 50):
        assert client.get(results(opened, version)).status_code == 200
