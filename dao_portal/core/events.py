"""The one event door: write the audit row now, tell the subscribers after the commit.

``event_deliveries`` is the memory: one row per subscriber that listens to the action, written in
the same transaction as the change itself. The task that starts after the commit is only a quick
first try; the sweep (``deliver_due_events``, every 30 s) delivers whatever that try missed, and
delivering twice changes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from functools import cache
from typing import Any, Protocol
from uuid import UUID

from django.conf import settings
from django.db import models, transaction
from django.db.models.functions import Now
from django.utils.module_loading import import_string

from .actions import Action
from .context import current_request
from .http import coarse_ip
from .models import AuditLog, EventDelivery
from .options import get_option

logger = logging.getLogger(__name__)

MAX_USER_AGENT = 256


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
        from .tasks import deliver_event  # the task imports this module

        deliver_event.delay(str(event_id))

    transaction.on_commit(wake, robust=True)


def deliver_due_events(event_id: UUID | None = None) -> int:
    """Deliver what is due, of one event or of all, oldest first; how many were finished.

    One transaction per portion, with the delivery row locked and other workers' rows skipped. A
    subscriber that fails is logged and tried again by the next sweep; the others go on.
    """
    due = EventDelivery.objects.filter(done_at__isnull=True).order_by("event_id")
    if event_id:
        due = due.filter(event_id=event_id)
    finished = 0
    for delivery_id in list(due.values_list("pk", flat=True)):
        try:
            while (more := _deliver_portion(delivery_id)) is True:
                pass
            finished += more is False
        except Exception:
            logger.exception("delivery %s failed; the next sweep tries again", delivery_id)
    return finished


@transaction.atomic
def _deliver_portion(delivery_id: UUID) -> bool | None:
    """True: there is more to do; False: finished; None: somebody else has it."""
    delivery = (
        EventDelivery.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("event")
        .filter(pk=delivery_id, done_at__isnull=True)
        .first()
    )
    if delivery is None:
        return None
    delivery.cursor = subscribers()[delivery.subscriber].deliver(delivery.event, delivery.cursor)
    if delivery.cursor is None:
        EventDelivery.objects.filter(pk=delivery.pk).update(done_at=Now(), updated_at=Now())
        return False
    delivery.save(update_fields=["cursor", "updated_at"])
    return True
