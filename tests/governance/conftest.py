"""Proposals that several pages are read with."""

from datetime import timedelta

import pytest
from django.utils import timezone

from governance.models import Proposal
from governance.services.proposals import withdraw_proposal
from tests.factories import (
    HOUR,
    ProposalFactory,
    cast,
    decided_proposal,
    open_proposal_with,
    shift_window,
    voters_of,
)
from tests.governance.reader import cast_at, seen


@pytest.fixture
def every_phase(ada) -> None:
    """One proposal in each phase; its title says which."""
    decided_proposal("passed", title="passed")
    decided_proposal("rejected", title="rejected")
    decided_proposal("expired", title="expired")
    withdrawn = ProposalFactory(upcoming=True, title="withdrawn")
    withdraw_proposal(actor=withdrawn.proposer, proposal_id=withdrawn.pk)
    shift_window(open_proposal_with([1], title="counting"), end=-HOUR)
    open_proposal_with([1], title="open late")
    shift_window(open_proposal_with([1], title="open soon"), end=HOUR)
    ProposalFactory(due=True, title="opening")
    ProposalFactory(upcoming=True, title="upcoming")
    ProposalFactory(proposer=ada, title="my draft")
    ProposalFactory(title="a stranger's draft")


@pytest.fixture
def voted() -> Proposal:
    """40 For, 30 Against, 20 Abstain, 10 For, ten minutes apart; an hour has passed of 70 min."""
    proposal = open_proposal_with({"dan": 40, "cleo": 30, "ben": 20, "amy": 10})
    ballots = [("yes", "Good."), ("no", ""), ("abstain", ""), ("yes", "Cheap.")]
    for minute, (voter, ballot) in enumerate(zip(voters_of(proposal), ballots, strict=True)):
        cast(proposal, voter, *ballot)
        cast_at(proposal, voter, timezone.now() - timedelta(minutes=50 - 10 * minute))
    return seen(shift_window(proposal, end=timedelta(minutes=10)))
