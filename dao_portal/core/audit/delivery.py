"""Telling the subscribers of an event what the event door wrote down for them."""

from __future__ import annotations

import logging
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from ..models import EventDelivery
from .events import subscribers

logger = logging.getLogger(__name__)


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
