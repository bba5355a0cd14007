"""Drafting, editing, publishing, withdrawing, and deleting what nobody has seen."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from accounts.models import User
from dao_portal.core.actions import Action
from dao_portal.core.audit.events import record
from dao_portal.core.brakes import Limit
from dao_portal.core.db.base import database_now, new_keys
from dao_portal.core.markdown import render_markdown
from dao_portal.core.once import claim
from dao_portal.core.text import one_line, validate_one_line

from ..canonical import canonical_hash
from ..errors import (
    ChangedMeanwhile,
    NotADraft,
    NotEditable,
    NothingToCopy,
    NotPublishable,
    NotThere,
    NotYours,
    TooLateToWithdraw,
)
from ..models import MAX_TITLE, Proposal
from ..outcome import Reason
from ..proposal_types import USUAL
from ..rules import Rules, current_rules
from ..selectors import publishing_checks

DELETION = "deletion"  # as form_keys calls it
A_DAY = timedelta(days=1)
DRAFTS = Limit(
    "governance.drafts_per_day",
    A_DAY,
    ngettext_lazy(
        "You have started %(n)s draft within a day. You can save the next one in %(wait)s.",
        "You have started %(n)s drafts within a day. You can save the next one in %(wait)s.",
        "n",
    ),
)
PUBLISHED = Limit(
    "governance.proposals_per_day",
    A_DAY,
    ngettext_lazy(
        "You have published %(n)s proposal within a day. You can publish the next in %(wait)s.",
        "You have published %(n)s proposals within a day. You can publish the next in %(wait)s.",
        "n",
    ),
)
EDITS = Limit(
    "governance.edits_per_hour",
    timedelta(hours=1),
    ngettext_lazy(
        "You have saved %(n)s change within an hour. You can save the next one in %(wait)s.",
        "You have saved %(n)s changes within an hour. You can save the next one in %(wait)s.",
        "n",
    ),
)
PREVIEWS = Limit(
    "governance.previews_per_hour",
    timedelta(hours=1),
    ngettext_lazy(
        "You have looked at %(n)s preview within an hour. You can see the next one in %(wait)s.",
        "You have looked at %(n)s previews within an hour. You can see the next one in %(wait)s.",
        "n",
    ),
)


@dataclass(frozen=True)
class Content:
    """What an author writes. The window may be missing in a draft."""

    title: str
    description: str
    voting_start: datetime | None = None
    voting_end: datetime | None = None
    type: str = USUAL.key

    def write_to(self, proposal: Proposal) -> None:
        proposal.title = one_line(self.title)
        proposal.description = self.description.strip()
        proposal.description_html = render_markdown(proposal.description)
        proposal.voting_start = self.voting_start
        proposal.voting_end = self.voting_end
        proposal.type = self.type


@transaction.atomic
def count_preview(*, actor: User) -> None:
    """Ask before a text is made into HTML only to be looked at: that costs, and leaves nothing.

    Locks the member's count of previews. Raises TooOften.
    """
    PREVIEWS.count(actor)


@transaction.atomic
def create_draft(*, actor: User, content: Content, key: UUID | None = None) -> Proposal:
    """A draft that only ``actor`` sees.

    The same form again (``key``) makes nothing: the draft that it made comes back. Locks the
    form's key, then the member's count of drafts. Raises AlreadySent, TooOften, NotPublishable,
    NotThere when what it made was deleted since.
    """
    (new,) = new_keys(1)
    draft_id = claim(key, form="draft", actor=actor, sent=[*astuple(content)], result=new)
    if draft_id != new:
        return _made_before(draft_id)
    return _new_draft(new, actor, content)


@transaction.atomic
def edit_proposal(
    *, actor: User, proposal_id: UUID, content: Content, version: str | None = None
) -> Proposal:
    """Change a draft, or a published proposal before voting opens.

    Locks the member's count of changes, then the proposal. Raises TooOften among others.

    ``version`` is that of the text which ``actor`` read; ChangedMeanwhile where another stands,
    unless it says the same. None where nobody has read any.

    A published proposal keeps meeting the rules for publishing: its window may not move closer
    than the notice that members were promised.
    """
    EDITS.count(actor)
    proposal = lock_own_proposal(actor=actor, proposal_id=proposal_id)
    if not proposal.is_editable:
        raise NotEditable
    old, standing = _fingerprints(proposal), proposal.saved_version
    window = (proposal.voting_start, proposal.voting_end)
    content.write_to(proposal)
    if version not in (None, standing) and _fingerprints(proposal) != old:
        raise ChangedMeanwhile(standing)
    _require_title_and_window(proposal)
    published = proposal.status != Proposal.Status.DRAFT
    if published:
        moved = window != (proposal.voting_start, proposal.voting_end)
        require_publishable(proposal, actor, current_rules(), check_notice=moved)
    proposal.save()
    new = _fingerprints(proposal)
    if new != old:
        action = Action.PROPOSAL_EDITED if published else Action.DRAFT_EDITED
        record(action, actor=actor, resource=proposal, old=old, new=new)
    return proposal


@transaction.atomic
def delete_draft(*, actor: User, proposal_id: UUID, key: UUID | None = None) -> None:
    """Throw a draft away; the same form again (``key``) finds it thrown away, and is content.

    Locks the form's key, then the proposal. NotADraft once it was published: that stays.
    """
    (new,) = new_keys(1)
    if claim(key, form=DELETION, actor=actor, sent=(), result=new) != new:
        return
    proposal = lock_own_proposal(actor=actor, proposal_id=proposal_id)
    if proposal.status != Proposal.Status.DRAFT:
        raise NotADraft
    record(Action.DRAFT_DELETED, actor=actor, resource=proposal, old=_fingerprints(proposal))
    proposal.delete()


@transaction.atomic
def publish_proposal(*, actor: User, proposal_id: UUID, version: str | None = None) -> Proposal:
    """Show a draft to everybody; it opens by itself. Twice changes nothing.

    Locks the proposal, then the member's count of what they published. ``version`` is what
    ``actor`` looked over; ChangedMeanwhile where another was saved since.
    """
    proposal = lock_own_proposal(actor=actor, proposal_id=proposal_id)
    if proposal.status != Proposal.Status.DRAFT:
        return proposal
    if version not in (None, proposal.saved_version):
        raise ChangedMeanwhile(proposal.saved_version)
    require_publishable(proposal, actor, current_rules())
    PUBLISHED.count(actor)
    proposal.write(status=Proposal.Status.ACTIVE, published_at=proposal.now)
    record(Action.PROPOSAL_PUBLISHED, actor=actor, resource=proposal, new=_fingerprints(proposal))
    return proposal


@transaction.atomic
def withdraw_proposal(*, actor: User, proposal_id: UUID) -> Proposal:
    """Take a published proposal back before voting opens. Locks the proposal. Twice is once."""
    proposal = lock_own_proposal(actor=actor, proposal_id=proposal_id)
    if proposal.phase == Proposal.Phase.WITHDRAWN:
        return proposal
    if proposal.phase != Proposal.Phase.UPCOMING:
        raise TooLateToWithdraw
    proposal.write(
        status=Proposal.Status.REJECTED, outcome_reason=Reason.WITHDRAWN, closed_at=database_now()
    )
    record(
        Action.PROPOSAL_WITHDRAWN,
        actor=actor,
        resource=proposal,
        old={"status": Proposal.Status.ACTIVE},
        new={"status": Proposal.Status.REJECTED},
    )
    return proposal


@transaction.atomic
def copy_proposal(*, actor: User, proposal_id: UUID, key: UUID | None = None) -> Proposal:
    """A new draft with title and text of ``actor``'s own proposal that came to nothing.

    The same form again (``key``) copies nothing: the first copy comes back. Locks the form's key,
    the proposal, then the member's count of drafts. Raises AlreadySent, NotYours, NothingToCopy,
    TooOften, NotPublishable, NotThere when the first copy was deleted since.
    """
    (new,) = new_keys(1)
    draft_id = claim(key, form="copy", actor=actor, sent=[proposal_id], result=new)
    if draft_id != new:
        return _made_before(draft_id)
    ended = lock_own_proposal(actor=actor, proposal_id=proposal_id)
    if not ended.may_come_back:
        raise NothingToCopy
    content = Content(title=ended.title, description=ended.description, type=ended.type)
    return _new_draft(new, actor, content)


def _made_before(draft_id: UUID) -> Proposal:
    made = Proposal.objects.filter(pk=draft_id).first()
    if made is None:
        raise NotThere
    return made


def _new_draft(draft_id: UUID, author: User, content: Content) -> Proposal:
    DRAFTS.count(author)
    proposal = Proposal(pk=draft_id, proposer=author)
    content.write_to(proposal)
    _require_title_and_window(proposal)
    proposal.save()
    record(Action.PROPOSAL_CREATED, actor=author, resource=proposal, new=_fingerprints(proposal))
    return proposal


def lock_own_proposal(*, actor: User, proposal_id: UUID) -> Proposal:
    """The proposal, locked, with the database's clock; NotYours when ``actor`` did not write it.

    NotThere when its author deleted the draft a moment ago.
    """
    locked = Proposal.objects.select_for_update(of=("self",)).annotate(db_now=Now())
    proposal = locked.filter(pk=proposal_id).first()
    if proposal is None:
        raise NotThere
    if proposal.proposer_id != actor.pk:
        raise NotYours
    return proposal


def require_publishable(
    proposal: Proposal, author: User, rules: Rules, *, check_notice: bool = True
) -> None:
    """NotPublishable with everything that still keeps ``proposal`` from being published."""
    checks = publishing_checks.publishing_checks(proposal, author, rules, check_notice=check_notice)
    missing = {check.key: check.text for check in checks if not check.met}
    if missing:
        raise NotPublishable(problems=missing)


def _require_title_and_window(proposal: Proposal) -> None:
    if not 0 < len(proposal.title) <= MAX_TITLE:
        text = _("Give the proposal a title of at most %(n)s characters.") % {"n": MAX_TITLE}
        raise NotPublishable(problems={"title": text})
    try:
        validate_one_line(proposal.title)
    except ValidationError as error:
        raise NotPublishable(problems={"title": error.messages[0]}) from error
    start, end = proposal.voting_start, proposal.voting_end
    if start and end and end <= start:
        raise NotPublishable(problems={"lasts": _("Voting must close after it opens.")})


def _fingerprints(proposal: Proposal) -> dict[str, Any]:
    """What the audit log keeps of a text: enough to prove a change, nothing to leak a draft."""
    return {
        "title_sha256": canonical_hash(proposal.title),
        "description_sha256": canonical_hash(proposal.description),
        "voting_start": proposal.voting_start.isoformat() if proposal.voting_start else None,
        "voting_end": proposal.voting_end.isoformat() if proposal.voting_end else None,
    }
