"""What the clock and the queue wake up on the floor."""

from uuid import UUID

from celery import shared_task

from .events import deliver_due_events
from .partitions import ensure_months


@shared_task
def deliver_event(event_id: str) -> int:
    """Deliver one event, right after its commit."""
    return deliver_due_events(UUID(event_id))


@shared_task
def deliver_events() -> int:
    """The sweep: whatever a lost message missed."""
    return deliver_due_events()


@shared_task
def maintain_partitions() -> list[str]:
    """Make the months ahead."""
    return ensure_months()
