"""Reading proposals: the list, one proposal, its live results, and the page that explains."""

import re
from datetime import timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.core.cache import cache

from accounts.models import User
from dao_portal.core.services.options import set_option
from governance.models import Proposal
from governance.services.cancelling import cancel_proposal
from governance.services.closing import close_proposal
from governance.services.proposals import withdraw_proposal
from tests.factories import (
    HOUR,
    ProposalFactory,
    UserFactory,
    cast,
    close_now,
    decided_proposal,
    give_power,
    open_proposal_with,
    shift_window,
    voters_of,
)
from tests.governance.snapshot_sample import import_sample

pytestmark = pytest.mark.django_db

LIST = "/proposals/"


def htmx(target: str) -> dict[str, str]:
    return {"HX-Request": "true", "HX-Target": target}


def words(response, part: str = "main") -> str:
    """What a viewer sees of one element, in one line."""
    html = response.content.decode()
    start = html.index(f'id="{part}"')
    text = re.sub(r"<[^>]+>", " ", html[html.index(">", start) + 1 :])
    return re.sub(r" ([.,:;])", r"\1", " ".join(unescape(text).split()))


def links(response) -> set[str]:
    return set(re.findall(r'href="(/proposals/\d+/)', response.content.decode()))


@pytest.fixture
def ada(ada: User) -> User:
    ada.first_name, ada.last_name = "Ada", "Okafor"
    ada.save()
    return ada


# --- the list -----------------------------------------------------------------------------------


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


# --- one proposal -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "title", "why"),
    [
        ("passed", "Passed with 63.6% For", "Why it passed"),
        ("rejected", "Rejected with 40% For", "Why it was rejected"),
        ("expired", "No decision: nobody voted", "Why nothing was decided"),
    ],
)
def test_decided_page_says_result_and_why(client, status, title, why):
    proposal = decided_proposal(status)

    response = client.get(proposal.get_absolute_url())

    text = words(response)
    assert title in text
    assert why in text
    assert "Enough power took part" in text
    results = response.text.partition('id="results"')[2]
    assert "<h2" in results[:400]
    assert "hx-trigger" not in results[:400]


def test_rejected_page_names_the_clause_that_decided(client):
    set_option("governance.quorum", "0", actor=None)
    proposal = open_proposal_with(["30.5", "40"])
    for voter, choice in zip(voters_of(proposal), ("yes", "no"), strict=True):
        cast(proposal, voter, choice)
    close_now(proposal)

    text = words(client.get(proposal.get_absolute_url()))

    assert (
        "More power For than Against: no 30.5 power For < 40 Against This decided it: 9.5 short."
        in text
    )
    assert "Approval of at least 50%: not looked at Not looked at" in text


def test_open_page_shows_the_verdict_of_now(client):
    set_option("governance.quorum", "716450", actor=None)
    proposal = open_proposal_with([10])
    cast(proposal, voters_of(proposal)[0], "yes")

    text = words(client.get(proposal.get_absolute_url()), "results")

    assert "If voting closed now, this would not pass: quorum is 716.44k short." in text
    assert "For 10 power, 10 100%" in text
    assert "Quorum 10 needs 716.45k" in text
    assert "1 voter · See every vote" in text


def test_page_of_a_vote_that_ended_never_looks_open(signed_in, ada):
    """No worker has closed it, and still nobody is offered a vote."""
    proposal = open_proposal_with({ada: 10})
    shift_window(proposal, end=-timedelta(seconds=1))

    response = signed_in.get(proposal.get_absolute_url())

    assert response.status_code == 200
    text = words(response)
    assert "Voting has closed, counting" in text
    assert "You did not vote" in text
    assert "If voting closed now" not in text
    assert 'name="step"' not in response.text


def test_upcoming_page_shows_todays_rule_and_power(signed_in, ada):
    give_power(ada, Decimal("12480.5"))
    proposal = ProposalFactory(upcoming=True)

    text = words(signed_in.get(proposal.get_absolute_url()))

    assert "Opens in 23 hours" in text or "Opens in 24 hours" in text
    assert "12,480.5 power if it opened now" in text
    assert "Rules it will run under Token DPT, held and staked Quorum 4% of all power" in text
    assert "Results" not in text


def test_cancelled_page_gives_the_public_reason(client):
    proposal = open_proposal_with([1])
    cancel_proposal(actor=UserFactory(), proposal_id=proposal.pk, note="A hoax.")

    text = words(client.get(proposal.get_absolute_url()))

    assert "Cancelled by a moderator A hoax." in text
    assert "There is nothing to vote on" in text


def test_withdrawn_page_speaks_of_no_rule(client, ada):
    proposal = ProposalFactory(upcoming=True, proposer=ada)
    withdraw_proposal(actor=ada, proposal_id=proposal.pk)

    text = words(client.get(proposal.get_absolute_url()))

    assert "Withdrawn by its author" in text
    assert "Rules" not in text


