"""What the clock wakes up."""

from celery import shared_task

from .services import advancing


@shared_task(name="governance.tasks.advance_proposals")
def advance_proposals() -> dict[str, list[int]]:
    """Open and close all that is due (every 15 s)."""
    advanced = advancing.advance_proposals()
    return {
        "opened": advanced.opened,
        "closed": advanced.closed,
        "expired": advanced.expired,
    }
