"""The frozen rule and the result are values: what they write follows from them alone."""

from dataclasses import FrozenInstanceError, replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from governance.frozen import FrozenRule
from governance.models import Proposal
from governance.outcome import Rule, to_units
from governance.services.closing import close_proposal
from governance.services.opening import open_proposal
from tests.factories import ProposalFactory, open_proposal_with, shift_window

NOON = timezone.now()
RULE = FrozenRule(Rule("for_abstain", to_units(50), 2, 3), total_power=Decimal(100))


def unsaved(**fields):
    window = {"voting_start": NOON, "voting_end": NOON + timedelta(days=3)}
    return Proposal(**{"title": "A", "description": "B"} | window | fields)


def test_a_rule_writes_every_column_that_opening_freezes():
    columns = RULE.columns(unsaved())
    fingerprint = columns.pop("fingerprint")
    assert columns == {
        "token": None,
        "total_power": Decimal(100),
        "quorum_mode": "for_abstain",
        "quorum_threshold": Decimal(50),
        "approval_numerator": 2,
        "approval_denominator": 3,
        "approval_threshold": Decimal("0.666666666666666667"),
        "rule_version": 1,
    }
    assert len(fingerprint) == len("sha256:") + 64


@pytest.mark.parametrize(
    ("rule", "fields"),
    [
        (RULE, {"title": "a"}),
        (RULE, {"voting_end": NOON + timedelta(days=4)}),
        (replace(RULE, total_power=Decimal(101)), {}),
        (replace(RULE, version=2), {}),
        (replace(RULE, rule=replace(RULE.rule, quorum=1)), {}),
        (replace(RULE, rule=replace(RULE.rule, quorum_mode="for")), {}),
        (replace(RULE, rule=replace(RULE.rule, approval_denominator=4)), {}),
    ],
)
def test_the_fingerprint_follows_each_of_them(rule, fields):
    first = RULE.columns(unsaved())["fingerprint"]
    assert rule.columns(unsaved(**fields))["fingerprint"] != first
    assert RULE.columns(unsaved())["fingerprint"] == first


def test_what_is_on_the_proposal_already_does_not_matter():
    """No order can be got wrong: only text and window are read from the proposal."""
    marked = unsaved(rule_version=7, quorum_mode="for", total_power=1, fingerprint="x")
    assert RULE.columns(marked) == RULE.columns(unsaved())


def test_a_rule_never_changes():
    with pytest.raises(FrozenInstanceError):
        RULE.version = 2


@pytest.mark.django_db
@given(
    quorum=st.integers(0, 10**40),
    approval=st.tuples(st.integers(1, 10**9), st.integers(1, 10**9)).map(sorted),
    mode=st.sampled_from(Proposal.QuorumMode.values),
)
def test_a_rule_read_back_is_the_rule_that_was_written(quorum, approval, mode):
    rule = FrozenRule(Rule(mode, quorum, *approval), total_power=Decimal(7))
    proposal = unsaved()
    for name, value in rule.columns(proposal).items():
        setattr(proposal, name, value)
    assert FrozenRule.of(proposal) == rule


def writes_to_proposals(captured):
    return [each["sql"] for each in captured if each["sql"].startswith('UPDATE "proposals"')]


@pytest.mark.django_db
def test_an_opening_and_a_closing_write_the_proposal_once():
    open_proposal_with([60])  # there is a token, and power
    proposal = ProposalFactory(due=True)
    with CaptureQueriesContext(
        connection,
    ) as opened:
        assert open_proposal(proposal_id=proposal.pk)
    shift_window(proposal, end=timedelta(0))
    with CaptureQueriesContext(connection) as closed:
        assert close_proposal(proposal_id=proposal.pk)
    assert len(writes_to_proposals(opened.captured_queries)) == 1
    (closing,) = writes_to_proposals(closed.captured_queries)
    assert '"quorum_threshold"' not in closing
