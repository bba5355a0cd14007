"""What two sessions do to each other: votes against closing, edits against opening."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from dao_portal.core.models import AuditLog
from governance.errors import AnotherVoteStands, NotEditable, TooLateToWithdraw, VotingClosed
from governance.models import PowerSnapshot, Proposal, Vote
from governance.services.cancelling import cancel_proposal
from governance.services.closing import close_proposal
from governance.services.locks import lock_alone, lock_shared
from governance.services.opening import open_proposal
from governance.services.proposals import Content, delete_draft, edit_proposal, withdraw_proposal
from tests.factories import (
    DAY,
    HOUR,
    HoldingFactory,
    ProposalFactory,
    TokenFactory,
    UserFactory,
    cast,
    open_proposal_with,
    shift_window,
    voters_of,
)
from tests.sql import run
from tests.threads import PATIENCE, second_session, wait_until_blocked

pytestmark = pytest.mark.django_db(transaction=True)

NOW = timedelta(0)


def counted(proposal: Proposal) -> tuple[str, int, int]:
    proposal.refresh_from_db()
    return proposal.status, proposal.total_votes, Vote.objects.filter(proposal=proposal).count()


def test_a_vote_that_waited_for_the_closing_is_refused():
    proposal = open_proposal_with([60, 40])
    first, late = voters_of(proposal)
    cast(proposal, first, "yes")

    with second_session() as start:
        with transaction.atomic():
            lock_alone(proposal.pk)
            vote = start(cast, proposal, late, "no")
            wait_until_blocked()
            shift_window(proposal, end=NOW)
            assert close_proposal(proposal_id=proposal.pk)
        assert isinstance(vote.exception(PATIENCE), VotingClosed)

    assert counted(proposal) == ("passed", 1, 1)


def test_a_vote_that_waited_for_the_opening_counts():
    TokenFactory()
    proposal = ProposalFactory(due=True)
    voter = HoldingFactory(user=proposal.proposer).user

    with second_session() as start:
        with transaction.atomic():
            assert open_proposal(proposal_id=proposal.pk)
            vote = start(cast, proposal, voter, "yes")
            wait_until_blocked()
        assert vote.result(PATIENCE).voting_power == 100

    assert Vote.objects.filter(proposal=proposal).count() == 1


def test_a_vote_that_passed_every_check_is_still_refused_by_the_guard():
    """Python read an open window; by the time of the INSERT it is over."""
    proposal = open_proposal_with([60])
    (voter,) = voters_of(proposal)

    with second_session() as start:
        with transaction.atomic():
            PowerSnapshot.objects.select_for_update().get(proposal=proposal, user=voter)
            vote = start(cast, proposal, voter, "yes")
            wait_until_blocked()
            shift_window(proposal, end=NOW)
        assert isinstance(vote.exception(PATIENCE), VotingClosed)

    assert not Vote.objects.filter(proposal=proposal).exists()
    assert not AuditLog.objects.filter(action="vote.cast").exists()


def test_the_closing_waits_for_a_vote_that_is_under_way_and_counts_it():
    proposal = open_proposal_with([60])
    (voter,) = voters_of(proposal)

    with second_session() as start:
        with transaction.atomic():
            cast(proposal, voter, "yes")
            start(shift_window, proposal, end=NOW).result(PATIENCE)
            closing = start(close_proposal, proposal_id=proposal.pk)
            wait_until_blocked()
        assert closing.result(PATIENCE) is True

    assert counted(proposal) == ("passed", 1, 1)


def test_the_closing_waits_for_a_vote_that_came_past_every_service():
    """The guard itself holds the lock until the COMMIT, whatever door the vote comes through."""
    proposal = open_proposal_with([60])
    (voter,) = voters_of(proposal)

    with second_session() as start:
        with transaction.atomic():
            assert run(RAW_VOTE, proposal=proposal.pk, voter=voter.pk) == 1
            start(shift_window, proposal, end=NOW).result(PATIENCE)
            closing = start(close_proposal, proposal_id=proposal.pk)
            wait_until_blocked()
        assert closing.result(PATIENCE) is True

    assert counted(proposal) == ("passed", 1, 1)


RAW_VOTE = """
    INSERT INTO votes (proposal_id, voter_id, vote_type, voting_power, reason_sha256)
    VALUES (%(proposal)s, %(voter)s, 'yes', 0, encode(sha256(''), 'hex'))
