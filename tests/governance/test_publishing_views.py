"""Publishing, withdrawing and deleting: what is asked first, and what is refused."""

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from dao_portal.core.actions import Action
from dao_portal.core.models import AuditLog
from dao_portal.core.services.options import set_option
from governance.models import Proposal
from governance.services.advancing import advance_proposals
from tests.factories import DAY, HOUR, ProposalFactory, give_power, open_proposal_with, shift_window
from tests.governance.writing import NEW, NEXT_WEEK, WRITTEN, content_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(ada: User) -> User:
    give_power(ada, 12_480)
    return ada


# --- power ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("threshold", "words"),
    [
        ("0", "You can publish: every member may, with or without power."),
        ("10000", "You can publish: you have <strong>12,480</strong>, and 10,000 is needed."),
        (
            "12480.5",
            "not publish yet: you have <strong>12,480</strong>, and 12,480.5 is needed.",
        ),
    ],
)
def test_the_form_says_whether_ones_power_is_enough(signed_in, threshold, words):
    set_option("governance.proposal_threshold", threshold, actor=None)

    assert words in signed_in.get(NEW).text


def ready_draft(author: User, **fields) -> Proposal:
    fields = {"voting_start": NEXT_WEEK, "voting_end": NEXT_WEEK + 5 * DAY} | fields
    return ProposalFactory(proposer=author, **fields)


# --- publishing -----------------------------------------------------------------------------------


def test_publish_step_shows_text_rules_and_consequences(signed_in, ada):
    draft = ready_draft(ada)

    html = signed_in.get(f"/proposals/{draft.number}/publish/").text

    assert "<strong>rain barrel</strong>" in html
    assert "These are today&#x27;s rules." in html or "These are today's rules." in html
    assert html.count("<li>") == 3
    assert "Publish proposal" in html
    assert content_of(draft)[4] == "draft"


def test_publishing_shows_it_to_everybody(signed_in, ada, client):
    draft = ready_draft(ada)

    response = signed_in.post(f"/proposals/{draft.number}/publish/")

    assert (response.status_code, response["Location"]) == (303, f"/proposals/{draft.number}/")
    assert content_of(draft)[4] == "active"
    assert Client().get(f"/proposals/{draft.number}/").status_code == 200
    assert AuditLog.objects.filter(action=Action.PROPOSAL_PUBLISHED, user=ada).count() == 1


def test_publishing_twice_publishes_once(signed_in, ada):
    draft = ready_draft(ada)
    signed_in.post(f"/proposals/{draft.number}/publish/")

    response = signed_in.post(f"/proposals/{draft.number}/publish/")

    assert (response.status_code, response["Location"]) == (303, f"/proposals/{draft.number}/")
    assert AuditLog.objects.filter(action=Action.PROPOSAL_PUBLISHED).count() == 1


def test_what_is_published_has_no_publish_step_any_more(signed_in, ada):
    proposal = ProposalFactory(upcoming=True, proposer=ada)

    response = signed_in.get(f"/proposals/{proposal.number}/publish/")

    assert (response.status_code, response["Location"]) == (303, f"/proposals/{proposal.number}/")


UNREADY = {
    "no text": ({"description": ""}, {}, "Write the text of the proposal."),
    "no window": (
        {"voting_start": None, "voting_end": None},
        {},
        "Say when voting opens and closes.",
    ),
    "too soon": (
        {"voting_start": timezone.now() + 3 * HOUR},
        {},
        "Voting must open at least 1 day after publishing.",
    ),
    "too short": (
        {"voting_end": NEXT_WEEK + HOUR},
        {},
        "Voting must last between 1 day and 30 days.",
    ),
    "too little power": (
        {},
        {"governance.proposal_threshold": "12481"},
        "You need 12,481 voting power to publish, and you have 12,480.",
    ),
    "no token": (
        {},
        {"governance.token": "GONE"},
        "The community has no governance token yet.",
    ),
}


