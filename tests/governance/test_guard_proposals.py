"""The life of a proposal, against its direction, through SQL (governance/sql)."""

from contextlib import nullcontext
from datetime import timedelta

import pytest

from governance.models import Proposal
from tests.factories import (
    ProposalFactory,
    decided_proposal,
    open_proposal_with,
    shift_window,
    unguarded,
    voters_of,
)
from tests.governance.attacks import insert_vote, update_proposal
from tests.sql import refused, run, sql

pytestmark = pytest.mark.django_db


def test_the_number_of_votes_is_the_sum_of_the_three():
    proposal = decided_proposal("passed")

    with refused("proposals_total_votes_ck"), unguarded():
        update_proposal(proposal, "total_votes = total_votes + 1")


@pytest.mark.parametrize("traits", [{"upcoming": True}, {"due": True}])
def test_a_published_proposal_never_becomes_a_draft_again(traits):
    proposal = ProposalFactory(**traits)

    with refused("proposals_published"):
        update_proposal(proposal, "status = 'draft'")


def test_an_open_proposal_never_becomes_a_draft_again():
    """As a draft it would never be due to close, and nobody but its author would see it."""
    proposal = open_proposal_with([60])

    with refused("proposals_published"):
        update_proposal(proposal, "status = 'draft'")


def test_a_decided_proposal_never_opens_again():
    proposal = decided_proposal("rejected")

    with refused("proposals_decided"):
        update_proposal(proposal, "status = 'active', closed_at = NULL, outcome_reason = ''")


DECIDE = "status = 'passed', outcome_reason = 'approved', closed_at = clock_timestamp()"


@pytest.mark.parametrize("guards", [nullcontext, unguarded], ids=["with triggers", "without"])
def test_nothing_is_decided_before_the_end(guards):
    proposal = open_proposal_with([60])
    constraint = {
        nullcontext: "proposals_counted",  # the digest of no votes is missing
        unguarded: "proposals_decided_after_voting_ck",
    }[guards]

    with refused(constraint), guards():
        update_proposal(proposal, DECIDE)


@pytest.mark.parametrize("guards", [nullcontext, unguarded], ids=["with triggers", "without"])
def test_nothing_is_decided_without_a_vote_having_opened(guards):
    draft = ProposalFactory()
    unopened = ProposalFactory(due=True)
    shift_window(unopened, end=timedelta(0))
    constraints = {
        nullcontext: ("proposals_closing", "proposals_counted"),
        unguarded: ("proposals_decided_after_voting_ck", "proposals_decided_after_voting_ck"),
    }[guards]

    with refused(constraints[0]), guards():
        update_proposal(draft, f"{DECIDE}, published_at = now()")
    with refused(constraints[1]), guards():
        update_proposal(unopened, DECIDE)


def test_a_proposal_with_votes_cannot_be_deleted():
    proposal = open_proposal_with([60])
    insert_vote(proposal, *voters_of(proposal))
    sql("SET CONSTRAINTS ALL IMMEDIATE")

    with refused("proposals_published"):
        run("DELETE FROM proposals WHERE id = %(proposal)s", proposal=proposal.pk)
    assert Proposal.objects.filter(pk=proposal.pk).exists()
