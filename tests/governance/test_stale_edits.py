"""A text that was saved in another window is not undone by an older one without a word."""

import re
from datetime import time

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from dao_portal.core.actions import Action
from dao_portal.core.models import AuditLog
from governance.errors import ChangedMeanwhile
from governance.models import Proposal
from governance.services.proposals import Content, edit_proposal
from tests.factories import DAY, ProposalFactory, give_power
from tests.threads import PATIENCE, second_session, wait_until_blocked

pytestmark = pytest.mark.django_db

CHANGED = "This proposal was changed in another window after you opened this one."


@pytest.fixture(params=[{}, {"upcoming": True}], ids=["draft", "published"])
def proposal(request) -> Proposal:
    now = timezone.now().replace(second=0, microsecond=0)
    window = {"voting_start": now + 7 * DAY, "voting_end": now + 12 * DAY}
    proposal = ProposalFactory(**request.param, **window)
    give_power(proposal.proposer, 1)
    return proposal


@pytest.fixture
def author(client: Client, proposal: Proposal) -> Client:
    client.force_login(proposal.proposer)
    return client


def form_of(response) -> dict[str, str]:
    """What the form on the page would send."""
    sent = {field.html_name: field.value() or "" for field in response.context["form"]}
    if isinstance(sent["opens_at"], time):
        sent["opens_at"] = f"{sent['opens_at']:%H:%M}"
    return sent


def version_on(response) -> str:
    found = re.search(r'<input type="hidden" name="version" value="([^"]*)"', response.text)
    assert found
    return found[1]


def test_older_window_is_told_and_keeps_what_was_typed(author, proposal):
    address = f"{proposal.get_absolute_url()}edit/"
    older, newer = (form_of(author.get(address)) for _ in range(2))
    saved = author.post(address, newer | {"description": "The newer text."})
    assert saved.status_code == 303
    before = AuditLog.objects.count()

    refused = author.post(address, older | {"title": "The older window's title"})

    assert refused.status_code == 422
    assert CHANGED in refused.text
    assert "<title>Error:" in refused.text
    assert 'value="The older window&#x27;s title"' in refused.text
    proposal.refresh_from_db()
    assert (proposal.description, AuditLog.objects.count()) == ("The newer text.", before)

    assert version_on(refused) == proposal.saved_version
    again = author.post(address, form_of(refused))
    assert again.status_code == 303
    proposal.refresh_from_db()
    assert proposal.title == "The older window's title"
    assert proposal.description == older["description"]


def test_third_window_is_noticed_too(author, proposal):
    address = f"{proposal.get_absolute_url()}edit/"
    form = form_of(author.get(address))
    author.post(address, form | {"title": "Second"})
    refused = author.post(address, form | {"title": "First"})
    author.post(address, form_of(author.get(address)) | {"title": "Third"})

    assert author.post(address, form_of(refused)).status_code == 422
    proposal.refresh_from_db()
    assert proposal.title == "Third"


def test_saving_twice_is_saving_once(author, proposal):
    address = f"{proposal.get_absolute_url()}edit/"
    form = form_of(author.get(address)) | {"title": "A bench"}

    for _ in range(2):
        assert author.post(address, form).status_code == 303

    assert (
        AuditLog.objects.filter(action__in=[Action.DRAFT_EDITED, Action.PROPOSAL_EDITED]).count()
        == 1
    )


@pytest.mark.parametrize("step", ["preview", "write", "check"])
def test_looking_at_it_carries_what_was_read(author, proposal, step):
    address = f"{proposal.get_absolute_url()}edit/"
    form = form_of(author.get(address))
    author.post(address, form | {"title": "Newer"})

    looked = author.post(address, form | {"step": step})

    assert version_on(looked) == form["version"]
    assert author.post(address, form_of(looked) | {"title": "Older"}).status_code == 422


@pytest.fixture
def draft(client):
    """What its author may publish as it stands; they are signed in."""
    draft = ProposalFactory(
        voting_start=timezone.now() + 7 * DAY, voting_end=timezone.now() + 12 * DAY
    )
    give_power(draft.proposer, 1)
    client.force_login(draft.proposer)
    return draft


def test_draft_that_was_published_in_another_window_is_a_newer_one(client, draft):
    """What was written for nobody to see is not saved for everybody."""
    address = f"{draft.get_absolute_url()}edit/"
    form = form_of(client.get(address))
    publish = f"{draft.get_absolute_url()}publish/"
    client.post(publish, {"version": version_on(client.get(publish))})

    assert client.post(address, form | {"title": "Half a thought"}).status_code == 422
    title = draft.title
    draft.refresh_from_db()
    assert (draft.status, draft.title) == ("active", title)


def test_draft_that_was_changed_in_another_window_is_looked_over_again(client, draft):
    address = f"{draft.get_absolute_url()}publish/"
    seen = version_on(client.get(address))
    window = {"voting_start": draft.voting_start, "voting_end": draft.voting_end}
    edit_proposal(
        actor=draft.proposer,
        proposal_id=draft.pk,
        content=Content("Other", "Other words.", **window),
    )

    refused = client.post(address, {"version": seen}, follow=True)

    draft.refresh_from_db()
    assert (draft.status, refused.redirect_chain) == ("draft", [(address, 303)])
    assert "This draft was changed in another window. Look once more" in refused.text
    client.post(address, {"version": version_on(refused)})
    draft.refresh_from_db()
    assert draft.status == "active"


@pytest.mark.django_db(transaction=True)
def test_edit_that_waits_for_a_newer_one_is_refused():
    draft = ProposalFactory()
    edit = {"actor": draft.proposer, "proposal_id": draft.pk, "version": draft.saved_version}

    with second_session() as start:
        with transaction.atomic():
            edit_proposal(**edit, content=Content("Newer", "First there."))
            late = start(edit_proposal, **edit, content=Content("Older", "Overtaken."))
            wait_until_blocked()
        error = late.exception(PATIENCE)

    draft.refresh_from_db()
    assert isinstance(error, ChangedMeanwhile)
    assert (error.version, draft.title) == (draft.saved_version, "Newer")
