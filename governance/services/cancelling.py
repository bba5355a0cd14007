"""Cancelling, with a public reason."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from dao_portal.core.actions import Action
from dao_portal.core.audit.events import record
from dao_portal.core.db.base import database_now

from ..errors import NothingToCancel
from ..models import Proposal
from ..outcome import Reason
from . import locks


@transaction.atomic
def cancel_proposal(*, actor: User, proposal_id: UUID, note: str) -> Proposal:
    """Stop a published proposal, with a public reason. Takes the same locks as closing.

    For moderators and administrators; the door checks the role.
    """
    note = note.strip()
    if not note:
        raise NothingToCancel(_("Give the public reason for cancelling."))
    locks.lock_alone(proposal_id)
    proposal = locks.lock_row(proposal_id)
    if proposal.status != Proposal.Status.ACTIVE:
        raise NothingToCancel
    proposal.write(
        status=Proposal.Status.REJECTED,
        outcome_reason=Reason.CANCELLED,
        outcome_note=note,
        closed_at=database_now(),
    )
    record(
        Action.PROPOSAL_CANCELLED,
        actor=actor,
        resource=proposal,
        old={"status": Proposal.Status.ACTIVE},
        new={"status": Proposal.Status.REJECTED, "note": note},
    )
    return proposal
