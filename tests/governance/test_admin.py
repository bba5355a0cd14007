"""The moderators' view of proposals and votes: everything to look at, nothing to write."""

import re

import pytest
from django.contrib import admin
from django.urls import reverse

from dao_portal.core.models import AuditLog
from governance import outcome
from governance.models import PowerSnapshot, Proposal, TallySlot, Vote
from governance.wording import REASONS
from tests.admin import admin_page
from tests.factories import ProposalFactory, cast, close_now, open_proposal_with, voters_of

pytestmark = pytest.mark.django_db

MODELS = (Proposal, Vote, PowerSnapshot, TallySlot)


@pytest.fixture
def proposal() -> Proposal:
    """Three votes, one of them with a reason."""
    proposal = open_proposal_with({"amy": "12480.5", "ben": 7, "cleo": 1}, title="Plant trees")
    for voter, choice in zip(voters_of(proposal), ("yes", "no", "abstain"), strict=True):
        cast(proposal, voter, choice, "Shade." if choice == "yes" else "")
    return proposal


def listed(response, column: str) -> list[str]:
    """The words of one column of a list, from top to bottom."""
    cells = re.findall(
        rf'<t[dh] class="field-{column}[^"]*">(.*?)</t[dh]>', response.content.decode(), re.DOTALL
    )
    return [re.sub(r"<[^>]+>", "", cell).strip() for cell in cells]


@pytest.mark.parametrize("model", MODELS)
def test_nobody_writes_here(moderator, proposal, model):
    row = model.objects.first()
    shown = moderator.get(admin_page(model, "change", row.pk))

    assert shown.status_code == 200
    assert b'name="_save"' not in shown.content
    assert moderator.post(admin_page(model, "change", row.pk), {"title": "x"}).status_code == 403
    assert moderator.get(admin_page(model, "add")).status_code == 403
    assert moderator.post(admin_page(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert model.objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("model", MODELS)
def test_members_see_nothing_here(client, proposal, model):
    client.force_login(voters_of(proposal)[0])

    assert client.get(admin_page(model), follow=True).status_code == 403


def test_proposals_show_the_phase_that_members_see(moderator, proposal):
    ProposalFactory(upcoming=True)
    ProposalFactory()

    response = moderator.get(admin_page(Proposal))

    assert listed(response, "phase") == ["Upcoming", "Open"]


def test_draft_stays_its_authors(moderator):
    draft = ProposalFactory(title="Secret garden")
    ProposalFactory(title="Public garden", upcoming=True)

    page = moderator.get(admin_page(Proposal)).text
    assert "Public garden" in page
    assert "Secret garden" not in page
    assert (
        moderator.get(admin_page(Proposal, "change", draft.pk)).status_code == 302
    )  # "does not exist"


def test_proposal_is_read_from_what_it_is_to_where_it_came_from(moderator, proposal):
    close_now(proposal)

    html = moderator.get(admin_page(Proposal, "change", proposal.pk)).content.decode()

    headings = re.findall(r'class="fieldset-heading">([^<]+)<', html)
    assert headings == ["Times", "Result", "Rule", "Text", "Origin"]
    assert "12,480.5" in html
    assert "12480.5000" not in html


def test_votes_show_power_exactly_and_the_receipt(moderator, proposal):
    vote = Vote.objects.get(proposal=proposal, voter__username="amy")

    assert listed(moderator.get(admin_page(Vote)), "power") == ["1", "7", "12,480.5"]
    html = moderator.get(admin_page(Vote, "change", vote.pk)).content.decode()
    assert vote.receipt(proposal.fingerprint) in html
    assert "Shade." in html


@pytest.mark.parametrize("model", [Vote, PowerSnapshot])
def test_rows_are_found_by_member_or_proposal(moderator, proposal, model):
    other = open_proposal_with({"dan": 3})
    cast(other, voters_of(other)[-1], "yes")

    def found(term: str) -> set[str]:
        return set(listed(moderator.get(admin_page(model), {"q": term}), "member"))

    assert found("AMY") == found("@amy") == {"@amy"}
    assert found("dan") == {"@dan"}
    assert {"@amy", "@ben", "@cleo"} <= found(f"#{proposal.number}")
    assert found("am") == found("%") == found("9" * 30) == set()


def test_search_finds_proposals_by_number_title_and_author(moderator, proposal):
    ProposalFactory(upcoming=True, title="Paint the fence")

    for term in (str(proposal.number), "plant", proposal.proposer.username):
        assert listed(moderator.get(admin_page(Proposal), {"q": term}), "title") == ["Plant trees"]


def test_reasons_are_words_in_the_filter_and_on_the_page(moderator, proposal):
    close_now(proposal)
    other = open_proposal_with([1])
    close_now(other)

    response = moderator.get(admin_page(Proposal), {"reason": "no_votes"})

    assert listed(response, "mark") == [f"#{other.number}"]
    assert "Nobody with power voted</a>" in response.content.decode()
    html = moderator.get(admin_page(Proposal, "change", other.pk)).content.decode()
    assert ">Nobody with power voted<" in html


def test_every_reason_has_words():
    assert set(outcome.Reason) == set(REASONS)


def test_a_proposals_page_leads_to_everything_about_it(moderator, proposal):
    html = moderator.get(admin_page(Proposal, "change", proposal.pk)).content.decode()

    assert f'href="/proposals/{proposal.number}/"' in html
    for address in ("governance/vote", "governance/tallyslot", "social/comment"):
        assert f"/admin/{address}/?q=%23{proposal.number}" in html
    assert f"/admin/core/auditlog/?q={proposal.pk}" in html


def test_an_audit_entry_about_a_draft_does_not_lead_to_it(moderator):
    draft = ProposalFactory(title="Secret garden")
    entry = AuditLog.objects.create(
        action="proposal.created", resource_type="proposal", resource_id=draft.pk
    )

    html = moderator.get(reverse("admin:core_auditlog_change", args=[entry.pk])).text

    assert "What else happened to it" in html
    assert "Secret garden" not in html
    assert "See it in the portal" not in html


@pytest.mark.parametrize("item_count", [1, 3])
@pytest.mark.parametrize(
    ("model", "queries"), [(Proposal, 5), (Vote, 5), (PowerSnapshot, 5), (TallySlot, 5)]
)
def test_lists_ask_a_fixed_number_of_queries(
    moderator, item_count, model, queries, django_assert_num_queries
):
    for _ in range(item_count):
        proposal = open_proposal_with([1])
        cast(proposal, voters_of(proposal)[-1], "yes")
    moderator.get(admin_page(model))

    with django_assert_num_queries(queries):
        response = moderator.get(admin_page(model))
    assert len(response.context["cl"].result_list) >= item_count


def test_lists_count_no_further_than_they_show(moderator, proposal, monkeypatch):
    paginator = admin.site._registry[Vote].paginator
    monkeypatch.setattr(paginator, "MAX_ROWS", 2)

    assert moderator.get(admin_page(Vote)).context["cl"].result_count == 2