@pytest.mark.parametrize("case", UNREADY)
def test_what_cannot_be_published_stays_a_draft(signed_in, ada, case):
    fields, options, message = UNREADY[case]
    for key, value in options.items():
        set_option(key, value, actor=None)
    draft = ready_draft(ada, **fields)
    old = content_of(draft)
    address = f"/proposals/{draft.number}/publish/"

    seen, refused = signed_in.get(address).text, signed_in.post(address)

    assert "It cannot be published yet" in seen
    assert f"<li>{message}</li>" in seen
    assert "Publish proposal" not in seen
    assert refused.status_code == 422
    assert "<title>Error: Publish" in refused.text
    assert f"<li>{message}</li>" in refused.text
    assert content_of(draft) == old
    assert message in signed_in.get(f"/proposals/{draft.number}/").text


# --- withdrawing ----------------------------------------------------------------------------------


def test_withdrawing_asks_first(signed_in, ada):
    proposal = ProposalFactory(upcoming=True, proposer=ada)
    address = f"/proposals/{proposal.number}/withdraw/"

    assert "This cannot be undone." in signed_in.get(address).text
    assert content_of(proposal)[4] == "active"
    response = signed_in.post(address, follow=True)

    assert "Withdrawn. It stays readable." in response.text
    assert content_of(proposal)[4] == "rejected"


@pytest.mark.parametrize("method", ["get", "post"])
def test_an_open_proposal_cannot_be_withdrawn(signed_in, ada, method):
    proposal = open_proposal_with({}, proposer=ada)
    old = content_of(proposal)

    response = getattr(signed_in, method)(f"/proposals/{proposal.number}/withdraw/", follow=True)

    assert "A proposal can be withdrawn until voting opens." in response.text
    assert content_of(proposal) == old


def test_a_proposal_that_opens_while_its_author_thinks_stays_open(signed_in, ada):
    proposal = ProposalFactory(upcoming=True, proposer=ada)
    address = f"/proposals/{proposal.number}/withdraw/"
    assert signed_in.get(address).status_code == 200
    shift_window(proposal, start=-HOUR)
    advance_proposals()

    signed_in.post(address)

    assert content_of(proposal)[4] == "active"


# --- deleting -------------------------------------------------------------------------------------


def test_deleting_a_draft_asks_first(signed_in, ada):
    draft = ProposalFactory(proposer=ada, title="Half a thought")
    address = f"/proposals/{draft.number}/delete/"

    assert address in signed_in.get(f"/proposals/{draft.number}/").text
    assert "Its text is gone for good." in signed_in.get(address).text
    assert Proposal.objects.filter(pk=draft.pk).exists()
    response = signed_in.post(address, follow=True)

    assert "Draft deleted." in response.text
    assert response.redirect_chain == [("/proposals/", 303)]
    assert not Proposal.objects.filter(pk=draft.pk).exists()
    assert signed_in.post(address).status_code == 404


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_published_proposal_cannot_be_deleted(signed_in, ada, method):
    proposal = ProposalFactory(upcoming=True, proposer=ada)

    response = getattr(signed_in, method)(f"/proposals/{proposal.number}/delete/", follow=True)

    assert "Only a draft can be deleted." in response.text
    assert content_of(proposal)[4] == "active"


# --- whose ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("page_name", ["edit", "publish", "withdraw", "delete"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_anothers_proposal_is_not_there(signed_in, page_name, method):
    proposal = ProposalFactory(upcoming=True)
    old = content_of(proposal)

    response = getattr(signed_in, method)(
        f"/proposals/{proposal.number}/{page_name}/", WRITTEN if method == "post" else None
    )

    assert response.status_code == 404
    assert content_of(proposal) == old


@pytest.mark.parametrize("method", ["get", "post"])
def test_visitors_are_asked_to_sign_in(client, method):
    response = getattr(client, method)(NEW)

    assert (response.status_code, response["Location"]) == (
        302,
        "/accounts/login/?next=/proposals/new/",
    )
