"""Voting in a browser, with htmx and without."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from dao_portal.core.models import AuditLog
from governance.models import MAX_REASON, Proposal, TallySlot, Vote
from governance.services.cancelling import cancel_proposal
from tests.factories import (
    ProposalFactory,
    UserFactory,
    cast,
    close_now,
    open_proposal_with,
    shift_window,
)
from tests.governance.voting_pages import CARD, address, card, inputs, send

pytestmark = pytest.mark.django_db

REASON = "Because trees.\nAnd shade."


@pytest.fixture
def proposal(ada: User) -> Proposal:
    """Open, with 12,480 power for ada."""
    return open_proposal_with({ada: 12480, "ben": 5})


def stored(proposal: Proposal) -> list[tuple[str, str, str]]:
    votes = Vote.objects.filter(proposal=proposal).order_by("pk")
    return list(votes.values_list("voter__username", "vote_type", "reason"))


def nothing_happened(proposal: Proposal) -> bool:
    """No vote, no tally, no audit row of one."""
    return not (
        stored(proposal)
        or TallySlot.objects.filter(proposal=proposal).exists()
        or AuditLog.objects.filter(action__startswith="vote.").exists()
    )


# --- choose, review, cast -------------------------------------------------------------------------


def test_form_names_power_and_time_left(signed_in, proposal):
    text = card(signed_in.get(proposal.get_absolute_url()))

    assert text.startswith("Cast your vote")
    assert "days left" in text
    assert "Review vote 12,480 power" in text
    assert "Held 12,480 Staked 0 Delegated to you 0 Power 12,480" in text


@pytest.mark.parametrize("headers", [None, CARD])
def test_review_shows_everything_and_stores_nothing(signed_in, proposal, headers):
    response = send(signed_in, proposal, headers=headers, choice="no", reason=REASON, step="review")

    text = card(response)
    assert response.status_code == 200
    assert text.startswith("Check your vote Your choice Against Power 12,480 DPT")
    assert "Public reason Because trees. And shade." in text
    assert "Cast vote Back" in text
    assert (b"<html" in response.content) == (headers is None)
    assert nothing_happened(proposal)


def test_confirm_casts_and_comes_back_with_a_message(signed_in, ada, proposal):
    response = send(signed_in, proposal, choice="yes", reason=f" {REASON} ", step="confirm")

    assert (response.status_code, response["Location"]) == (303, address(proposal, "#vote"))
    assert stored(proposal) == [("ada", "yes", REASON)]
    page = signed_in.get(proposal.get_absolute_url())
    assert card(page).startswith("You voted For 12,480 power counted Because trees.")
    assert "Your vote is in: For, with 12,480 power." in page.content.decode()
    vote = Vote.objects.get(proposal=proposal, voter=ada)
    assert vote.receipt(proposal.fingerprint) in card(page)


def test_confirm_with_htmx_brings_card_results_and_toast_at_once(signed_in, proposal):
    response = send(signed_in, proposal, headers=CARD, choice="yes", step="confirm")

    html = response.content.decode()
    assert response.status_code == 200
    assert "<html" not in html
    assert '<h2 id="vote-h" tabindex="-1" autofocus>' in html
    assert card(response).startswith("You voted For 12,480 power counted")
    results = html.partition('id="results"')[2]
    assert 'hx-swap-oob="true"' in results
    assert f"{address(proposal, 'results/')}?v=1" in results
    assert '<div hx-swap-oob="beforeend:#toasts">' in html
    assert "Your vote is in: For, with 12,480 power." in html
    assert stored(proposal) == [("ada", "yes", "")]


def test_line_breaks_of_a_browser_are_one_character(signed_in, proposal):
    """A form sends CR LF; the counter under the field counted one."""
    reason = "\r\n".join(["x"] * (MAX_REASON // 2))

    send(signed_in, proposal, choice="yes", reason=reason, step="confirm")

    assert stored(proposal) == [("ada", "yes", reason.replace("\r\n", "\n"))]


@pytest.mark.parametrize("headers", [None, CARD])
def test_back_keeps_what_was_typed(signed_in, proposal, headers):
    response = send(
        signed_in, proposal, headers=headers, choice="abstain", reason=REASON, step="back"
    )

    assert card(response).startswith("Cast your vote")
    assert 'value="abstain" required checked>' in inputs(response)
    assert f">{REASON}</textarea>" in inputs(response)
    assert nothing_happened(proposal)


def test_missing_step_only_reviews(signed_in, proposal):
    assert card(send(signed_in, proposal, choice="yes")).startswith("Check your vote")
    assert nothing_happened(proposal)


# --- changing -------------------------------------------------------------------------------------


def test_vote_page_leads_to_the_form(signed_in, ada, proposal):
    cast(proposal, ada, "yes", "Because.")

    redirect = signed_in.get(address(proposal))
    form = signed_in.get(address(proposal, "?change=1"))
    part = signed_in.get(address(proposal), headers=CARD)

    assert (redirect.status_code, redirect["Location"]) == (
        302,
        address(proposal, "?change=1#vote"),
    )
    for response in (form, part):
        assert card(response).startswith("Change your vote")
        assert 'value="yes" required checked>' in inputs(response)
        assert ">Because.</textarea>" in inputs(response)
        assert "Keep my vote: For" in card(response)
    assert ["<html" in each.text for each in (form, part)] == [True, False]


def test_keep_my_vote_brings_the_card_back(signed_in, ada, proposal):
    cast(proposal, ada, "yes")

    response = signed_in.get(proposal.get_absolute_url(), headers=CARD)

    assert b"<html" not in response.content
    assert card(response).startswith("You voted For")


def test_changed_vote_counts_once(signed_in, ada, proposal):
    seen = cast(proposal, ada, "yes").receipt(proposal.fingerprint)

    review = send(signed_in, proposal, choice="no", replaces=seen, step="review")
    send(signed_in, proposal, choice="no", replaces=seen, step="confirm")

    assert "Your choice Against In place of For" in card(review)
    assert stored(proposal) == [("ada", "no", "")]
    text = card(signed_in.get(proposal.get_absolute_url()))
    assert text.startswith("You voted Against 12,480 power counted")


def test_same_vote_twice_is_one_vote(signed_in, proposal):
    for _ in range(2):
        assert send(signed_in, proposal, choice="yes", step="confirm").status_code == 303

    assert stored(proposal) == [("ada", "yes", "")]
    assert AuditLog.objects.filter(action__startswith="vote.").count() == 1


# --- refusals: a clear message, what was typed, and nothing changed -------------------------------


@pytest.mark.parametrize("headers", [None, CARD])
@pytest.mark.parametrize("step", ["review", "confirm"])
@pytest.mark.parametrize("choice", ["", "maybe", "YES", "yes\0"])
def test_unknown_choice_is_asked_again(signed_in, proposal, choice, step, headers):
    response = send(signed_in, proposal, headers=headers, choice=choice, reason=REASON, step=step)

    assert response.status_code == 422
    assert "Choose For, Against or Abstain before you continue." in card(response)
    assert f">{REASON}</textarea>" in inputs(response)
    assert nothing_happened(proposal)


@pytest.mark.parametrize("step", ["review", "confirm"])
def test_too_long_reason_stays_in_the_field(signed_in, proposal, step):
    reason = "x" * (MAX_REASON + 1)

    response = send(signed_in, proposal, choice="no", reason=reason, step=step)

    assert response.status_code == 422
    assert "Keep your reason to 500 characters." in card(response)
    assert f">{reason}</textarea>" in inputs(response)
    assert 'value="no" required checked>' in inputs(response)
    assert "<title>Error:" in response.content.decode()
    assert nothing_happened(proposal)


REFUSED = "Your vote was not recorded"


@pytest.mark.parametrize("headers", [None, CARD])
@pytest.mark.parametrize("step", ["review", "confirm"])
@pytest.mark.parametrize(
    ("state", "message"),
    [
        ("upcoming", "Voting has not opened yet. Nothing was recorded."),
        ("opening", "Voting has not opened yet. Nothing was recorded."),
        ("counting", "Voting has closed. Your vote was not recorded."),
        ("closed", "Voting has closed. Your vote was not recorded."),
        ("cancelled", "Voting has closed. Your vote was not recorded."),
        ("no power", "You had no voting power when voting opened"),
    ],
)
def test_vote_in_vain_says_why_and_shows_what_was_typed(
    signed_in, ada, state, message, step, headers
):
    proposal = proposal_in(state, ada)
    before = stored(proposal)

    response = send(signed_in, proposal, headers=headers, choice="yes", reason=REASON, step=step)

    text = card(response)
    assert response.status_code == 422
    assert text.startswith(f"{REFUSED} {message}")
    assert "Your choice For Your reason Because trees. And shade." in text
    assert stored(proposal) == before == []


def proposal_in(state: str, ada: User) -> Proposal:
    if state == "upcoming":
        return ProposalFactory(upcoming=True)
    if state == "opening":
        return ProposalFactory(due=True)
    if state == "no power":
        return open_proposal_with([1])
    proposal = open_proposal_with({ada: 10})
    if state == "counting":
        return shift_window(proposal, end=timedelta(0))
    if state == "closed":
        return close_now(proposal)
    cancel_proposal(actor=UserFactory(), proposal_id=proposal.pk, note="Twice.")
    return proposal


def test_vote_that_misses_the_end_between_check_and_lock_is_refused(signed_in, ada, proposal):
    """The last judge is the database: the row was open when the page was drawn."""
    review = send(signed_in, proposal, choice="yes", reason=REASON, step="review")
    assert card(review).startswith("Check your vote")
    shift_window(proposal, end=timedelta(0))

    response = send(signed_in, proposal, choice="yes", reason=REASON, step="confirm")

    assert card(response).startswith(f"{REFUSED} Voting has closed.")
    assert nothing_happened(proposal)


def test_wrong_method_is_refused(signed_in, proposal):
    assert signed_in.delete(address(proposal)).status_code == 405
    assert signed_in.put(address(proposal)).status_code == 405
    for rest in ("", "results/", "votes/", "votes.csv"):
        assert signed_in.post(address(proposal, rest)).status_code == 405


def test_vote_without_a_form_of_ours_is_refused(ada, proposal):
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)

    assert send(client, proposal, choice="yes", step="confirm").status_code == 403
    assert nothing_happened(proposal)


# --- signed out, and the states of the card -------------------------------------------------------


def test_signed_out_vote_leads_to_sign_in_and_back(client, proposal):
    response = send(client, proposal, choice="yes", step="confirm")

    assert response.status_code == 303
    assert response["Location"] == f"/accounts/login/?next={address(proposal, '')}%23vote"
    assert nothing_happened(proposal)


def test_signed_out_vote_with_htmx_leaves_the_page(client, proposal):
    response = send(client, proposal, headers=CARD, choice="yes", step="confirm")

    assert (response.status_code, response.content) == (204, b"")
    assert response["HX-Redirect"] == f"/accounts/login/?next={address(proposal, '')}%23vote"


def test_card_of_a_reader_who_is_signed_out(client, proposal):
    response = client.get(proposal.get_absolute_url())

    assert card(response).startswith(
        "Sign in to vote Members who held DPT when voting opened can vote for another"
    )
    assert f'href="/accounts/login/?next={address(proposal, "")}%23vote"' in inputs(response)


def test_card_of_a_member_without_power(client, proposal):
    client.force_login(UserFactory())

    text = card(client.get(proposal.get_absolute_url()))

    assert text.startswith("You have no power in this vote")
    assert "Tokens that arrived later count in the next vote." in text


def test_card_while_voting_opens(signed_in):
    due = ProposalFactory(due=True, voting_start=timezone.now())

    text = card(signed_in.get(due.get_absolute_url()))

    assert text.startswith("Voting is opening Power is being counted")


def test_card_while_voting_opens_late(signed_in):
    text = card(signed_in.get(ProposalFactory(due=True).get_absolute_url()))

    assert text.startswith("Voting opens late It should have opened ")
    assert "Voting still closes in 3 days" in text


def test_card_after_the_end_shows_my_vote_and_receipt(signed_in, ada):
    proposal = open_proposal_with({ada: 10})
    vote = cast(proposal, ada, "abstain", "Travel list.")
    close_now(proposal)

    text = card(signed_in.get(proposal.get_absolute_url()))

    receipt = vote.receipt(proposal.fingerprint)
    assert text == (
        f"You voted Abstain 10 power counted Travel list. Receipt {receipt} · Find it in the list"
    )


@pytest.mark.parametrize(
    ("who", "words"),
    [
        ("voter", "You did not vote"),
        ("stranger", "You had no power in this vote"),
        ("nobody", "Voting has closed"),
    ],
)
def test_card_after_the_end_of_who_did_not_vote(client, ada, who, words):
    proposal = close_now(open_proposal_with({ada: 10}))
    if who != "nobody":
        client.force_login(ada if who == "voter" else UserFactory())

    assert card(client.get(proposal.get_absolute_url())).startswith(f"{words} Voting closed ")


def test_card_of_a_cancelled_vote_shows_what_i_had_voted(signed_in, ada, proposal):
    cast(proposal, ada, "yes")
    cancel_proposal(actor=UserFactory(), proposal_id=proposal.pk, note="Twice.")

    assert card(signed_in.get(proposal.get_absolute_url())) == (
        "You voted For 12,480 power counted The vote was stopped, so nothing was decided."
    )
