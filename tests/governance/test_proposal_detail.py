"""What the page of one proposal knows."""

from decimal import Decimal
from fractions import Fraction

import pytest

from dao_portal.core.services.options import set_option
from governance.models import Proposal
from governance.selectors.proposal_detail import proposal_detail, rule_lines
from tests.factories import (
    ProposalFactory,
    TokenFactory,
    cast,
    close_now,
    open_proposal_with,
    voters_of,
)
from tests.governance.reader import seen

pytestmark = pytest.mark.django_db


def test_rule_is_todays_until_opening_and_frozen_after():
    set_option("governance.quorum", "12.5 %", actor=None)
    TokenFactory()
    upcoming = rule_lines(ProposalFactory(upcoming=True))
    opened = open_proposal_with([1000])
    set_option("governance.quorum", "99 %", actor=None)
    frozen = rule_lines(opened)

    assert (upcoming.frozen, upcoming.quorum, upcoming.quorum_share) == (
        False,
        None,
        Fraction(25, 2),
    )
    assert (frozen.frozen, frozen.quorum, frozen.quorum_share, frozen.total_power) == (
        True,
        Decimal(125),
        Fraction(25, 2),
        Decimal(1000),
    )
    assert frozen.fingerprint == opened.fingerprint
    assert frozen.quorum_counts == "For and Abstain count"


def test_page_shows_the_weightiest_reasons():
    proposal = open_proposal_with([1, 2, 3, 4, 5])
    for voter, reason in zip(voters_of(proposal), ["a", "b", "c", "", "e"], strict=True):
        cast(proposal, voter, "yes", reason)

    assert [vote.reason for vote in proposal_detail(seen(proposal)).reasons] == ["e", "c", "b"]


def test_page_says_why_only_when_it_is_over():
    proposal = open_proposal_with([1])

    assert proposal_detail(seen(proposal)).why == []
    assert len(proposal_detail(seen(close_now(proposal))).why) == 4


@pytest.mark.parametrize("item_count", [1, 3])
def test_page_asks_two_queries(item_count, django_assert_num_queries):
    proposal = open_proposal_with([1] * item_count)
    for voter in voters_of(proposal):
        cast(proposal, voter, "yes", "Because.")
    proposal = Proposal.objects.published().select_related("token").get(pk=proposal.pk)

    with django_assert_num_queries(2):
        page = proposal_detail(proposal)
        assert {vote.voter.username for vote in page.reasons}
    assert len(page.reasons) == item_count