def test_frozen_rule_stands_on_the_page_with_its_fingerprint(client):
    set_option("governance.quorum", "12.5 %", actor=None)
    proposal = open_proposal_with([1000])

    text = words(client.get(proposal.get_absolute_url()))

    assert "Quorum 125 power 12.5% of 1,000; For and Abstain count" in text
    assert proposal.fingerprint in text


def test_draft_is_its_authors_alone(client, ada):
    draft = ProposalFactory(proposer=ada, title="Secret garden")
    address = draft.get_absolute_url()

    assert client.get(address).status_code == 404
    client.force_login(UserFactory(role="admin"))
    assert client.get(address).status_code == 404
    client.force_login(ada)
    assert "Only you can see this" in words(client.get(address))
    for rest in ("results/", "votes/", "votes.csv", "vote/"):
        assert client.get(f"{address}{rest}").status_code == 404


@pytest.mark.parametrize("number", [0, 987654, 10**30])
def test_unknown_number_is_not_found(client, number):
    for rest in ("", "results/", "votes/", "votes.csv", "vote/"):
        assert client.get(f"/proposals/{number}/{rest}").status_code == 404


def test_hostile_text_stays_text(client):
    evil = "<script>alert(1)</script>"
    mallory = UserFactory(username="mallory", first_name=evil)
    proposal = open_proposal_with(
        {mallory: 1},
        proposer=mallory,
        title=evil,
        description=f"{evil} [x](javascript:alert(1))",
    )
    cast(proposal, mallory, "yes", f"{evil}\n<img src=x onerror=alert(1)>")
    page = proposal.get_absolute_url()

    for address, shown in ((page, 4), (f"{page}votes/", 3), (LIST, 2), ("/members/", 1)):
        html = client.get(address).text
        assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= shown, address
        assert "<script>alert" not in html
        assert "<img" not in html
        assert 'href="javascript' not in html


def test_page_has_no_inline_style_script_or_handler(signed_in, ada):
    """The content security policy would drop them, and say so in the console."""
    proposal = open_proposal_with({ada: 10})
    cast(proposal, ada, "yes", "Because.")
    decided = decided_proposal("rejected")
    addresses = [LIST, "/help/voting/"]
    addresses += [
        f"{p.get_absolute_url()}{rest}" for p in (proposal, decided) for rest in ("", "votes/")
    ]

    for address in addresses:
        html = signed_in.get(address).content.decode()
        assert not re.findall(r"\sstyle=|\son\w+=|<script>|javascript:", html), address


@pytest.mark.parametrize("item_count", [1, 3])
def test_page_asks_ten_queries(signed_in, ada, item_count, django_assert_num_queries):
    proposal = open_proposal_with([10] * item_count)
    for voter in voters_of(proposal):
        cast(proposal, voter, "yes", "Because.")
    address = proposal.get_absolute_url()
    signed_in.get(address)

    with django_assert_num_queries(10):
        response = signed_in.get(address)
    assert words(response).count("Because.") == item_count


# --- imported -----------------------------------------------------------------------------------


def test_imported_page_is_exact_and_without_exponents(client):
    import_sample()
    proposal = Proposal.objects.get(source_id="0x01")

    page = words(client.get(proposal.get_absolute_url()))
    votes = words(client.get(f"{proposal.get_absolute_url()}votes/"))

    assert "Proposed by @0x1111…1111 brought over from Snapshot" in page
    assert "12,345,678.12345678901234589 power For > 700.5 Against" in page
    assert "The votes were cast on Snapshot and brought over as they were." in page
    assert not re.search(r"\dE[-+]?\d", page + votes)
    assert "0.000000000000000001" in votes


# --- live results -------------------------------------------------------------------------------


@pytest.fixture
def opened() -> Proposal:
    proposal = open_proposal_with([3, 2, 1])
    cast(proposal, voters_of(proposal)[0], "yes")
    return proposal


def results(proposal: Proposal, version: str = "") -> str:
    return f"{proposal.get_absolute_url()}results/?v={version}"


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


# --- help ---------------------------------------------------------------------------------------


def test_help_explains_the_edges_in_the_rules_own_words(client):
    set_option("governance.approval", "3/5", actor=None)

    text = words(client.get("/help/voting/"))

    assert "With a quorum of 100 and an approval of 60%" in text
    assert "60 40 40 Passed Quorum and approval were met." in text
    assert "59 41 50 Rejected Approval was 59% and needed 60%." in text
    assert "50 50 60 Rejected For and Against had equal power, and a tie never passes." in text
    assert "70 60 0 Rejected Quorum was 30 short: only For and Abstain count toward it." in text
    assert "Abstain counts toward the quorum and never for or against the approval" in text


@pytest.mark.parametrize(
    ("mode", "sentence"),
    [
        ("for_abstain", "Abstain counts toward the quorum"),
        ("for", "counts neither toward the quorum"),
        ("turnout", "Every vote counts toward the quorum, also Abstain and Against"),
    ],
)
def test_help_says_what_counts_in_this_community(client, mode, sentence):
    set_option("governance.quorum_mode", mode, actor=None)

    text = words(client.get("/help/voting/"))

    assert sentence in text
    assert ("voting No can never make it pass" in text) == (mode != "turnout")
