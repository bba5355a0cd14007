"""The two locks of a proposal, always taken in this order: the advisory lock, then the row."""

from __future__ import annotations

from uuid import UUID

from django.db import connection
from django.db.models.functions import Now

from ..models import Proposal


def lock_shared(proposal_id: UUID) -> None:
    """Hold the proposal open until this transaction ends: a closer waits for it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(proposal_lock_key(%s))", [proposal_id])


def lock_alone(proposal_id: UUID) -> None:
    """Wait for every vote under way and keep new ones out until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(proposal_lock_key(%s))", [proposal_id])


def lock_row(proposal_id: UUID) -> Proposal:
    """The proposal with the database's time, its row locked against every other writer."""
    return (
        Proposal.objects.select_for_update(of=("self",), no_key=True)
        .annotate(db_now=Now())
        .get(pk=proposal_id)
    )
