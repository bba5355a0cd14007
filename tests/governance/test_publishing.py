"""Showing a draft to everybody, editing what is shown, and taking it back."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from governance.errors import NotEditable, NothingToCancel, NotPublishable
from governance.models import Proposal
from governance.services.proposals import (
    Content,
    create_draft,
    edit_proposal,
    publish_proposal,
    withdraw_proposal,
)
from tests.factories import (
    DAY,
    HOUR,
    HoldingFactory,
    ProposalFactory,
    UserFactory,
    decided_proposal,
    give_power,
    open_proposal_with,
)
from tests.governance.drafting import MINUTE, actions_on, content, decide_option

pytestmark = pytest.mark.django_db


# --- publishing -----------------------------------------------------------------------------------


def test_publish_shows_the_draft_to_everybody():
    draft = create_draft(actor=HoldingFactory().user, content=content())
    before = timezone.now()

    publish_proposal(actor=draft.proposer, proposal_id=draft.pk)

    draft.refresh_from_db()
    assert draft.phase == "upcoming"
    assert before < draft.published_at < timezone.now()
    assert Proposal.objects.visible_to(UserFactory()).get() == draft
    assert actions_on(draft) == ["proposal.created", "proposal.published"]


def test_publish_twice_is_once():
    draft = create_draft(actor=HoldingFactory().user, content=content())

    first = publish_proposal(actor=draft.proposer, proposal_id=draft.pk)
    second = publish_proposal(actor=draft.proposer, proposal_id=draft.pk)

    assert second.published_at == first.published_at
    assert actions_on(draft) == ["proposal.created", "proposal.published"]


def window(notice: timedelta, length: timedelta) -> dict:
    start = timezone.now() + notice
    return {"voting_start": start, "voting_end": start + length}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"description": "  "}, "Write the text of the proposal."),
        ({"voting_start": None}, "Say when voting opens and closes."),
        ({"voting_end": None}, "Say when voting opens and closes."),
        (window(23 * HOUR, 3 * DAY), "Voting must open at least 1 day after publishing."),
        (window(2 * DAY, 23 * HOUR), "Voting must last between 1 day and 30 days."),
        (window(2 * DAY, 31 * DAY), "Voting must last between 1 day and 30 days."),
    ],
)
def test_publish_says_what_keeps_it_back(changes, problem):
    draft = create_draft(actor=HoldingFactory().user, content=content(**changes))

    with pytest.raises(NotPublishable) as refusal:
        publish_proposal(actor=draft.proposer, proposal_id=draft.pk)

    assert str(refusal.value) == problem
    draft.refresh_from_db()
    assert (draft.status, draft.published_at) == ("draft", None)


@pytest.mark.parametrize("length", [DAY, 30 * DAY])
def test_the_shortest_and_the_longest_vote_can_be_published(length):
    start = timezone.now() + 2 * DAY
    written = content(voting_start=start, voting_end=start + length)
    draft = create_draft(actor=HoldingFactory().user, content=written)

    assert publish_proposal(actor=draft.proposer, proposal_id=draft.pk).published_at


def test_publish_needs_a_governance_token():
    draft = create_draft(actor=UserFactory(), content=content())

    with pytest.raises(NotPublishable, match="no governance token"):
        publish_proposal(actor=draft.proposer, proposal_id=draft.pk)


def test_publish_needs_the_threshold_exactly():
    decide_option("governance.proposal_threshold", "12480.000000000000000001")
    draft = create_draft(actor=UserFactory(), content=content())

    give_power(draft.proposer, 12480)
    with pytest.raises(NotPublishable, match=r"You need 12,480\.000000000000000001 voting power"):
        publish_proposal(actor=draft.proposer, proposal_id=draft.pk)
    give_power(draft.proposer, "12480.000000000000000001")
    publish_proposal(actor=draft.proposer, proposal_id=draft.pk)

    draft.refresh_from_db()
    assert draft.status == "active"


def test_publish_names_every_problem_at_once():
    draft = create_draft(actor=UserFactory(), content=Content("Later", ""))

    with pytest.raises(NotPublishable) as refusal:
        publish_proposal(actor=draft.proposer, proposal_id=draft.pk)

    assert refusal.value.problems == {
        "text": "Write the text of the proposal.",
        "token": "The community has no governance token yet.",
        "opens": "Say when voting opens and closes.",
        "power": "You need 1 voting power to publish, and you have 0.",
    }


def test_an_upcoming_proposal_can_be_edited_within_the_rules():
    proposal = ProposalFactory(proposer=HoldingFactory().user, upcoming=True)
    later = content()

    edit_proposal(actor=proposal.proposer, proposal_id=proposal.pk, content=later)
    with pytest.raises(NotPublishable, match="Write the text"):
        edit_proposal(
            actor=proposal.proposer, proposal_id=proposal.pk, content=content(description="")
        )

    proposal.refresh_from_db()
    assert proposal.title == "Fund the garden"
    assert proposal.description == "Ten **beds**."
    assert actions_on(proposal) == ["proposal.edited"]


def test_an_upcoming_proposal_keeps_its_window_or_gives_full_notice():
    """An hour before opening the text may be mended, but the opening cannot come any closer."""
    start = timezone.now() + HOUR
    proposal = ProposalFactory(
        proposer=HoldingFactory().user,
        upcoming=True,
        voting_start=start,
        voting_end=start + 3 * DAY,
    )
    author = proposal.proposer

    mended = content(voting_start=start, voting_end=start + 3 * DAY)
    edit_proposal(actor=author, proposal_id=proposal.pk, content=mended)
    with pytest.raises(NotPublishable, match="at least 1 day after publishing"):
        edit_proposal(
            actor=author,
            proposal_id=proposal.pk,
            content=replace(mended, voting_start=start - MINUTE),
        )
    edit_proposal(actor=author, proposal_id=proposal.pk, content=content())


def test_nothing_can_be_edited_once_voting_is_due():
    for proposal in (ProposalFactory(due=True), open_proposal_with([60]), decided_proposal()):
        with pytest.raises(NotEditable):
            edit_proposal(actor=proposal.proposer, proposal_id=proposal.pk, content=content())


# --- withdrawing and cancelling -------------------------------------------------------------------


def test_withdraw_before_opening():
    proposal = ProposalFactory(upcoming=True)

    withdraw_proposal(actor=proposal.proposer, proposal_id=proposal.pk)

    proposal.refresh_from_db()
    assert (proposal.status, proposal.outcome_reason) == ("rejected", "withdrawn")
    assert proposal.phase == "withdrawn"
    assert actions_on(proposal) == ["proposal.withdrawn"]


def test_withdraw_is_for_published_proposals_before_opening_only():
    for proposal in (
        ProposalFactory(),
        ProposalFactory(due=True),
        open_proposal_with([60]),
        decided_proposal(),
    ):
        with pytest.raises(NothingToCancel):
            withdraw_proposal(actor=proposal.proposer, proposal_id=proposal.pk)


def test_withdraw_twice_is_once():
    withdrawn = ProposalFactory(upcoming=True)

    for _time in range(2):
        withdraw_proposal(actor=withdrawn.proposer, proposal_id=withdrawn.pk)

    assert actions_on(withdrawn) == ["proposal.withdrawn"]
