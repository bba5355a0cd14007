"""Proposing again what was missed, refused or stopped."""

import re
from uuid import uuid4

import pytest
from django.db import transaction

from dao_portal.core.models import AuditLog
from dao_portal.core.once import AlreadySent
from governance.errors import NothingToCopy, NotYours
from governance.models import Proposal
from governance.services.proposals import copy_proposal
from tests.factories import (
    ProposalFactory,
    UserFactory,
    decided_proposal,
    open_proposal_with,
    unguarded,
)
from tests.governance.missed_votes import missed, words
from tests.threads import PATIENCE, second_session, wait_until_blocked

pytestmark = pytest.mark.django_db


def test_its_author_starts_a_draft_from_it(client):
    proposal = missed(title="Fund the garden", description="Ten raised beds.")
    client.force_login(proposal.proposer)
    assert "Copy to a new draft" in words(client.get(proposal.get_absolute_url()))

    response = client.post(f"/proposals/{proposal.number}/again/")

    draft = Proposal.objects.get(status="draft")
    assert response.headers["Location"] == f"/proposals/{draft.number}/edit/"
    assert (draft.title, draft.description) == ("Fund the garden", "Ten raised beds.")
    assert draft.description_html == "<p>Ten raised beds.</p>\n"
    assert (draft.proposer, draft.voting_start, draft.voting_end) == (proposal.proposer, None, None)
    form = client.get(response.headers["Location"])
    assert "Copied to a new draft. Only you can see it." in form.content.decode()


def copy(proposal, key=None):
    return copy_proposal(actor=proposal.proposer, proposal_id=proposal.pk, key=key)


def key_on(response):
    (form,) = re.findall(r'<form[^>]*/again/">.*?</form>', response.text, re.DOTALL)
    return re.findall(r'name="key" value="([0-9a-f-]{36})"', form)[0]


def test_sent_twice_it_is_one_draft_whatever_became_of_its_text(client):
    proposal = missed(title="Fund the garden")
    client.force_login(proposal.proposer)
    address = f"/proposals/{proposal.number}/again/"
    form = {"key": key_on(client.get(proposal.get_absolute_url()))}
    first = client.post(address, form)
    Proposal.objects.filter(status="draft").update(title="Fund the orchard")

    assert client.post(address, form)["Location"] == first["Location"]
    assert [draft.title for draft in Proposal.objects.filter(status="draft")] == [
        "Fund the orchard"
    ]
    assert AuditLog.objects.filter(action="proposal.created").count() == 1


def test_without_a_key_or_under_another_it_is_copied_anew():
    """Also beside a draft of the same words, which may be somebody's second thought."""
    proposal = missed()

    copies = {copy(proposal, key).pk for key in (None, None, uuid4(), uuid4())}

    assert len(copies) == 4


def test_a_key_that_stands_for_another_proposal_copies_nothing(client):
    first, key = missed(), uuid4()
    copy(first, key)
    other = missed(proposer=first.proposer)
    with pytest.raises(AlreadySent):
        copy(other, key)

    client.force_login(first.proposer)
    answer = client.post(f"/proposals/{other.number}/again/", {"key": key}, follow=True)
    assert str(AlreadySent.message) in answer.text
    assert Proposal.objects.filter(status="draft").count() == 1


def test_a_copy_that_was_deleted_since_is_not_made_again(client):
    proposal, key = missed(), uuid4()
    copy(proposal, key).delete()
    client.force_login(proposal.proposer)

    answer = client.post(f"/proposals/{proposal.number}/again/", {"key": key}, follow=True)

    assert "deleted in the meantime" in answer.text
    assert not Proposal.objects.filter(status="draft").exists()


@pytest.mark.django_db(transaction=True)
def test_sent_twice_at_once_it_is_one_draft():
    proposal, key = missed(), uuid4()

    with second_session() as start:
        with transaction.atomic():
            Proposal.objects.select_for_update().get(pk=proposal.pk)
            copies = [start(copy, proposal, key) for _ in range(3)]
            wait_until_blocked(3)
        assert len({made.result(PATIENCE).pk for made in copies}) == 1

    assert Proposal.objects.filter(status="draft").count() == 1


def test_what_ended_elsewhere_is_not_proposed_again(client):
    proposal = decided_proposal("rejected")
    with unguarded():
        Proposal.objects.filter(pk=proposal.pk).update(source="snapshot", source_id="0xabc")
    with pytest.raises(NothingToCopy):
        copy(proposal)

    client.force_login(proposal.proposer)
    page = words(client.get(proposal.get_absolute_url()))
    assert proposal.title in page
    assert "Copy to a new draft" not in page


@pytest.mark.parametrize("state", ["draft", "upcoming", "open", "passed"])
def test_what_is_under_way_or_passed_is_not_proposed_again(state, client):
    proposal = {
        "draft": ProposalFactory,
        "upcoming": lambda: ProposalFactory(upcoming=True),
        "open": lambda: open_proposal_with([60]),
        "passed": decided_proposal,
    }[state]()
    with pytest.raises(NothingToCopy):
        copy(proposal)

    client.force_login(proposal.proposer)
    page = words(client.get(proposal.get_absolute_url()))
    assert proposal.title in page
    assert "Copy to a new draft" not in page
    refusal = client.post(f"/proposals/{proposal.number}/again/", follow=True)
    assert str(NothingToCopy.message) in refusal.content.decode()


@pytest.mark.parametrize("status", ["rejected", "expired"])
def test_what_did_not_pass_can_be_proposed_again(status):
    proposal = decided_proposal(status)

    made = copy(proposal)

    assert (made.status, made.title) == ("draft", proposal.title)


def test_nobody_elses_is_proposed_again(client):
    proposal, stranger = missed(), UserFactory()
    with pytest.raises(NotYours):
        copy_proposal(actor=stranger, proposal_id=proposal.pk)

    client.force_login(stranger)
    page = words(client.get(proposal.get_absolute_url()))
    assert proposal.title in page
    assert "Copy to a new draft" not in page
    assert client.post(f"/proposals/{proposal.number}/again/").status_code == 404
