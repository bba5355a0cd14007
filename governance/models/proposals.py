"""PROPOSALS."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from string import punctuation
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchQuery, SearchVector, SearchVectorField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from dao_portal.core.db.base import AmountField, BaseModel
from treasury.models import Token

from ..canonical import canonical_time
from ..outcome import Rule, Tally, to_units
from ..proposal_types import USUAL, type_choices
from . import proposal_phases
from .proposal_checks import PROPOSAL_CHECKS

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

MAX_TITLE = 200
MAX_TEXT = 50_000
LATE = timedelta(minutes=5)  # what the clock has not done by then is late; it looks every 15 s
MAX_SEARCHED = 200  # characters; PostgreSQL refuses deeper questions than its stack holds
# Marks mean nothing to the search, but for these two.
IN_SEARCHES = str.maketrans(dict.fromkeys(set(punctuation) - set('-"'), " "))


class OnlyWords(models.Func):
    """A column's words without the marks between them (sql/proposal_words.sql), for the search."""

    function = "proposal_words"
    arity = 1
    output_field: ClassVar[models.Field[Any, Any]] = models.TextField()


class NextProposalNumber(models.Func):
    """The number that people say to each other: #42."""

    template = "nextval('proposals_number_seq')"
    arity = 0
    output_field: ClassVar[models.Field[Any, Any]] = models.BigIntegerField()


class ProposalQuerySet(models.QuerySet["Proposal"]):
    """Filters that compose. Visibility is one of them: authorise by fetching."""

    def visible_to(self, user: User | AnonymousUser) -> ProposalQuerySet:
        """Published ones, and one's own drafts; each with the database's clock beside it."""
        visible = ~Q(status=Proposal.Status.DRAFT)
        if user.is_authenticated:
            visible |= Q(proposer=user)
        return self.filter(visible).annotate(db_now=Now())

    def published(self) -> ProposalQuerySet:
        """What everybody may see; each with the database's clock beside it."""
        return self.exclude(status=Proposal.Status.DRAFT).annotate(db_now=Now())

    def in_phase(self, phase: proposal_phases.Phase) -> ProposalQuerySet:
        """Those whose ``phase`` that is, by the database's clock."""
        return self.filter(proposal_phases.IN_PHASE[phase])

    def open(self) -> ProposalQuerySet:
        """Votes count now."""
        return self.in_phase(Proposal.Phase.OPEN)

    def missed(self) -> ProposalQuerySet:
        """The window is over, and nobody has opened it: too late for ever."""
        return self.filter(proposal_phases.MISSED).order_by("voting_end")

    def decided(self) -> ProposalQuerySet:
        """It has come to its end, whether by votes or not."""
        return self.filter(status__in=Proposal.DECIDED)

    def with_result(self) -> ProposalQuerySet:
        """Votes decided it: what was stopped has an end, but no result."""
        return self.decided().exclude(proposal_phases.WAS_STOPPED)

    def due_to_open(self) -> ProposalQuerySet:
        return self.in_phase(Proposal.Phase.OPENING).order_by("voting_start")

    def due_to_close(self) -> ProposalQuerySet:
        """The window is over, the result not yet written down."""
        return self.in_phase(Proposal.Phase.COUNTING).order_by("voting_end")

    def unvoted_by(self, user: User) -> ProposalQuerySet:
        """Open, with power for ``user``, and without their vote."""
        counted = self.open().filter(snapshots__user=user, snapshots__power__gt=0)
        return counted.exclude(votes__voter=user)

    def search(self, words: str) -> ProposalQuerySet:
        """By words, "phrases" and -words; the marks in between mean as little as in the text."""
        asked = re.sub(r"(?<=\w)-+(?=\w)|-(?!\w)", " ", words[:MAX_SEARCHED].translate(IN_SEARCHES))
        return self.filter(search=SearchQuery(asked, search_type="websearch", config="english"))


