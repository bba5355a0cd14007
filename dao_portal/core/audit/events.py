"""The one event door: write the audit row now, tell the subscribers after the commit.

``event_deliveries`` is the memory: one row per subscriber that listens to the action, written in
the same transaction as the change itself. The task that starts after the commit is only a quick
first try; the sweep (``deliver_due_events``, every 30 s) delivers whatever that try missed, and
delivering twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any, Protocol
from uuid import UUID

from celery import current_app
from django.conf import settings
from django.db import models, transaction
from django.utils.module_loading import import_string

from ..actions import Action
from ..models import AuditLog, EventDelivery
from ..options import get_option
from ..web.http import coarse_ip
from ..web.request import current_request

MAX_USER_AGENT = 256
DELIVER_EVENT = "dao_portal.core.tasks.deliver_event"  # by name: the tasks are a door above


class Subscriber(Protocol):
    """Something that acts on events; named in settings.EVENT_SUBSCRIBERS."""

    actions: Collection[Action]

    def deliver(self, event: AuditLog, cursor: UUID | None) -> UUID | None:
        """Do one portion of the work after ``cursor``; the next cursor, or None when all is done.

        Runs in a transaction of its own and must be safe to repeat.
        """


@cache
def subscribers() -> dict[str, Subscriber]:
    """The subscribers by name."""
    return {name: import_string(path)() for name, path in settings.EVENT_SUBSCRIBERS.items()}


def record(
    action: Action,
    *,
    actor: models.Model | None,
    resource: models.Model,
    old: dict[str, Any] | None = None,
    new: dict[str, Any] | None = None,
) -> AuditLog:
    """Write down that ``actor`` did ``action`` to ``resource``; call it inside the transaction.

    ``old`` and ``new`` are JSON: amounts as strings, members by id. ``actor`` is None for the
    clock. The row and the change that it describes are saved together or not at all.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("record() belongs inside the transaction of the change it describes")
    request = current_request()
    keep_whole_ip = bool(request.ip_address) and get_option("audit.keep_whole_ip")
    event = AuditLog.objects.create(
        action=action,
        user_id=actor.pk if actor else None,
        resource_type=resource._meta.label_lower.partition(".")[2],
        resource_id=resource.pk,
        old_values=old,
        new_values=new,
        ip_address=request.ip_address if keep_whole_ip else coarse_ip(request.ip_address),
        user_agent=request.user_agent[:MAX_USER_AGENT],
        request_id=request.request_id,
    )
    listening = [name for name, subscriber in subscribers().items() if action in subscriber.actions]
    if listening:
        EventDelivery.objects.bulk_create(
            EventDelivery(event=event, subscriber=name) for name in listening
        )
        _wake_after_commit(event.pk)
    return event


def _wake_after_commit(event_id: UUID) -> None:
    """Queue the delivery. A queue that is gone is logged, and the sweep comes anyway."""

    def wake() -> None:  # a partial has no name, and robust=True logs the name of what failed
        current_app.signature(DELIVER_EVENT, [str(event_id)]).delay()

    transaction.on_commit(wake, robust=True)