"""


@pytest.mark.parametrize("door", ["publish", "withdraw", "delete"])
def test_who_acts_on_a_draft_that_is_being_deleted_finds_nothing(client, door):
    """The page has found the draft; by the time of the lock it is gone."""
    draft = ProposalFactory()
    client.force_login(draft.proposer)

    with second_session() as start:
        with transaction.atomic():
            delete_draft(actor=draft.proposer, proposal_id=draft.pk)
            answer = start(client.post, f"/proposals/{draft.number}/{door}/")
            wait_until_blocked()
        assert answer.result(PATIENCE).status_code == 404


def test_what_was_typed_into_a_draft_that_is_being_deleted_is_kept(client):
    draft = ProposalFactory()
    client.force_login(draft.proposer)

    with second_session() as start:
        with transaction.atomic():
            delete_draft(actor=draft.proposer, proposal_id=draft.pk)
            typed = {
                "title": "A better title",
                "description": "Words that took an hour.",
                "opens_on": f"{timezone.now() + 7 * DAY:%Y-%m-%d}",
                "opens_at": "16:30",
                "lasts": "5",
                "unit": "days",
            }
            answer = start(client.post, f"/proposals/{draft.number}/edit/", typed)
            wait_until_blocked()
        response = answer.result(PATIENCE)

    assert response.status_code == 422
    assert "This draft was deleted in the meantime." in response.text
    assert "Words that took an hour." in response.text


def test_two_closers_close_once():
    proposal = open_proposal_with([60])
    cast(proposal, *voters_of(proposal), "yes")
    shift_window(proposal, end=NOW)

    with second_session() as start:
        with transaction.atomic():
            lock_alone(proposal.pk)
            closers = [start(close_proposal, proposal_id=proposal.pk) for _ in range(3)]
            wait_until_blocked(3)
        assert sorted(closer.result(PATIENCE) for closer in closers) == [False, False, True]

    assert AuditLog.objects.filter(action="proposal.closed").count() == 1


def test_two_openers_open_once():
    TokenFactory()
    proposal = ProposalFactory(due=True)

    with second_session() as start:
        with transaction.atomic():
            Proposal.objects.select_for_update().get(pk=proposal.pk)
            openers = [start(open_proposal, proposal_id=proposal.pk) for _ in range(3)]
            wait_until_blocked(3)
        assert sorted(opener.result(PATIENCE) for opener in openers) == [False, False, True]

    assert AuditLog.objects.filter(action="proposal.opened").count() == 1


def test_cancelling_waits_for_a_vote_that_is_under_way():
    proposal, moderator = open_proposal_with([60]), UserFactory(role="moderator")

    with second_session() as start:
        with transaction.atomic():
            lock_shared(proposal.pk)
            cancel = start(
                cancel_proposal,
                actor=moderator,
                proposal_id=proposal.pk,
                note="Sent twice.",
            )
            wait_until_blocked()
            cast(proposal, *voters_of(proposal), "yes")
        assert cancel.result(PATIENCE).phase == "cancelled"


def test_one_members_votes_queue_and_different_members_do_not():
    """What waited for a newer vote of the same member is refused: it did not know of that one."""
    proposal = open_proposal_with([60, 40])
    first, second = voters_of(proposal)

    with second_session() as start:
        with transaction.atomic():
            cast(proposal, first, "yes")
            other = start(cast, proposal, second, "no")
            assert other.result(PATIENCE).vote_type == "no"
            again = start(cast, proposal, first, "no")
            wait_until_blocked()
        assert isinstance(again.exception(PATIENCE), AnotherVoteStands)

    assert Vote.objects.get(proposal=proposal, voter=first).vote_type == "yes"
    assert Vote.objects.filter(proposal=proposal).count() == 2


@pytest.fixture
def opening_soon():
    """Published, to open in an hour: whoever reads it now finds it editable."""
    TokenFactory()
    proposal = ProposalFactory(upcoming=True)
    return shift_window(proposal, start=HOUR)


def open_at_once(proposal: Proposal) -> None:
    """The hour is over, and the clock opens the vote."""
    shift_window(proposal, start=NOW)
    assert open_proposal(proposal_id=proposal.pk)


def test_an_edit_that_waited_for_the_opening_is_refused(opening_soon):
    content = Content(
        "Another title", "Another text", opening_soon.voting_start, opening_soon.voting_end + DAY
    )
    with second_session() as start:
        with transaction.atomic():
            Proposal.objects.select_for_update().get(pk=opening_soon.pk)
            edit = start(
                edit_proposal,
                actor=opening_soon.proposer,
                proposal_id=opening_soon.pk,
                content=content,
            )
            wait_until_blocked()
            open_at_once(opening_soon)
        assert isinstance(edit.exception(PATIENCE), NotEditable)


def test_a_withdrawal_that_waited_for_the_opening_is_refused(opening_soon):
    with second_session() as start:
        with transaction.atomic():
            Proposal.objects.select_for_update().get(pk=opening_soon.pk)
            withdrawal = start(
                withdraw_proposal,
                actor=opening_soon.proposer,
                proposal_id=opening_soon.pk,
            )
            wait_until_blocked()
            open_at_once(opening_soon)
        assert isinstance(withdrawal.exception(PATIENCE), TooLateToWithdraw)

    opening_soon.refresh_from_db()
    assert opening_soon.phase == "open"
