"""The sweep opens and closes whatever is due."""

import logging
from datetime import timedelta

import pytest

from governance.services.advancing import Advanced, advance_proposals
from tests.factories import ProposalFactory, TokenFactory, open_proposal_with, shift_window
from tests.governance.drafting import decide_option

pytestmark = pytest.mark.django_db


def test_advance_opens_and_closes_all_that_is_due_and_says_which():
    TokenFactory()
    opening = ProposalFactory(due=True)
    closing = open_proposal_with([60])
    shift_window(closing, end=timedelta(0))
    ProposalFactory(upcoming=True)
    ProposalFactory()
    running = open_proposal_with({})

    advanced = advance_proposals()

    assert advanced == Advanced(
        opened=[opening.number], closed=[closing.number], expired=[], failed=[]
    )
    running.refresh_from_db()
    assert running.phase == "open"
    assert advance_proposals() == Advanced([], [], [], [])


def test_one_failure_stops_no_other(caplog):
    closing = open_proposal_with([60])
    shift_window(closing, end=timedelta(0))
    decide_option("governance.token", "GONE")
    stuck = ProposalFactory(due=True)

    with caplog.at_level(logging.ERROR, "governance"):
        advanced = advance_proposals()

    assert advanced == Advanced(
        opened=[], closed=[closing.number], expired=[], failed=[stuck.number]
    )
    assert f"#{stuck.number}: open_proposal failed" in caplog.text
    stuck.refresh_from_db()
    assert stuck.phase == "opening"
