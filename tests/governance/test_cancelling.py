"""A moderator stops a vote, and says publicly why."""

import pytest

from governance.errors import NothingToCancel
from governance.models import Vote
from governance.services.cancelling import cancel_proposal
from governance.services.closing import close_proposal
from tests.factories import (
    HOUR,
    ProposalFactory,
    UserFactory,
    cast,
    decided_proposal,
    open_proposal_with,
    shift_window,
    voters_of,
)
from tests.governance.drafting import last_event

pytestmark = pytest.mark.django_db


def test_cancel_an_open_vote_with_a_public_reason():
    proposal = open_proposal_with([60])
    cast(proposal, *voters_of(proposal), "yes")
    moderator = UserFactory(role="moderator")

    cancel_proposal(actor=moderator, proposal_id=proposal.pk, note=" Sent twice. ")

    proposal.refresh_from_db()
    assert proposal.phase == "cancelled"
    assert proposal.outcome_note == "Sent twice."
    assert Vote.objects.filter(proposal=proposal).count() == 1
    event = last_event(proposal)
    assert (event.action, event.user) == ("proposal.cancelled", moderator)
    assert event.new_values == {"status": "rejected", "note": "Sent twice."}
    shift_window(proposal, end=HOUR)
    assert close_proposal(proposal_id=proposal.pk) is False


@pytest.mark.parametrize("note", ["", "  \n"])
def test_cancel_needs_a_reason(note):
    proposal = open_proposal_with([60])

    with pytest.raises(NothingToCancel, match="Give the public reason"):
        cancel_proposal(actor=UserFactory(), proposal_id=proposal.pk, note=note)
    proposal.refresh_from_db()
    assert proposal.status == "active"


def test_cancel_is_for_published_undecided_proposals_only():
    moderator = UserFactory(role="moderator")
    cancelled = open_proposal_with([60])
    cancel_proposal(actor=moderator, proposal_id=cancelled.pk, note="First.")

    for proposal in (ProposalFactory(), decided_proposal(), cancelled):
        with pytest.raises(NothingToCancel):
            cancel_proposal(actor=moderator, proposal_id=proposal.pk, note="Again.")
    cancelled.refresh_from_db()
    assert cancelled.outcome_note == "First."
