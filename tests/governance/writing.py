"""A proposal as its author types it."""

from django.utils import timezone

from governance.models import Proposal
from tests.factories import DAY

NEW = "/proposals/new/"

NEXT_WEEK = (timezone.now() + 7 * DAY).replace(hour=16, minute=30, second=0, microsecond=0)

WRITTEN = {
    "title": "Fund the garden",
    "description": "Ten raised beds and a **rain barrel**.",
    "opens_on": f"{NEXT_WEEK:%Y-%m-%d}",
    "opens_at": "16:30",
    "lasts": "5",
    "unit": "days",
}


def content_of(proposal: Proposal) -> tuple:
    proposal.refresh_from_db()
    return (
        proposal.title,
        proposal.description,
        proposal.voting_start,
        proposal.voting_end,
        proposal.status,
    )
