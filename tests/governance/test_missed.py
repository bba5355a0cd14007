"""After an outage: what was not opened before its end, and what was opened late."""

import threading
from datetime import timedelta

import pytest
from django.db import OperationalError, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from dao_portal.core.actions import Action
from dao_portal.core.audit.delivery import deliver_due_events
from dao_portal.core.models import AuditLog
from governance.models import PowerSnapshot, Proposal
from governance.services.advancing import Advanced, advance_proposals
from governance.services.cancelling import cancel_proposal
from governance.services.locks import lock_alone
from governance.services.opening import expire_proposal, open_proposal
from social.models import Notification
from tests.factories import (
    HOUR,
    ProposalFactory,
    TokenFactory,
    UserFactory,
    close_now,
    decided_proposal,
    give_power,
    open_proposal_with,
    shift_window,
    unguarded,
)
from tests.governance.missed_votes import missed, words
from tests.sql import sql
from tests.threads import PATIENCE, second_session, wait_until_blocked

pytestmark = pytest.mark.django_db

NOTHING = Advanced([], [], [], [])


# --- what the sweep writes down -------------------------------------------------------------------


def test_a_window_that_was_slept_through_expires_without_having_opened():
    proposal = missed()

    advanced = advance_proposals()

    assert advanced == Advanced(opened=[], closed=[], expired=[proposal.number], failed=[])
    proposal.refresh_from_db()
    assert (proposal.status, proposal.outcome_reason) == ("expired", "not_opened")
    assert proposal.opened_at is None
    assert proposal.closed_at > proposal.voting_end
    assert (proposal.votes_digest, proposal.fingerprint) == ("", "")
    assert (proposal.total_power, proposal.rule_version) == (None, None)
    assert not PowerSnapshot.objects.exists()
    entry = AuditLog.objects.get(resource_id=proposal.pk)
    assert entry.action == "proposal.not_opened"
    assert entry.new_values == {
        "number": proposal.number,
        "status": "expired",
        "reason": "not_opened",
    }


def test_the_next_sweep_has_nothing_left_to_do():
    missed()
    advance_proposals()

    assert advance_proposals() == NOTHING
    assert AuditLog.objects.filter(action="proposal.not_opened").count() == 1


def test_it_expires_also_where_nothing_could_have_opened():
    """Without a governance token an opening fails at every sweep; the end comes all the same."""
    proposal = ProposalFactory(due=True, voting_end=timezone.now() - timedelta(minutes=1))

    assert advance_proposals().expired == [proposal.number]


def test_one_sweep_opens_closes_and_expires():
    give_power(UserFactory(), 60)
    opening, late = ProposalFactory(due=True), missed()
    closing = open_proposal_with([60])
    shift_window(closing, end=timedelta(0))

    assert advance_proposals() == Advanced(
        opened=[opening.number], closed=[closing.number], expired=[late.number], failed=[]
    )


@pytest.mark.parametrize("state", ["due", "open", "ended", "decided"])
def test_nothing_else_expires_so(state):
    TokenFactory()
    proposal = {
        "due": lambda: ProposalFactory(due=True),
        "open": lambda: open_proposal_with([60]),
        "ended": lambda: shift_window(open_proposal_with([60]), end=timedelta(0)),
        "decided": decided_proposal,
    }[state]()

    assert expire_proposal(proposal_id=proposal.pk) is False


def test_nothing_opens_after_its_end():
    proposal = missed()

    assert open_proposal(proposal_id=proposal.pk) is False
    proposal.refresh_from_db()
    assert proposal.opened_at is None


