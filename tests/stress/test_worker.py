"""A real Celery worker, whose queue is emptied and whose life ends at the worst moment."""

import os
import signal
from collections import Counter
from datetime import timedelta

import pytest
from django.db import transaction

from dao_portal.celery import app as celery_app
from dao_portal.core.models import AuditLog, EventDelivery
from dao_portal.embedded.servers import redis_url
from dao_portal.environment import RedisUrl
from governance.models import Proposal, Vote
from social.models import Notification
from tests.factories import cast, open_proposal_with, shift_window, voters_of
from tests.sql import sql
from tests.stress.parts import own_valkey, process, wait_for
from tests.threads import wait_until_blocked

pytestmark = [
    pytest.mark.stress,
    pytest.mark.django_db(transaction=True),
    # Messages go to the worker's queue, past the test run's own eager one.
    pytest.mark.filterwarnings("ignore::celery.exceptions.AlwaysEagerIgnored"),
]

SWEEP = "governance.tasks.advance_proposals"
DELIVERY = "dao_portal.core.tasks.deliver_events"


@pytest.fixture
def valkey(tmp_path):
    with own_valkey(tmp_path) as server:
        yield server


@pytest.fixture
def start_worker(valkey, tmp_path):
    """``with start_worker() as worker``: the portal's worker, one process, ready for messages."""

    def start():
        return process(
            *("celery", "-A", "dao_portal", "worker", "--pool=solo", "--loglevel=INFO"),
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
            valkey=valkey,
            ready=" ready.",
            log=tmp_path / "worker.log",
        )

    return start


@pytest.fixture
def send(valkey):
    """``send(name)`` puts one message into that worker's queue, as beat would."""

    def send_one(name):
        with celery_app.connection(RedisUrl.parse(redis_url(valkey.state)).broker) as broker:
            celery_app.send_task(name, connection=broker, ignore_result=True)

    return send_one


@pytest.fixture
def queue(valkey):
    """The worker's Valkey, to look into and to empty."""
    from redis import Redis

    with Redis(unix_socket_path=str(valkey.socket)) as client:
        yield client


@pytest.fixture
def over():
    """Voted on, and its end has come."""
    proposal = open_proposal_with([60, 40, 10])
    for voter, choice in zip(voters_of(proposal), ["yes", "no", "abstain"], strict=True):
        cast(proposal, voter, choice)
    return shift_window(proposal, end=timedelta(0))


def status_of(proposal):
    return Proposal.objects.values_list("status", flat=True).get(pk=proposal.pk)


def told_of_closing(proposal):
    """How often each member was told."""
    told = Notification.objects.filter(type="proposal.closed")
    return Counter(told.values_list("user_id", flat=True))


def everybody(proposal):
    return {proposal.proposer_id, *(voter.pk for voter in voters_of(proposal))}


def test_an_emptied_queue_costs_one_sweep_and_nobody_is_told_twice(over, start_worker, send, queue):
    send(SWEEP)
    assert queue.llen("celery") == 1
    queue.flushall()

    with start_worker():
        assert status_of(over) == "active"  # the message is lost, and the page says "counting"
        for name in (SWEEP, SWEEP, DELIVERY, DELIVERY):
            send(name)
        wait_for(lambda: status_of(over) == "passed", "the closing")
        wait_for(
            lambda: not EventDelivery.objects.filter(done_at=None).exists(), "the notifications"
        )
        send(DELIVERY)
        wait_for(lambda: queue.llen("celery") == 0, "the last sweep")

    assert AuditLog.objects.filter(action="proposal.closed").count() == 1
    assert told_of_closing(over) == dict.fromkeys(everybody(over), 1)


def test_a_queue_that_restarts_empty_costs_one_sweep(over, start_worker, send, valkey):
    """It is gone when the closing commits, so nothing wakes the delivery: PostgreSQL knows."""
    with start_worker():
        with transaction.atomic():
            sql("LOCK TABLE audit_logs IN EXCLUSIVE MODE")
            send(SWEEP)
            wait_until_blocked()
            valkey.stop()
        wait_for(lambda: status_of(over) == "passed", "the closing")
        assert told_of_closing(over) == {}
        assert EventDelivery.objects.filter(done_at=None).count() == 1

        valkey.start()
        send(DELIVERY)
        wait_for(
            lambda: not EventDelivery.objects.filter(done_at=None).exists(), "the notifications"
        )

    assert told_of_closing(over) == dict.fromkeys(everybody(over), 1)


def test_a_worker_killed_while_it_closes_leaves_nothing_half_done(over, start_worker, send):
    before = row_of(over)

    with start_worker() as worker, transaction.atomic():
        sql("LOCK TABLE audit_logs IN EXCLUSIVE MODE")
        send(SWEEP)
        wait_until_blocked()  # result and status are written, the audit row is not
        os.killpg(worker.pid, signal.SIGKILL)
    wait_for(nobody_else_works, "the killed worker's transaction to end")

    assert row_of(over) == before
    assert Vote.objects.filter(proposal=over).count() == 3
    assert not AuditLog.objects.filter(action="proposal.closed").exists()

    with start_worker():
        send(SWEEP)
        wait_for(lambda: status_of(over) == "passed", "the closing")
    assert AuditLog.objects.filter(action="proposal.closed").count() == 1


def row_of(proposal):
    return Proposal.objects.filter(pk=proposal.pk).values().get()


def nobody_else_works():
    return not sql(
        "SELECT FROM pg_stat_activity WHERE datname = current_database()"
        " AND backend_type = 'client backend' AND pid <> pg_backend_pid() AND state <> 'idle'"
    )
