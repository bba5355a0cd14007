"""Telling the subscribers of an event what the event door wrote down for them."""

from __future__ import annotations

import logging
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Count, QuerySet
from django.db.models.functions import Now

from ..models import EventDelivery
from .events import subscribers

logger = logging.getLogger(__name__)

FORGET_AFTER = timedelta(days=1)  # longer than any deployment in which this worker is the older


def deliver_due_events(event_id: UUID | None = None) -> int:
    """Deliver what is due, of one event or of all, oldest first; how many were finished.

    One transaction per portion, with the delivery row locked and other workers' rows skipped. A
    subscriber that fails is logged and tried again by the next sweep; the others go on. What is
    owed to nobody (any more) is passed over, and FORGET_AFTER its event forgotten.
    """
    open_ones = EventDelivery.objects.filter(done_at__isnull=True)
    due = open_ones.filter(subscriber__in=subscribers()).order_by("event_id")
    if event_id:
        due = due.filter(event_id=event_id)
    else:
        _forget(open_ones.exclude(subscriber__in=subscribers()))
    finished = 0
    for delivery_id in list(due.values_list("pk", flat=True)):
        try:
            while (more := _deliver_portion(delivery_id)) is True:
                pass
            finished += more is False
        except Exception:
            logger.exception("delivery %s failed; the next sweep tries again", delivery_id)
    return finished


def _forget(unknown: QuerySet[EventDelivery]) -> None:
    """One line for each name that EVENT_SUBSCRIBERS does not have, and an end to what is old."""
    waiting = unknown.values_list("subscriber").annotate(Count("pk")).order_by("subscriber")
    for name, count in waiting:
        logger.warning(
            "EVENT_SUBSCRIBERS has no %r, and %d deliveries wait for it; those that are older than"
            " a day are forgotten now",
            name,
            count,
        )
    unknown.filter(created_at__lt=Now() - FORGET_AFTER).delete()


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
