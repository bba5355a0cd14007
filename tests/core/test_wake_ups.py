"""Celery is only woken: by names that are tasks, and never at the cost of what wakes it."""

import ast
import re
from collections.abc import Iterator

import pytest
from celery import Celery
from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction

from dao_portal.celery import app as celery_app
from dao_portal.core.actions import Action
from dao_portal.core.audit import events
from dao_portal.core.audit.delivery import deliver_due_events
from dao_portal.core.audit.events import record
from dao_portal.core.models import EventDelivery, OutgoingMail
from governance.models import Proposal
from tests.factories import UserFactory, open_proposal_with
from tests.source import MODULES

TASK_NAME = re.compile(r"([a-z_]+\.)+tasks\.\w+")


def names_written() -> Iterator[str]:
    """Every string of the product that is the name of a task."""
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and TASK_NAME.fullmatch(str(node.value)):
                yield node.value


def test_every_name_that_is_woken_is_a_task_and_every_task_is_woken():
    tasks = {name for name in celery_app.tasks if not name.startswith("celery.")}

    assert set(names_written()) == tasks
    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} <= tasks


@pytest.fixture
def no_broker(settings):
    """A queue that refuses everybody, with the portal's own patience."""
    settings.EMAIL_BACKEND = "dao_portal.core.outbox.EmailBackend"
    gone = Celery("gone", broker="redis://127.0.0.1:1/0", set_as_current=False)
    gone.conf.update(
        task_publish_retry=settings.CELERY_TASK_PUBLISH_RETRY,
        broker_transport_options=settings.CELERY_BROKER_TRANSPORT_OPTIONS,
    )
    gone.set_current()
    yield
    celery_app.set_current()


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_gone_costs_an_event_one_line_in_the_log(no_broker, caplog):
    proposal = open_proposal_with({"ada": 1})
    EventDelivery.objects.all().delete()
    caplog.clear()

    with transaction.atomic():
        record(Action.PROPOSAL_CANCELLED, actor=None, resource=proposal)

    (line,) = [entry.message for entry in caplog.records]
    assert line.startswith("Error calling _wake_after_commit.<locals>.wake in on_commit() ")
    assert EventDelivery.objects.get().done_at is None
    assert deliver_due_events() == 1


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_gone_costs_a_request_nothing(no_broker, client, settings, request):
    settings.EVENT_SUBSCRIBERS = {"drafts": "tests.listeners.Listener"}
    events.subscribers.cache_clear()
    request.addfinalizer(events.subscribers.cache_clear)
    client.force_login(UserFactory())
    text = {"title": "Fund the garden", "description": "Because.", "unit": "days"}

    answer = client.post("/proposals/new/", text)

    assert answer.status_code == 303
    assert Proposal.objects.get().title == "Fund the garden"
    assert EventDelivery.objects.get().done_at is None


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_gone_costs_a_mail_one_line_in_the_log(no_broker, caplog):
    send_mail("Hello", "Text", None, ["ada@example.org"])

    (line,) = [entry.message for entry in caplog.records]
    assert line.startswith("Error calling _wake in on_commit() ")
    assert OutgoingMail.objects.open().count() == 1
