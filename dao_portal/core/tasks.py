"""What the clock and the queue wake up on the floor."""

import logging
from uuid import UUID

from celery import shared_task

from .audit.delivery import deliver_due_events
from .db.months import ensure_months
from .once import forget_old_keys
from .outbox import forget_old_mails, send_due_mails
from .services import retention

logger = logging.getLogger(__name__)


@shared_task
def deliver_event(event_id: str) -> int:
    """Deliver one event, right after its commit."""
    return deliver_due_events(UUID(event_id))


@shared_task
def deliver_events() -> int:
    """The sweep: whatever a lost message missed."""
    return deliver_due_events()


@shared_task
def forget_form_keys() -> int:
    """Delete the keys of forms that were sent more than a day ago; how many."""
    return forget_old_keys()


@shared_task
def send_mails(*, woken: bool = False) -> int:
    """Send what is due: ``woken`` by a commit, or the sweep."""
    return send_due_mails(woken=woken)


@shared_task
def forget_mails() -> int:
    """Delete the rows of mails that are long over."""
    return forget_old_mails()


@shared_task
def maintain_partitions() -> list[str]:
    """Make the months ahead, and detach those whose time is over; the names of both."""
    made = ensure_months()
    retired = retention.detach_expired_months()
    for reason in retired.kept:
        logger.warning(reason)
    return made + retired.detached
