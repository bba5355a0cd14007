"""A type of proposals is one entry in the registry, and nothing else knows of it."""

import re

import pytest
from django.conf import settings

from governance.forms import ProposalForm
from governance.models import Proposal
from governance.proposal_types import PROPOSAL_TYPES, ProposalType
from governance.services.proposals import copy_proposal
from tests.factories import ProposalFactory, close_now, open_proposal_with

# "proposal.type == ...", "filters.type in ...", and a class of the style sheet for one of them
SPECIAL_CASE = re.compile(r"\b(proposal|draft|content|self|filters)\.type (==|!=|in\b|not in\b)")
CODE = [
    path
    for folder, ending in (("governance", "py"), ("social", "py"), ("templates", "html"))
    for path in (settings.BASE_DIR / folder).rglob(f"*.{ending}")
]


@pytest.fixture
def salary(monkeypatch):
    """A second type of proposals."""
    monkeypatch.setitem(PROPOSAL_TYPES, "salary", ProposalType("salary", "Salary"))


@pytest.mark.django_db
def test_a_new_type_is_called_and_found_by_its_entry_alone(salary, client):
    paid = ProposalFactory(upcoming=True, title="Pay the gardener", type="salary")
    ProposalFactory(upcoming=True, title="Plant a tree")
    paid.full_clean(exclude=["search"])

    found = client.get("/proposals/", {"type": "salary"})
    unknown = client.get("/proposals/", {"type": "wages"})

    assert [row.proposal.title for row in found.context["list"].rows] == ["Pay the gardener"]
    assert len(unknown.context["list"].rows) == 2
    assert "<span>Salary</span>" in found.content.decode()
    assert "<span>Salary</span>" in client.get(paid.get_absolute_url()).content.decode()


@pytest.mark.django_db
def test_a_proposal_stays_of_its_type_when_it_is_edited(salary, client):
    draft = ProposalFactory(type="salary")
    form = {"title": "Pay the gardener", "unit": "days", "version": draft.saved_version}
    client.force_login(draft.proposer)

    answer = client.post(f"/proposals/{draft.number}/edit/", form)

    assert answer.status_code == 303
    draft.refresh_from_db()
    assert (draft.title, draft.type) == ("Pay the gardener", "salary")


@pytest.mark.django_db
def test_a_copy_is_of_the_same_type(salary):
    ended = open_proposal_with([1], type="salary")
    close_now(ended)

    assert copy_proposal(actor=ended.proposer, proposal_id=ended.pk).type == "salary"


def test_a_new_proposal_is_of_the_usual_type():
    form = ProposalForm({"title": "Plant a tree", "unit": "days"})

    assert form.is_valid()
    assert form.content().type == Proposal().type == "text"


def test_nothing_but_the_registry_tells_one_type_from_another():
    assert CODE
    assert SPECIAL_CASE.search('{% if proposal.type == "text" %}')
    assert [str(path) for path in CODE if SPECIAL_CASE.search(path.read_text())] == []
