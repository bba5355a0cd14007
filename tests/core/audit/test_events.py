"""The one event door: one transaction with the change, and every subscriber told once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from uuid import UUID

import pytest
from django.apps import apps
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import IntegrityError, connections, transaction
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from dao_portal.core.actions import PUBLIC_ACTIONS, Action
from dao_portal.core.audit import events
from dao_portal.core.audit.delivery import deliver_due_events
from dao_portal.core.audit.events import record
from dao_portal.core.checks import subscribers_can_be_told
from dao_portal.core.models import AuditLog, EventDelivery, Setting
from dao_portal.core.services.options import set_option
from dao_portal.core.web.request import RequestInfo, request_scope
from governance.models import Proposal
from governance.services.cancelling import cancel_proposal
from governance.services.closing import close_proposal
from governance.services.opening import open_proposal
from governance.services.proposals import (
    Content,
    create_draft,
    edit_proposal,
    publish_proposal,
    withdraw_proposal,
)
from tests.factories import (
    HoldingFactory,
    ProposalFactory,
    UserFactory,
    cast,
    open_proposal_with,
    shift_window,
    voters_of,
)
from tests.listeners import Listener
from tests.sql import sql

OURS = {"core", "accounts", "treasury", "governance", "social"}

pytestmark = pytest.mark.django_db

FIRST, SECOND = UUID(int=1), UUID(int=2)


@pytest.fixture
def listener(settings):
    """The portal with two subscribers, one of them ours."""
    settings.EVENT_SUBSCRIBERS = {
        "listener": "tests.listeners.Listener",
        "deaf": "tests.core.audit.test_events.Deaf",
    }
    events.subscribers.cache_clear()
    Listener.heard, Listener.mood = [], None
    yield Listener
    events.subscribers.cache_clear()


class Deaf(Listener):
    """Listens to nothing."""

    actions = ()


def save_draft() -> Proposal:
    return create_draft(actor=UserFactory(), content=Content("Title", "Text"))


# --- the audit row ------------------------------------------------------------------------------


def test_record_says_who_did_what_to_what_and_when():
    actor, proposal = UserFactory(), ProposalFactory()
    before = timezone.now().replace(microsecond=0)

    event = record(
        Action.PROPOSAL_CANCELLED, actor=actor, resource=proposal, old={"a": "1"}, new={"a": "2"}
    )

    event = AuditLog.objects.get(pk=event.pk)
    assert (event.action, event.user) == ("proposal.cancelled", actor)
    assert (event.resource_type, event.resource_id) == ("proposal", proposal.pk)
    assert (event.old_values, event.new_values) == ({"a": "1"}, {"a": "2"})
    assert before <= event.created_at <= timezone.now()
    assert (event.ip_address, event.user_agent, event.request_id) == ("", "", "")


def test_record_keeps_the_transaction_that_wrote_the_row():
    record(Action.PROPOSAL_CANCELLED, actor=None, resource=ProposalFactory())

    (row,) = sql("SELECT transaction_id = pg_current_xact_id() FROM audit_logs")
    assert row == (True,)


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("203.0.113.77", "203.0.113.0"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
        ("", ""),
    ],
)
def test_record_cuts_the_address_and_the_browser(address, kept):
    request = RequestInfo(ip_address=address, user_agent="x" * 300, request_id="request-1")

    with request_scope(request):
        event = record(Action.PROPOSAL_CANCELLED, actor=None, resource=ProposalFactory())

    assert event.ip_address == kept
    assert event.user_agent == "x" * 256
    assert event.request_id == "request-1"


def test_record_keeps_the_whole_address_where_that_was_decided():
    Setting.objects.create(key="audit.keep_whole_ip", value="true", type="boolean")

    with request_scope(RequestInfo(ip_address="203.0.113.77")):
        event = record(Action.PROPOSAL_CANCELLED, actor=None, resource=ProposalFactory())

    assert event.ip_address == "203.0.113.77"


@pytest.mark.django_db(transaction=True)
def test_record_outside_of_a_transaction_is_refused():
    proposal = ProposalFactory()

    with pytest.raises(RuntimeError, match="inside the transaction"):
        record(Action.PROPOSAL_CANCELLED, actor=None, resource=proposal)
    assert not AuditLog.objects.exists()


def test_what_is_private_stays_off_the_public_page():
    assert set(Action) - PUBLIC_ACTIONS == {
        Action.MEMBER_JOINED,
        Action.MEMBER_VERIFIED,
        Action.ADMINISTRATOR_ADDED,
        Action.MEMBER_RENAMED,
        Action.EMAIL_ADDED,
        Action.EMAIL_REMOVED,
        Action.EMAIL_PRIMARY_CHANGED,
        Action.PASSWORD_CHANGED,
        Action.PASSWORD_RESET,
        Action.SESSIONS_ENDED,
        Action.PROFILE_CHANGED,
        Action.HOLDING_CLAIMED,
        Action.PROPOSAL_CREATED,
        Action.DRAFT_EDITED,
        Action.DRAFT_DELETED,
    }


# --- nothing without its audit row --------------------------------------------------------------


def refuse_audit_rows() -> None:
    """From here to the end of the test no audit row can be written."""
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    sql("ALTER TABLE audit_logs ADD CONSTRAINT no_more CHECK (false) NOT VALID")


def everything() -> dict[str, list]:
    """All that a service could have left behind, in any table of ours."""
    models = [each for each in apps.get_models() if each._meta.app_label in OURS]
    return {model._meta.db_table: list(model.objects.order_by("pk").values()) for model in models}


def attempt_draft():
    author = UserFactory()
    return lambda: create_draft(actor=author, content=Content("Title", "Text"))


def attempt_edit():
    draft = ProposalFactory()
    content = Content("Another title", "Text")
    return lambda: edit_proposal(actor=draft.proposer, proposal_id=draft.pk, content=content)


def attempt_publish():
    draft = ProposalFactory(proposer=HoldingFactory().user)
    sql("UPDATE proposals SET voting_start = now() + interval '2 days'")
    return lambda: publish_proposal(actor=draft.proposer, proposal_id=draft.pk)


def attempt_withdraw():
    proposal = ProposalFactory(upcoming=True)
    return lambda: withdraw_proposal(actor=proposal.proposer, proposal_id=proposal.pk)


def attempt_cancel():
    proposal, moderator = open_proposal_with([60]), UserFactory(role="moderator")
    return lambda: cancel_proposal(actor=moderator, proposal_id=proposal.pk, note="Sent twice.")


def attempt_open():
    open_proposal_with([60])
    proposal = ProposalFactory(due=True)
    return lambda: open_proposal(proposal_id=proposal.pk)


def attempt_vote():
    proposal = open_proposal_with([60])
    (voter,) = voters_of(proposal)
    return lambda: cast(proposal, voter, "yes")


def attempt_change():
    proposal = open_proposal_with([60])
    (voter,) = voters_of(proposal)
    cast(proposal, voter, "yes")
    return lambda: cast(proposal, voter, "no")


def attempt_close():
    proposal = open_proposal_with([60])
    cast(proposal, *voters_of(proposal), "yes")
    shift_window(proposal, end=timezone.now())
    return lambda: close_proposal(proposal_id=proposal.pk)


def attempt_option():
    return lambda: set_option("governance.quorum", "7 %", actor=None)


@pytest.mark.parametrize(
    "prepare",
    [
        attempt_draft,
        attempt_edit,
        attempt_publish,
        attempt_withdraw,
        attempt_cancel,
        attempt_open,
        attempt_vote,
        attempt_change,
        attempt_close,
        attempt_option,
    ],
)
def test_nothing_is_saved_when_it_cannot_be_audited(prepare):
    attempt = prepare()
    refuse_audit_rows()
    before = everything()

    with pytest.raises(IntegrityError, match="no_more"):
        attempt()

    assert everything() == before


# --- who may listen -----------------------------------------------------------------------------


class Mute:
    """Has nothing that an event could be delivered to."""

    actions = (Action.PROPOSAL_CREATED,)


class Misspelt(Listener):
    """Listens to what never happens."""

    actions = ("proposal.opend",)


class Letters(Listener):
    """Listens to the letters of one action."""

    actions = Action.PROPOSAL_CREATED


@pytest.mark.parametrize(
    ("name", "path", "problem"),
    [
        ("typo", "tests.listeners.Listner", 'does not define a "Listner" attribute/class'),
        ("typo", "tests.lisseners.Listener", "No module named 'tests.lisseners'"),
        ("typo", "listener", "listener doesn't look like a module path"),
        ("function", "tests.core.audit.test_events.save_draft", "save_draft is no class"),
        ("model", "dao_portal.core.models.Setting", "Setting lacks `actions` or `deliver`"),
        ("mute", "tests.core.audit.test_events.Mute", "Mute lacks `actions` or `deliver`"),
        ("misspelt", "tests.core.audit.test_events.Misspelt", "Misspelt are not all of Action"),
        ("letters", "tests.core.audit.test_events.Letters", "Letters are not all of Action"),
        ("n" * 51, "tests.listeners.Listener", "its name has more than 50 characters"),
    ],
)
def test_check_names_who_cannot_be_told(settings, name, path, problem):
    settings.EVENT_SUBSCRIBERS = {"listener": "tests.listeners.Listener", name: path}

    (error,) = subscribers_can_be_told(None)

    assert error.id == "core.E002"
    assert error.msg.startswith(f"EVENT_SUBSCRIBERS[{name!r}] cannot be told of events: ")
    assert problem in error.msg
    with pytest.raises(SystemCheckError, match=r"core\.E002"):
        call_command("check")


def test_check_is_content_with_the_subscribers_that_there_are():
    assert subscribers_can_be_told(None) == []


# --- delivery -----------------------------------------------------------------------------------


def test_an_event_is_owed_to_those_who_listen_to_it_only(listener):
    draft = save_draft()
    record(Action.PROPOSAL_CANCELLED, actor=None, resource=draft)

    owed = EventDelivery.objects.values_list("event__action", "subscriber", "done_at", "cursor")
    assert list(owed) == [("proposal.created", "listener", None, None)]


def test_the_commit_wakes_the_delivery(listener, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        save_draft()

    event = AuditLog.objects.get()
    assert listener.heard == [(event.pk, None)]
    assert EventDelivery.objects.get().done_at is not None


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_event_is_owed_to_nobody(listener):
    with transaction.atomic():
        save_draft()
        transaction.set_rollback(True)

    assert deliver_due_events() == 0
    assert listener.heard == []
    assert not AuditLog.objects.exists()


def test_the_sweep_delivers_what_the_lost_message_missed_once_and_in_order(listener):
    save_draft()
    save_draft()

    assert deliver_due_events() == 2
    assert deliver_due_events() == 0

    in_order = AuditLog.objects.order_by("id").values_list("pk", flat=True)
    assert listener.heard == [(event_id, None) for event_id in in_order]


def test_one_event_can_be_delivered_alone(listener):
    save_draft()
    first = AuditLog.objects.get()
    save_draft()

    assert deliver_due_events(first.pk) == 1
    assert listener.heard == [(first.pk, None)]


def test_a_failure_is_logged_tried_again_and_stops_no_other(listener, caplog):
    save_draft()
    save_draft()
    first, second = AuditLog.objects.order_by("id")

    def fail_on_the_first(_cursor):
        if listener.heard[-1][0] == first.pk:
            raise ConnectionError("nobody there")

    listener.mood = fail_on_the_first
    assert deliver_due_events() == 1
    assert "nobody there" in caplog.text
    listener.mood = None
    assert deliver_due_events() == 1

    assert [event_id for event_id, _cursor in listener.heard] == [first.pk, second.pk, first.pk]


def test_what_a_failed_delivery_wrote_is_gone(listener):
    save_draft()

    def write_and_fail(_cursor):
        UserFactory(username="half-done")
        raise ConnectionError

    listener.mood = write_and_fail
    deliver_due_events()

    assert not User.objects.filter(username="half-done").exists()


def test_work_is_done_in_portions_and_goes_on_after_the_last_one(listener):
    save_draft()

    def fail_after_the_first_portion(cursor):
        if cursor:
            raise ConnectionError
        return FIRST

    listener.mood = fail_after_the_first_portion
    assert deliver_due_events() == 0
    assert EventDelivery.objects.get().cursor == FIRST
    listener.mood = {FIRST: SECOND, SECOND: None}.__getitem__
    assert deliver_due_events() == 1

    cursors = [cursor for _event, cursor in listener.heard]
    assert cursors == [None, FIRST, FIRST, SECOND]


def test_what_another_worker_finished_meanwhile_is_not_delivered_again(listener):
    save_draft()
    save_draft()
    first, second = AuditLog.objects.order_by("id")

    def let_another_worker_do_the_second(_cursor):
        if listener.heard[-1][0] == first.pk:
            deliver_due_events(second.pk)

    listener.mood = let_another_worker_do_the_second
    assert deliver_due_events() == 1

    assert [event_id for event_id, _cursor in listener.heard] == [first.pk, second.pk]


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_deliver_once(listener, caplog):
    save_draft()
    EventDelivery.objects.update(done_at=None)  # the commit woke the delivery
    listener.heard.clear()
    busy, go_on = Event(), Event()

    def take_long(_cursor):
        busy.set()
        assert go_on.wait(timeout=30)

    def work():
        try:
            return deliver_due_events()
        finally:
            connections.close_all()

    listener.mood = take_long
    with ThreadPoolExecutor(1) as first_worker:
        first = first_worker.submit(work)
        assert busy.wait(timeout=30)
        assert deliver_due_events() == 0  # the row is taken: the second worker goes past it
        go_on.set()
        assert first.result(timeout=30) == 1

    assert len(listener.heard) == 1
    assert [each.message for each in caplog.records if each.levelname == "ERROR"] == []


# --- subscribers that are gone -------------------------------------------------------------------


@pytest.fixture
def gone(listener, settings):
    """Three events, and a listener that the portal has lost meanwhile: its third is an hour old."""
    for _ in range(3):
        save_draft()
    older = EventDelivery.objects.order_by("event_id")[:2].values("pk")
    EventDelivery.objects.filter(pk__in=older).update(created_at=Now() - timedelta(hours=25))
    settings.EVENT_SUBSCRIBERS = {"deaf": "tests.core.audit.test_events.Deaf"}
    events.subscribers.cache_clear()


def test_what_a_lost_subscriber_was_owed_is_one_line_in_the_log(gone, caplog):
    assert deliver_due_events() == 0

    (line,) = caplog.records
    assert (line.levelname, line.exc_info) == ("WARNING", None)
    assert line.message.startswith("EVENT_SUBSCRIBERS has no 'listener', and 3 deliveries wait")


def test_what_a_lost_subscriber_was_owed_is_forgotten_after_a_day(gone, caplog):
    """Not before: in a deployment the one that it does not know may be the newer one's."""
    deliver_due_events()

    newest = AuditLog.objects.latest("id")
    assert list(EventDelivery.objects.values_list("event", "done_at")) == [(newest.pk, None)]
    assert AuditLog.objects.count() == 3


def test_who_comes_back_within_the_day_is_told(gone, listener, settings):
    deliver_due_events()
    settings.EVENT_SUBSCRIBERS = {"listener": "tests.listeners.Listener"}
    events.subscribers.cache_clear()

    assert deliver_due_events() == 1
    assert listener.heard == [(AuditLog.objects.latest("id").pk, None)]


def test_a_wake_up_for_one_event_passes_over_a_lost_subscriber(gone, caplog):
    assert deliver_due_events(AuditLog.objects.latest("id").pk) == 0
    assert caplog.records == []
    assert EventDelivery.objects.count() == 3
