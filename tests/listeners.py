"""A subscriber to events whose moods a test decides."""

from collections.abc import Callable
from typing import ClassVar
from uuid import UUID

from dao_portal.core.actions import Action
from dao_portal.core.models import AuditLog


class Listener:
    """Hears of drafts and drafts' edits; ``mood`` decides what it does with an event."""

    actions = (Action.PROPOSAL_CREATED, Action.DRAFT_EDITED)
    heard: ClassVar[list[tuple[UUID, UUID | None]]] = []
    mood: ClassVar[Callable[[UUID | None], UUID | None] | None] = None

    def deliver(self, event: AuditLog, cursor: UUID | None) -> UUID | None:
        self.heard.append((event.pk, cursor))
        mood = type(self).mood
        return mood(cursor) if mood else None
