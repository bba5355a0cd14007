"""One table of phases: what the database finds is what a proposal in hand says of itself."""

import ast
import re
from itertools import product
from pathlib import Path

import pytest
from django.db.models import Q

from dao_portal.core.db.base import database_now
from governance.models import Proposal
from governance.models.proposal_phases import COMING, COMING_PHASES, IN_PHASE, MISSED, Phase
from governance.outcome import STOPPED, Reason
from tests.factories import DAY, ProposalFactory, unguarded
from tests.sql import sql

ROOT = Path(__file__).parents[2]
STATUSES = Proposal.Status.values
REASONS = ["", *Reason]
WINDOWS = {"before": (1, 2), "during": (-1, 1), "after": (-2, -1)}  # days from now
CHECKS = """
    SELECT conname FROM pg_constraint
    WHERE conrelid = 'proposals'::regclass AND contype = 'c'
"""


def fits(status: str, reason: str) -> bool:
    """What proposals_decided_has_reason_ck and proposals_decided_after_voting_ck let stand."""
    if status in ("draft", "active"):
        return not reason
    stopped_as = {
        Reason.CANCELLED: "rejected",
        Reason.WITHDRAWN: "rejected",
        Reason.NOT_OPENED: "expired",
    }
    return bool(reason) and stopped_as.get(reason, status) == status


STATES = [
    (status, reason, window, is_opened)
    for status, reason, window, is_opened in product(STATUSES, REASONS, WINDOWS, [False, True])
    if fits(status, reason)
]


@pytest.fixture
def every_state(db):
    """Each status and reason at each time, opened or not: also what no service would make."""
    for (name,) in sql(CHECKS):
        sql(f"ALTER TABLE proposals DROP CONSTRAINT {name}")
    now, author = database_now(), ProposalFactory().proposer
    Proposal.objects.all().delete()
    with unguarded():
        for status, reason, window, is_opened in STATES:
            start, end = (now + days * DAY for days in WINDOWS[window])
            ProposalFactory(
                proposer=author,
                status=status,
                outcome_reason=reason,
                voting_start=start,
                voting_end=end,
                opened_at=start if is_opened else None,
            )
    return list(Proposal.objects.visible_to(author))


def found_by(condition: Q) -> set[int]:
    return set(Proposal.objects.filter(condition).values_list("number", flat=True))


def test_database_and_python_agree_on_every_phase(every_state):
    assert len(every_state) == len(STATES) > 100
    for phase in Phase:
        said = {each.number for each in every_state if each.phase == phase}
        assert said
        assert found_by(IN_PHASE[phase]) == said, phase


def test_each_proposal_is_in_one_phase(every_state):
    sets = [found_by(condition) for condition in IN_PHASE.values()]
    assert sum(map(len, sets)) == len(set().union(*sets)) == len(every_state)


def test_coming_is_upcoming_or_opening(every_state):
    assert found_by(COMING) == {each.number for each in every_state if each.phase in COMING_PHASES}


def test_missed_is_what_nobody_has_written_down_yet(every_state):
    assert found_by(MISSED) == {
        each.number
        for each in every_state
        if each.phase == Phase.NOT_OPENED and each.status == Proposal.Status.ACTIVE
    }


@pytest.mark.parametrize("phase", Phase)
def test_a_queryset_asks_the_table(every_state, phase):
    assert set(Proposal.objects.in_phase(phase).values_list("number", flat=True)) == found_by(
        IN_PHASE[phase]
    )


def test_what_was_stopped_has_no_result(every_state):
    assert {each.number for each in Proposal.objects.with_result()} == {
        each.number
        for each in every_state
        if each.phase in (Phase.PASSED, Phase.REJECTED, Phase.EXPIRED)
    }


# --- nobody writes a reason or a phase by hand ----------------------------------------------------

# The other words of the enum are also names of columns or of ways to count.
UNMISTAKABLE = set(Reason) - {Reason.TURNOUT, Reason.NO_VOTES}


def test_every_stopped_phase_is_called_like_its_reason():
    assert {Phase(reason) for reason in STOPPED} == {
        Phase.CANCELLED,
        Phase.WITHDRAWN,
        Phase.NOT_OPENED,
    }


def test_reasons_are_written_in_one_file():
    files = [
        path
        for app in ("governance", "social", "dao_portal")
        for path in (ROOT / app).rglob("*.py")
        if "migrations" not in path.parts and path.name != "outcome.py"
    ]
    written = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.value}"
        for path in files
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and node.value in UNMISTAKABLE
    ]
    assert len(files) > 100
    assert written == []


PHASE_IN_TEMPLATE = re.compile(r"\bphase [!=]= [\"'](\w+)[\"']")


def test_templates_ask_for_phases_that_exist():
    asked = {
        word
        for path in (ROOT / "templates").rglob("*.html")
        for word in PHASE_IN_TEMPLATE.findall(path.read_text())
    }
    assert {"open", "upcoming", "not_opened"} <= asked <= set(Phase.values)
