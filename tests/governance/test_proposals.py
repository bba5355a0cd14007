"""Drafts: written, edited, deleted."""

from datetime import timedelta

import pytest
from django.utils import timezone

from dao_portal.core.models import AuditLog
from governance.canonical import canonical_hash
from governance.errors import NotADraft, NotPublishable, NotThere, NotYours
from governance.models import Proposal
from governance.services.proposals import (
    Content,
    create_draft,
    delete_draft,
    edit_proposal,
    publish_proposal,
    withdraw_proposal,
)
from tests.factories import DAY, ProposalFactory, UserFactory, open_proposal_with
from tests.governance.drafting import MINUTE, actions_on, content, last_event

pytestmark = pytest.mark.django_db


# --- drafts ---------------------------------------------------------------------------------------


def test_create_draft_keeps_what_was_written_and_draws_it_safely():
    author = UserFactory()

    draft = create_draft(
        actor=author,
        content=content(title="  Fund it ", description="**Yes** <script>alert(1)</script>\n"),
    )

    draft.refresh_from_db()
    assert (draft.proposer, draft.status, draft.title) == (author, "draft", "Fund it")
    assert draft.description == "**Yes** <script>alert(1)</script>"
    assert draft.description_html.strip() == (
        "<p><strong>Yes</strong> &lt;script&gt;alert(1)&lt;/script&gt;</p>"
    )
    assert actions_on(draft) == ["proposal.created"]


def test_the_audit_row_of_a_draft_leaks_nothing_of_it():
    draft = create_draft(actor=UserFactory(), content=content())

    event = last_event(draft)
    assert event.old_values is None
    assert event.new_values == {
        "title_sha256": canonical_hash("Fund the garden"),
        "description_sha256": canonical_hash("Ten **beds**."),
        "voting_start": draft.voting_start.isoformat(),
        "voting_end": draft.voting_end.isoformat(),
    }


def test_a_draft_may_lack_everything_but_its_title():
    draft = create_draft(actor=UserFactory(), content=Content("Later", ""))

    assert (draft.description, draft.voting_start, draft.voting_end) == ("", None, None)


@pytest.mark.parametrize("title", ["", "   ", "x" * 201])
def test_create_draft_refuses_a_title_that_is_missing_or_too_long(title):
    with pytest.raises(NotPublishable, match="at most 200 characters"):
        create_draft(actor=UserFactory(), content=content(title=title))
    assert not Proposal.objects.exists()


@pytest.mark.parametrize("length", [timedelta(0), -MINUTE])
def test_create_draft_refuses_a_window_that_ends_before_it_starts(length):
    start = timezone.now() + DAY

    with pytest.raises(NotPublishable, match="Voting must close after it opens"):
        create_draft(
            actor=UserFactory(), content=content(voting_start=start, voting_end=start + length)
        )


def test_edit_draft_changes_it_and_says_that_it_did():
    draft = ProposalFactory(title="Old")

    edit_proposal(actor=draft.proposer, proposal_id=draft.pk, content=content())

    draft.refresh_from_db()
    assert (draft.title, draft.description) == ("Fund the garden", "Ten **beds**.")
    event = last_event(draft)
    assert (event.action, event.user) == ("proposal.draft_edited", draft.proposer)
    assert event.old_values["title_sha256"] == canonical_hash("Old")
    assert event.new_values["title_sha256"] == canonical_hash("Fund the garden")


def test_edit_without_a_change_says_nothing():
    draft = create_draft(actor=UserFactory(), content=content())
    same = Content(draft.title, draft.description, draft.voting_start, draft.voting_end)

    edit_proposal(actor=draft.proposer, proposal_id=draft.pk, content=same)

    assert actions_on(draft) == ["proposal.created"]


@pytest.mark.parametrize("role", ["user", "moderator", "admin"])
def test_only_the_author_edits_publishes_and_withdraws(role):
    draft, other = ProposalFactory(), UserFactory(role=role)

    with pytest.raises(NotYours):
        edit_proposal(actor=other, proposal_id=draft.pk, content=content())
    with pytest.raises(NotYours):
        publish_proposal(actor=other, proposal_id=draft.pk)
    with pytest.raises(NotYours):
        withdraw_proposal(actor=other, proposal_id=draft.pk)
    with pytest.raises(NotYours):
        delete_draft(actor=other, proposal_id=draft.pk)
    assert actions_on(draft) == []


# --- deleting -------------------------------------------------------------------------------------


def test_a_deleted_draft_leaves_only_its_hashes_in_the_audit_log():
    draft = create_draft(actor=UserFactory(), content=content())

    delete_draft(actor=draft.proposer, proposal_id=draft.pk)

    assert not Proposal.objects.filter(pk=draft.pk).exists()
    assert actions_on(draft) == ["proposal.created", "proposal.draft_deleted"]
    event = AuditLog.objects.get(action="proposal.draft_deleted")
    assert draft.title not in str(event.old_values)
    assert set(event.old_values) >= {"title_sha256", "description_sha256"}


def test_what_was_published_is_never_deleted():
    for proposal in (ProposalFactory(upcoming=True), open_proposal_with([5])):
        with pytest.raises(NotADraft):
            delete_draft(actor=proposal.proposer, proposal_id=proposal.pk)

        assert Proposal.objects.filter(pk=proposal.pk).exists()


@pytest.mark.parametrize("service", [publish_proposal, withdraw_proposal, delete_draft])
def test_a_draft_that_was_deleted_meanwhile_is_not_there(service):
    draft = ProposalFactory()
    delete_draft(actor=draft.proposer, proposal_id=draft.pk)

    with pytest.raises(NotThere):
        service(actor=draft.proposer, proposal_id=draft.pk)


# --- titles ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("title", ["Fund \u202enedrag", "Fund\u200b it", "Fund\ue000it", "F\0und"])
def test_title_with_what_cannot_be_seen_is_refused_in_words(title):
    with pytest.raises(NotPublishable) as refusal:
        create_draft(actor=UserFactory(), content=content(title=title))

    assert "cannot be seen" in str(refusal.value.problems["title"])
    assert not Proposal.objects.exists()


def test_title_is_stored_composed_and_on_one_line():
    draft = create_draft(
        actor=UserFactory(), content=content(title="Cafe\u0301\n  for\u00a0all \N{DECIDUOUS TREE}")
    )

    assert draft.title == "Café for all \N{DECIDUOUS TREE}"
