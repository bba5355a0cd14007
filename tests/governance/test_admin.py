"""The moderators' view of proposals and votes: everything to look at, nothing to write."""

import re

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from dao_portal.core.models import AuditLog
from governance import outcome
from governance.models import PowerSnapshot, Proposal, TallySlot, Vote
from governance.wording import REASONS
from tests.factories import (
    ProposalFactory,
    UserFactory,
    cast,
    close_now,
    open_proposal_with,
    voters_of,
)

pytestmark = pytest.mark.django_db

MODELS = (Proposal, Vote, PowerSnapshot, TallySlot)


@pytest.fixture
def grace(client: Client) -> Client:
    """A moderator's browser."""
    client.force_login(UserFactory(username="grace", role="moderator"))
    return client


@pytest.fixture
def proposal() -> Proposal:
    """Three votes, one of them with a reason."""
    proposal = open_proposal_with({"amy": "12480.5", "ben": 7, "cleo": 1}, title="Plant trees")
    for voter, choice in zip(voters_of(proposal), ("yes", "no", "abstain"), strict=True):
        cast(proposal, voter, choice, "Shade." if choice == "yes" else "")
    return proposal


def page(model, name: str = "changelist", *args) -> str:
    return reverse(f"admin:governance_{model._meta.model_name}_{name}", args=args)


def listed(response, column: str) -> list[str]:
    """The words of one column of a list, from top to bottom."""
    cells = re.findall(
        rf'<t[dh] class="field-{column}[^"]*">(.*?)</t[dh]>', response.content.decode(), re.DOTALL
    )
    return [re.sub(r"<[^>]+>", "", cell).strip() for cell in cells]


@pytest.mark.parametrize("model", MODELS)
def test_nobody_writes_here(grace, proposal, model):
    row = model.objects.first()
    shown = grace.get(page(model, "change", row.pk))

    assert shown.status_code == 200
    assert b'name="_save"' not in shown.content
    assert grace.post(page(model, "change", row.pk), {"title": "x"}).status_code == 403
    assert grace.get(page(model, "add")).status_code == 403
    assert grace.post(page(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert model.objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("model", MODELS)
def test_members_see_nothing_here(client, proposal, model):
    client.force_login(voters_of(proposal)[0])

    assert client.get(page(model), follow=True).status_code == 403


def test_proposals_show_the_phase_that_members_see(grace, proposal):
    ProposalFactory(upcoming=True)
    ProposalFactory()

    response = grace.get(page(Proposal))

    assert listed(response, "phase") == ["Upcoming", "Open"]


def test_draft_stays_its_authors(grace):
    draft = ProposalFactory(title="Secret garden")

    assert b"Secret garden" not in grace.get(page(Proposal)).content
    assert grace.get(page(Proposal, "change", draft.pk)).status_code == 302  # "does not exist"


def test_proposal_is_read_from_what_it_is_to_where_it_came_from(grace, proposal):
    close_now(proposal)

    html = grace.get(page(Proposal, "change", proposal.pk)).content.decode()

    headings = re.findall(r'class="fieldset-heading">([^<]+)<', html)
    assert headings == ["Times", "Result", "Rule", "Text", "Origin"]
    assert "12,480.5" in html
    assert "12480.5000" not in html


def test_votes_show_power_exactly_and_the_receipt(grace, proposal):
    vote = Vote.objects.get(proposal=proposal, voter__username="amy")

    assert listed(grace.get(page(Vote)), "power") == ["1", "7", "12,480.5"]
    html = grace.get(page(Vote, "change", vote.pk)).content.decode()
    assert vote.receipt(proposal.fingerprint) in html
    assert "Shade." in html


@pytest.mark.parametrize("model", [Vote, PowerSnapshot])
def test_rows_are_found_by_member_or_proposal(grace, proposal, model):
    other = open_proposal_with({"dan": 3})
    cast(other, voters_of(other)[-1], "yes")

    def found(term: str) -> set[str]:
        return set(listed(grace.get(page(model), {"q": term}), "member"))

    assert found("AMY") == found("@amy") == {"@amy"}
    assert found("dan") == {"@dan"}
    assert {"@amy", "@ben", "@cleo"} <= found(f"#{proposal.number}")
    assert found("am") == found("%") == found("9" * 30) == set()


def test_search_finds_proposals_by_number_title_and_author(grace, proposal):
    ProposalFactory(upcoming=True, title="Paint the fence")

    for term in (str(proposal.number), "plant", proposal.proposer.username):
        assert listed(grace.get(page(Proposal), {"q": term}), "title") == ["Plant trees"]


def test_reasons_are_words_in_the_filter_and_on_the_page(grace, proposal):
    close_now(proposal)
    other = open_proposal_with([1])
    close_now(other)

    response = grace.get(page(Proposal), {"reason": "no_votes"})

    assert listed(response, "mark") == [f"#{other.number}"]
    assert "Nobody with power voted</a>" in response.content.decode()
    html = grace.get(page(Proposal, "change", other.pk)).content.decode()
    assert ">Nobody with power voted<" in html


def test_every_reason_has_words():
    assert set(outcome.Reason) == set(REASONS)


def test_a_proposals_page_leads_to_everything_about_it(grace, proposal):
    html = grace.get(page(Proposal, "change", proposal.pk)).content.decode()

    assert f'href="/proposals/{proposal.number}/"' in html
    for address in ("governance/vote", "governance/tallyslot", "social/comment"):
        assert f"/admin/{address}/?q=%23{proposal.number}" in html
    assert f"/admin/core/auditlog/?q={proposal.pk}" in html


def test_an_audit_entry_about_a_draft_does_not_lead_to_it(grace):
    draft = ProposalFactory(title="Secret garden")
    entry = AuditLog.objects.create(
        action="proposal.created", resource_type="proposal", resource_id=draft.pk
    )

    html = grace.get(reverse("admin:core_auditlog_change", args=[entry.pk])).content.decode()

    assert "Secret garden" not in html
    assert "See it in the portal" not in html


@pytest.mark.parametrize("item_count", [1, 3])
@pytest.mark.parametrize(
    ("model", "queries"), [(Proposal, 5), (Vote, 5), (PowerSnapshot, 5), (TallySlot, 5)]
)
def test_lists_ask_a_fixed_number_of_queries(
    grace, item_count, model, queries, django_assert_num_queries
):
    for _ in range(item_count):
        proposal = open_proposal_with([1])
        cast(proposal, voters_of(proposal)[-1], "yes")
    grace.get(page(model))

    with django_assert_num_queries(queries):
        response = grace.get(page(model))
    assert len(response.context["cl"].result_list) >= item_count


def test_lists_count_no_further_than_they_show(grace, proposal, monkeypatch):
    paginator = admin.site._registry[Vote].paginator
    monkeypatch.setattr(paginator, "MOST_ROWS", 2)

    assert grace.get(page(Vote)).context["cl"].result_count == 2
