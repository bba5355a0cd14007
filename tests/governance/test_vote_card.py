"""Which state of the vote card a reader sees."""

from decimal import Decimal

import pytest

from governance.models import Proposal
from governance.selectors.vote_card import vote_card
from tests.factories import (
    UserFactory,
    cast,
    give_power,
    open_proposal_with,
    voters_of,
)
from tests.governance.reader import NOBODY, seen

pytestmark = pytest.mark.django_db


def test_vote_card_has_a_state_for_everybody(ada, every_phase):
    stranger = UserFactory()
    give_power(ada, 10)
    proposal = open_proposal_with([5])
    voter = voters_of(proposal)[-1]
    cast(proposal, voter, "yes")

    def states(viewer):
        return {
            row.title: vote_card(row, viewer).state
            for row in Proposal.objects.published().exclude(pk=proposal.pk)
        }

    everybody = {
        "passed": "closed",
        "rejected": "closed",
        "expired": "closed",
        "counting": "closed",
        "withdrawn": "stopped",
        "upcoming": "upcoming",
        "opening": "opening",
        "open soon": "signed_out",
        "open late": "signed_out",
    }
    assert states(NOBODY) == everybody
    assert states(stranger) == everybody | {"open soon": "no_power", "open late": "no_power"}
    assert vote_card(seen(proposal), ada).state == "choose"
    assert vote_card(seen(proposal), voter).state == "voted"
    assert vote_card(seen(proposal), voter, changing=True).state == "choose"


def test_vote_card_states_the_power_part_by_part(ada):
    holding = give_power(ada, 10)
    holding.balance, holding.staked_balance = Decimal("6.5"), Decimal("3.5")
    holding.save()
    proposal = open_proposal_with([1])

    snapshot = vote_card(seen(proposal), ada).snapshot

    assert (snapshot.own, snapshot.staked, snapshot.delegated, snapshot.power) == (
        Decimal("6.5"),
        Decimal("3.5"),
        Decimal(0),
        Decimal(10),
    )
