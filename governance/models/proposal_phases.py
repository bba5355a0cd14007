"""What a member sees of a proposal: its status, judged by the clock.

The same table twice, side by side: for rows in the database, and for a proposal in hand. A dead
worker never makes a closed vote look open. tests/governance/test_phases.py holds them together.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, TextChoices
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from ..outcome import STOPPED, Reason


class Phase(TextChoices):
    """A stopped proposal's phase is called like its reason, a decided one's like its status."""

    DRAFT = "draft", _("Draft")
    UPCOMING = "upcoming", _("Upcoming")
    OPENING = "opening", _("Opening")
    OPEN = "open", _("Open")
    COUNTING = "counting", _("Counting")
    PASSED = "passed", _("Passed")
    REJECTED = "rejected", _("Rejected")
    EXPIRED = "expired", _("No quorum")
    CANCELLED = Reason.CANCELLED.value, _("Cancelled")
    WITHDRAWN = Reason.WITHDRAWN.value, _("Withdrawn")
    NOT_OPENED = Reason.NOT_OPENED.value, _("Not opened")


# Before voting, published: the clock alone tells the two apart.
COMING_PHASES = (Phase.UPCOMING, Phase.OPENING)

ACTIVE = Q(status="active")
UNOPENED = ACTIVE & Q(opened_at__isnull=True)
OPENED = ACTIVE & Q(opened_at__isnull=False)
COMING = UNOPENED & Q(voting_end__gt=Now())
MISSED = UNOPENED & Q(voting_end__lte=Now())  # too late for ever, and not yet written down as that
WAS_STOPPED = Q(outcome_reason__in=STOPPED)  # an end, but no result

IN_PHASE: dict[Phase, Q] = {
    Phase.DRAFT: Q(status="draft"),
    Phase.UPCOMING: UNOPENED & Q(voting_start__gt=Now()),
    Phase.OPENING: UNOPENED & Q(voting_start__lte=Now(), voting_end__gt=Now()),
    Phase.OPEN: OPENED & Q(voting_end__gt=Now()),
    Phase.COUNTING: OPENED & Q(voting_end__lte=Now()),
    Phase.PASSED: Q(status="passed"),
    Phase.REJECTED: Q(status="rejected") & ~WAS_STOPPED,
    Phase.EXPIRED: Q(status="expired") & ~WAS_STOPPED,
    Phase.CANCELLED: Q(outcome_reason=Reason.CANCELLED),
    Phase.WITHDRAWN: Q(outcome_reason=Reason.WITHDRAWN),
    Phase.NOT_OPENED: MISSED | Q(outcome_reason=Reason.NOT_OPENED),
}


def phase_of(
    *,
    status: str,
    reason: str,
    start: datetime | None,
    end: datetime | None,
    is_opened: bool,
    now: datetime,
) -> Phase:
    """The phase of a proposal that stands like this at ``now``."""
    if reason in STOPPED:
        return Phase(reason)
    if status != "active":
        return Phase(status)
    assert start  # proposals_published_has_window_ck
    assert end
    if now >= end:
        return Phase.COUNTING if is_opened else Phase.NOT_OPENED
    if is_opened:  # first: it may have been read while waiting for the opening
        return Phase.OPEN
    return Phase.UPCOMING if now < start else Phase.OPENING