class Proposal(BaseModel):
    """Something to decide. docs/governance.md tells its life."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        ACTIVE = "active", _("Active")
        PASSED = "passed", _("Passed")
        REJECTED = "rejected", _("Rejected")
        EXPIRED = "expired", _("Expired")

    class Source(models.TextChoices):
        PORTAL = "portal", _("This portal")
        SNAPSHOT = "snapshot", _("Snapshot")
        DEMO = "demo", _("Demo history")

    Phase: TypeAlias = proposal_phases.Phase

    class QuorumMode(models.TextChoices):
        FOR_ABSTAIN = "for_abstain", _("For and Abstain count")
        FOR = "for", _("For counts")
        TURNOUT = "turnout", _("Every vote counts")

    # What lists leave in the database: it is long, and they show none of it.
    BODIES: ClassVar[tuple[str, ...]] = ("description", "description_html", "search")
    DECIDED: ClassVar[tuple[str, ...]] = ("passed", "rejected", "expired")

    number = models.BigIntegerField(
        _("number"), unique=True, db_default=NextProposalNumber(), editable=False
    )
    proposer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.RESTRICT,
        related_name="proposals",
        verbose_name=_("author"),
    )
    title = models.CharField(_("title"), max_length=MAX_TITLE)
    description = models.TextField(_("text"), blank=True)
    description_html = models.TextField(editable=False, blank=True, db_default="")
    type = models.CharField(
        _("type"), max_length=32, choices=type_choices, default=USUAL.key, db_default=USUAL.key
    )
    status = models.CharField(
        _("status"),
        max_length=16,
        choices=Status.choices,
        default=Status.DRAFT,
        db_default=Status.DRAFT,
    )
    metadata = models.JSONField(
        _("metadata"), default=dict, blank=True, db_default=models.Value({}, models.JSONField())
    )
    voting_start = models.DateTimeField(_("voting opens"), null=True, blank=True)
    voting_end = models.DateTimeField(_("voting closes"), null=True, blank=True)
    published_at = models.DateTimeField(_("published"), null=True, blank=True)

    # The rule, copied from SETTINGS and frozen at opening.
    token = models.ForeignKey(
        Token,
        on_delete=models.RESTRICT,
        null=True,
        blank=True,
        related_name="proposals",
        verbose_name=_("token"),
    )
    quorum_mode = models.CharField(
        _("what counts toward the quorum"),
        max_length=16,
        choices=QuorumMode.choices,
        blank=True,
        db_default="",
    )
    quorum_threshold = AmountField(_("quorum"), null=True, blank=True)
    approval_numerator = models.BigIntegerField(null=True, blank=True)
    approval_denominator = models.BigIntegerField(null=True, blank=True)
    approval_threshold = models.DecimalField(  # for show: the fraction rules
        _("approval"), max_digits=19, decimal_places=18, null=True, blank=True
    )
    total_power = AmountField(_("total power"), null=True, blank=True)
    rule_version = models.PositiveSmallIntegerField(_("rule version"), null=True, blank=True)
    fingerprint = models.CharField(_("fingerprint"), max_length=71, blank=True, db_default="")
    opened_at = models.DateTimeField(_("opened"), null=True, blank=True)

    # The result, written once at closing. Heads beside power: the schema counts heads.
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    outcome_reason = models.CharField(_("why"), max_length=32, blank=True, db_default="")
    outcome_note = models.TextField(_("public reason"), blank=True, db_default="")
    total_votes = models.IntegerField(_("votes"), default=0, db_default=0)
    yes_votes = models.IntegerField(_("votes For"), default=0, db_default=0)
    no_votes = models.IntegerField(_("votes Against"), default=0, db_default=0)
    abstain_votes = models.IntegerField(_("votes Abstain"), default=0, db_default=0)
    yes_power = AmountField(_("power For"), default=0, db_default=0)
    no_power = AmountField(_("power Against"), default=0, db_default=0)
    abstain_power = AmountField(_("power Abstain"), default=0, db_default=0)
    votes_digest = models.CharField(_("votes digest"), max_length=64, blank=True, db_default="")

    source = models.CharField(
        _("source"),
        max_length=16,
        choices=Source.choices,
        default=Source.PORTAL,
        db_default=Source.PORTAL,
    )
    source_id = models.CharField(_("id at the source"), max_length=128, blank=True, db_default="")
    search = models.GeneratedField(
        expression=SearchVector(OnlyWords("title"), weight="A", config="english")
        + SearchVector(OnlyWords("description"), weight="B", config="english"),
        output_field=SearchVectorField(),
        db_persist=True,
    )
    voters: models.ManyToManyField[Any, Any] = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="Vote", related_name="voted_proposals"
    )

    objects: ClassVar[ProposalQuerySet] = ProposalQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "proposals"
        verbose_name = _("proposal")
        verbose_name_plural = _("proposals")
        constraints = PROPOSAL_CHECKS
        indexes = (
            models.Index(fields=["voting_start"], name="proposals_voting_start_ix"),
            models.Index(fields=["voting_end"], name="proposals_voting_end_ix"),
            models.Index(fields=["created_at"], name="proposals_created_ix"),
            # the admin's filters, newest first: a rare status or reason lies anywhere in a million
            models.Index(fields=["status", "-id"], name="proposals_status_newest_ix"),
            models.Index(
                fields=["outcome_reason", "-id"],
                include=["status"],  # no draft: the index alone answers
                condition=~Q(outcome_reason=""),
                name="proposals_reason_ix",
            ),
            # the list, newest first
            models.Index(
                fields=["-published_at"],
                condition=~Q(status="draft"),
                name="proposals_newest_ix",
            ),
            # what the clock has to open and to close
            models.Index(
                fields=["voting_start"],
                condition=Q(status="active", opened_at__isnull=True),
                name="proposals_due_to_open_ix",
            ),
            models.Index(
                fields=["voting_end"],
                condition=Q(status="active"),
                name="proposals_due_to_close_ix",
            ),
            GinIndex(fields=["search"], name="proposals_search_ix"),
            # agreed; pages that filter by what a proposal does are later work
            GinIndex(
                fields=["metadata"], opclasses=["jsonb_path_ops"], name="proposals_metadata_ix"
            ),
        )

    def __str__(self) -> str:
        return f"#{self.number} {self.title}"

    def get_absolute_url(self) -> str:
        return reverse("governance:proposal_detail", args=[self.number])

    def write(self, **columns: Any) -> None:
        """Set ``columns`` and save them and nothing else, in one statement."""
        for name, value in columns.items():
            setattr(self, name, value)
        self.save(update_fields=[*columns, "updated_at"])

    @property
    def now(self) -> datetime:
        """The database's clock when the row was read, else ours."""
        return getattr(self, "db_now", None) or timezone.now()  # see visible_to()

    @property
    def phase(self) -> Phase:
        """What the proposal is right now."""
        return proposal_phases.phase_of(
            status=self.status,
            reason=self.outcome_reason,
            start=self.voting_start,
            end=self.voting_end,
            is_opened=self.opened_at is not None,
            now=self.now,
        )

    @property
    def is_overdue(self) -> bool:
        """The clock should have opened or counted it long ago."""
        due = {self.Phase.OPENING: self.voting_start, self.Phase.COUNTING: self.voting_end}
        moment = due.get(self.phase)
        return moment is not None and self.now - moment > LATE

    @property
    def opened_late(self) -> bool:
        """Part of the window was over when votes were let in."""
        if self.opened_at is None or self.voting_start is None:
            return False
        return self.opened_at - self.voting_start > LATE

    @property
    def is_open(self) -> bool:
        return self.phase == self.Phase.OPEN

    @property
    def is_decided(self) -> bool:
        return self.status in self.DECIDED

    @property
    def may_come_back(self) -> bool:
        """It ended here, and not by passing: its author may propose it again."""
        over = self.is_decided or self.phase == self.Phase.NOT_OPENED
        return over and self.status != self.Status.PASSED and self.source == "portal"

    @property
    def is_editable(self) -> bool:
        """Until voting opens."""
        return self.phase in (self.Phase.DRAFT, self.Phase.UPCOMING)

    @property
    def saved_version(self) -> str:
        """Which saved version this is, for whoever edits it and must not undo a newer one."""
        return canonical_time(self.updated_at)

    @property
    def rule(self) -> Rule:
        """The frozen rule in base units; only after opening."""
        assert self.quorum_threshold is not None
        assert self.approval_numerator
        assert self.approval_denominator
        return Rule(
            quorum_mode=self.quorum_mode,  # type: ignore[arg-type]  # proposals_opened_has_rule_ck
            quorum=to_units(self.quorum_threshold),
            approval_numerator=self.approval_numerator,
            approval_denominator=self.approval_denominator,
        )

    @property
    def final_tally(self) -> Tally:
        """The power written down at closing, in base units."""
        return Tally(
            to_units(self.yes_power), to_units(self.no_power), to_units(self.abstain_power)
        )