@pytest.mark.django_db(transaction=True)
class TestTwoSessions:
    def test_two_sweeps_expire_once(self):
        proposal = missed()

        with second_session() as start:
            with transaction.atomic():
                lock_alone(proposal.pk)
                sweeps = [start(advance_proposals) for _ in range(3)]
                wait_until_blocked(3)
            found = sorted(sweep.result(PATIENCE).expired for sweep in sweeps)

        assert found == [[], [], [proposal.number]]
        assert AuditLog.objects.filter(action="proposal.not_opened").count() == 1

    def test_an_opening_that_waits_past_the_end_opens_nothing(self):
        """It was due when the sweep listed it; by the time of the lock it is too late."""
        give_power(UserFactory(), 60)
        proposal = ProposalFactory(due=True)

        with second_session() as start:
            with transaction.atomic():
                lock_alone(proposal.pk)
                sweep = start(advance_proposals)
                wait_until_blocked()
                start(shift_window, proposal, end=timedelta(0)).result(PATIENCE)
            advanced = sweep.result(PATIENCE)

        assert advanced == Advanced([], [], expired=[proposal.number], failed=[])

    def test_a_sweep_that_is_killed_leaves_it_to_the_next(self):
        proposal = missed()
        reached, go_on = threading.Event(), threading.Event()
        backend = []

        def expire_and_die():
            with transaction.atomic():
                backend.extend(sql("SELECT pg_backend_pid()")[0])
                expire_proposal(proposal_id=proposal.pk)
                reached.set()
                assert go_on.wait(PATIENCE)

        with second_session() as start:
            sweep = start(expire_and_die)
            assert reached.wait(PATIENCE)
            sql("SELECT pg_terminate_backend(%(pid)s)", pid=backend[0])
            go_on.set()
            assert isinstance(sweep.exception(PATIENCE), OperationalError)

        proposal.refresh_from_db()
        assert (proposal.status, proposal.closed_at) == ("active", None)
        assert not AuditLog.objects.filter(action="proposal.not_opened").exists()
        assert advance_proposals().expired == [proposal.number]


# --- the phase, by the clock alone --------------------------------------------------------------

LISTS = {
    "upcoming": lambda: Proposal.objects.in_phase(Proposal.Phase.UPCOMING),
    "due_to_open": Proposal.objects.due_to_open,
    "open": Proposal.objects.open,
    "missed": Proposal.objects.missed,
    "due_to_close": Proposal.objects.due_to_close,
}

PHASE_OF = {
    "upcoming": "upcoming",
    "due_to_open": "opening",
    "open": "open",
    "missed": "not_opened",
    "due_to_close": "counting",
}

minutes = st.integers(-10_000, 10_000)


# --- the phase, by the clock alone ----------------------------------------------------------------


@given(start=minutes, length=st.integers(1, 10_000), opened=st.booleans())
def test_whatever_the_window_a_published_proposal_stands_in_one_list(start, length, opened):
    """And its phase is that list's, with or without a worker."""
    now = timezone.now()
    window = {
        "voting_start": now + timedelta(minutes=start, seconds=30),
        "voting_end": now + timedelta(minutes=start + length, seconds=30),
    }
    opened = opened and window["voting_start"] < now  # nothing opens before its time
    with transaction.atomic():
        with unguarded():
            proposal = published(opened)
            Proposal.objects.filter(pk=proposal.pk).update(**window)
        proposal = Proposal.objects.published().get(pk=proposal.pk)
        found = [name for name in LISTS if LISTS[name]().filter(pk=proposal.pk).exists()]
        transaction.set_rollback(True)

    assert [PHASE_OF[name] for name in found] == [proposal.phase]


def published(opened):
    """Published, or opened with a rule that is whole."""
    rule = {
        "opened_at": timezone.now(),
        "quorum_mode": "for",
        "quorum_threshold": 0,
        "approval_numerator": 1,
        "approval_denominator": 2,
        "approval_threshold": "0.5",
        "rule_version": 1,
        "fingerprint": f"sha256:{'0' * 64}",
    }
    return ProposalFactory(upcoming=True, **(rule if opened else {}))


@pytest.fixture(params=["before the sweep", "after the sweep"])
def never_opened(request):
    proposal = missed(title="Fund the garden")
    if request.param == "after the sweep":
        advance_proposals()
        proposal.refresh_from_db()
    return proposal


# --- what members see -----------------------------------------------------------------------------


def test_the_page_says_that_voting_never_opened(client, never_opened):
    text = words(client.get(never_opened.get_absolute_url()))

    assert text.startswith("Proposals Not opened Text")
    assert "Voting could not be opened in time" in text
    assert "Voting did not open planned for" in text
    assert "Ended without a vote" in text
    assert "There is nothing to vote on Voting would have closed" in text
    untrue = ("Counting", "nobody voted", "Nobody voted", "No quorum", "Results", "Rules", "Why")
    assert not [word for word in untrue if word in text]


def test_the_page_does_not_ask_the_server_again(client, never_opened):
    page = client.get(never_opened.get_absolute_url()).text

    assert "Voting did not open" in page
    assert "portal:tick" not in page


def test_a_page_from_before_the_end_is_told_to_reload(client, never_opened):
    response = client.get(
        f"/proposals/{never_opened.number}/results/?v=0-opening", headers={"HX-Request": "true"}
    )

    assert response.headers["HX-Refresh"] == "true"


@pytest.mark.parametrize("address", ["/proposals/", "/proposals/?status=expired"])
def test_the_list_says_so(client, never_opened, address):
    text = words(client.get(address))

    assert f"Not opened Text #{never_opened.number} Fund the garden" in text
    assert "voting never opened" in text


@pytest.mark.parametrize("status", ["open", "upcoming", "counting", "active", "rejected"])
def test_it_stands_in_no_other_list(client, never_opened, status):
    text = words(client.get(f"/proposals/?status={status}"))

    assert text.startswith("Proposals")
    assert "Fund the garden" not in text


def test_it_is_neither_coming_nor_a_result_on_the_first_page(client, never_opened):
    visitors = words(client.get("/"))
    client.force_login(never_opened.proposer)
    authors = words(client.get("/"))

    for page, heading in ((visitors, "Decide together"), (authors, "Hello, ")):
        assert heading in page
        assert "Fund the garden" not in page


def test_nobody_can_vote_on_it(client, never_opened):
    client.force_login(UserFactory())

    response = client.post(
        f"/proposals/{never_opened.number}/vote/", {"choice": "yes", "step": "confirm"}
    )

    assert "Voting has closed. Your vote was not recorded." in words(response)


def test_its_votes_are_none(client, never_opened):
    assert client.get(f"/proposals/{never_opened.number}/votes/").status_code == 200
    file = client.get(f"/proposals/{never_opened.number}/votes.csv")
    assert len(b"".join(file.streaming_content).splitlines()) == 1


def test_what_is_late_does_not_promise_a_minute(client):
    due = ProposalFactory(due=True)
    counting = shift_window(open_proposal_with([60]), end=-HOUR)

    opening, late = (words(client.get(one.get_absolute_url())) for one in (due, counting))
    rows = words(client.get("/proposals/"))

    assert "Voting opens late It should have opened" in opening
    assert "Voting has closed, the count is late" in late
    assert "opens late" in rows
    assert not [text for text in (opening, late, rows) if "minute;" in text or "a minute" in text]


def test_a_vote_that_opened_late_says_when(client):
    proposal = open_proposal_with([60])  # an hour after its time
    in_time = open_proposal_with([60], voting_start=timezone.now())

    late = words(client.get(proposal.get_absolute_url()))
    usual = words(client.get(in_time.get_absolute_url()))

    planned = timezone.localtime(proposal.voting_start)
    assert f"late, planned for {planned:%-d %b, %H:%M}" in late
    assert "planned for" not in usual


# --- who is told ----------------------------------------------------------------------------------


def test_its_author_is_told_once_and_nobody_is_called_to_vote():
    author = UserFactory(username="author")
    proposal = missed(title="Fund the garden", proposer=author)

    advance_proposals()
    deliver_due_events()
    deliver_due_events()

    told = Notification.objects.get()
    assert (told.user, told.type) == (author, Action.PROPOSAL_NOT_OPENED)
    assert told.title == "Voting could not be opened in time"
    assert told.message.startswith("“Fund the garden”: The portal could not open the vote")
    assert told.data["url"] == proposal.get_absolute_url()


@pytest.mark.parametrize("end", ["ended", "decided", "cancelled"])
def test_an_opening_that_is_told_too_late_calls_nobody(end):
    """The worker was away for days; how it ended is told by an event of its own."""
    proposal = open_proposal_with({"ada": 60})
    if end == "ended":
        shift_window(proposal, end=timedelta(0))
    elif end == "decided":
        close_now(proposal)
    else:
        cancel_proposal(
            actor=UserFactory(role="moderator"), proposal_id=proposal.pk, note="Sent twice."
        )

    deliver_due_events()

    types = list(Notification.objects.filter(user__username="ada").values_list("type", flat=True))
    assert (
        types
        == {
            "ended": [],
            "decided": [Action.PROPOSAL_CLOSED],
            "cancelled": [Action.PROPOSAL_CANCELLED],
        }[end]
    )
