"""Proposals and votes for moderators: to look at. Every write has its service."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.admin import OfMemberAdmin
from dao_portal.core.admin.base import ReadOnlyAdmin
from dao_portal.core.admin.links import (
    link_to,
    list_address,
    member_named,
    number_in,
    registered_admins,
)
from dao_portal.core.admin.period import PeriodFilter
from dao_portal.core.db.base import under
from dao_portal.core.formats import amount

from .models import PowerSnapshot, Proposal, ProposalQuerySet, TallySlot, Vote
from .outcome import Reason
from .wording import REASONS

Row = TypeVar("Row", bound=Model)


class StatusFilter(admin.SimpleListFilter):
    """How proposals stand: the words of their page. Drafts are never listed."""

    title = _("status")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            (Proposal.Status.ACTIVE, _("Upcoming or open")),
            *((status, Proposal.Phase(status).label) for status in Proposal.DECIDED),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Proposal]) -> QuerySet[Proposal]:
        return queryset.filter(status=self.value()) if self.value() else queryset


class ReasonFilter(admin.SimpleListFilter):
    """Why proposals ended as they did, in words."""

    title = _("reason")
    parameter_name = "reason"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(REASONS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Proposal]) -> QuerySet[Proposal]:
        return queryset.filter(outcome_reason=self.value()) if self.value() else queryset


@admin.register(Proposal)
class ProposalAdmin(ReadOnlyAdmin):
    """Published proposals; a draft is nobody's business but its author's."""

    list_display = ("title", "mark", "phase", "author", "voting_end")
    list_filter = (StatusFilter, ReasonFilter, PeriodFilter)
    list_select_related = ("proposer",)
    not_listed = Proposal.BODIES
    search_help_text = _("A number, words of title and text, or the author's username.")
    fieldsets = (
        (None, {"fields": ("mark", "phase", "author", "type")}),
        (_("Times"), {"fields": ("published_at", "voting_start", "voting_end", "opened_at")}),
        (
            _("Result"),
            {
                "fields": (
                    "closed_at",
                    "reason",
                    "outcome_note",
                    ("yes_votes", "power_for"),
                    ("no_votes", "power_against"),
                    ("abstain_votes", "power_abstain"),
                    "votes_digest",
                )
            },
        ),
        (
            _("Rule"),
            {"fields": ("token", "quorum_mode", "quorum", "share", "rule_version", "fingerprint")},
        ),
        (_("Text"), {"fields": ("description", "metadata")}),
        (_("Origin"), {"fields": ("source", "source_id")}),
    )
    readonly_fields = (
        "mark",
        "phase",
        "author",
        "reason",
        "power_for",
        "power_against",
        "power_abstain",
        "quorum",
        "share",
    )

    def get_queryset(self, request: HttpRequest) -> ProposalQuerySet:
        return Proposal.objects.published().defer("search")

    def find(self, request: HttpRequest, rows: Any, words: str) -> ProposalQuerySet:
        found: ProposalQuerySet = rows
        number = number_in(words)
        if number is not None:
            return found.filter(number=number)
        if member := member_named(words):
            return found.filter(proposer_id=member)
        return found.search(words)

    def on_portal(self, row: Proposal) -> str | None:
        """A draft is its author's only; an audit entry may be about one."""
        return None if row.status == Proposal.Status.DRAFT else row.get_absolute_url()

    def see_also(self, row: Proposal) -> list[tuple[Any, str]]:
        """Every list that is searched by a proposal."""
        return [
            *super().see_also(row),
            *(
                (
                    each.opts.verbose_name_plural,
                    list_address(each.opts.app_label, str(each.opts.model_name), f"#{row.number}"),
                )
                for each in registered_admins()
                if isinstance(each, OfProposalAdmin | TallySlotAdmin)
            ),
        ]

    @admin.display(description=_("number"))
    def mark(self, proposal: Proposal) -> str:
        return f"#{proposal.number}"

    @admin.display(description=_("author"))
    def author(self, proposal: Proposal) -> str | None:
        return link_to(proposal.proposer)

    @admin.display(description=_("status"))
    def phase(self, proposal: Proposal) -> str:
        return str(proposal.phase.label)

    @admin.display(description=_("reason"))
    def reason(self, proposal: Proposal) -> str:
        reason = proposal.outcome_reason
        return str(REASONS[Reason(reason)]) if reason else self.nothing

    @admin.display(description=_("power For"))
    def power_for(self, proposal: Proposal) -> str:
        return amount(proposal.yes_power)

    @admin.display(description=_("power Against"))
    def power_against(self, proposal: Proposal) -> str:
        return amount(proposal.no_power)

    @admin.display(description=_("power Abstain"))
    def power_abstain(self, proposal: Proposal) -> str:
        return amount(proposal.abstain_power)

    @admin.display(description=_("quorum"))
    def quorum(self, proposal: Proposal) -> str:
        return amount(proposal.quorum_threshold) or self.nothing

    @admin.display(description=_("approval"))
    def share(self, proposal: Proposal) -> str:
        if not proposal.approval_denominator:
            return self.nothing
        return f"{proposal.approval_numerator}/{proposal.approval_denominator}"


class OfProposalAdmin(OfMemberAdmin):
    """Rows of one member and one proposal, in tables of millions: found by either."""

    search_help_text = _("A member's whole username, or the number of a proposal.")
    list_select_related: ClassVar[Any] = ("user", "proposal")
    not_listed: ClassVar[Any] = under("proposal", Proposal.BODIES)

    def find(self, request: HttpRequest, rows: QuerySet[Row], words: str) -> QuerySet[Row]:
        number = number_in(words)
        if number is None:
            return super().find(request, rows, words)
        return _of_proposal(rows, number)

    @admin.display(description=_("proposal"))
    def about(self, row: Any) -> str | None:
        return link_to(row.proposal)


def _of_proposal(rows: QuerySet[Row], number: int) -> QuerySet[Row]:
    """Its key first: PostgreSQL then looks into one partition of sixteen."""
    key = Proposal.objects.filter(number=number).values_list("pk", flat=True).first()
    return rows.filter(proposal_id=key) if key else rows.none()


@admin.register(Vote)
class VoteAdmin(OfProposalAdmin):
    """Who voted what, and with how much power."""

    member_field = "voter"
    list_display = ("cast_at", "member", "vote_type", "power", "about")
    list_select_related = ("voter", "proposal")
    fields = ("about", "member", "vote_type", "power", "reason", "cast_at", "receipt")
    readonly_fields = ("about", "member", "power", "receipt")

    def heading(self, row: Vote) -> str:
        words = {"member": row.voter, "choice": row.get_vote_type_display()}
        return gettext("%(member)s voted %(choice)s") % words

    def on_portal(self, row: Vote) -> str | None:
        return reverse("governance:vote_list", args=[row.proposal.number])

    @admin.display(description=_("power"))
    def power(self, vote: Vote) -> str:
        return amount(vote.voting_power)

    @admin.display(description=_("receipt"))
    def receipt(self, vote: Vote) -> str:
        return vote.receipt(vote.proposal.fingerprint)


@admin.register(PowerSnapshot)
class PowerSnapshotAdmin(OfProposalAdmin):
    """The power with which members were counted when a proposal opened."""

    list_display = ("total", "member", "about")
    fields = ("about", "member", "held", "staked_part", "delegated_part", "total", "created_at")
    readonly_fields = (
        "about",
        "member",
        "held",
        "staked_part",
        "delegated_part",
        "total",
        "created_at",
    )

    def heading(self, row: PowerSnapshot) -> str:
        words = {"member": row.user, "number": row.proposal.number}
        return gettext("Power of %(member)s in #%(number)s") % words

    def on_portal(self, row: PowerSnapshot) -> str | None:
        return row.proposal.get_absolute_url()

    @admin.display(description=_("held"))
    def held(self, snapshot: PowerSnapshot) -> str:
        return amount(snapshot.own)

    @admin.display(description=_("staked"))
    def staked_part(self, snapshot: PowerSnapshot) -> str:
        return amount(snapshot.staked)

    @admin.display(description=_("delegated to them"))
    def delegated_part(self, snapshot: PowerSnapshot) -> str:
        return amount(snapshot.delegated)

    @admin.display(description=_("power"))
    def total(self, snapshot: PowerSnapshot) -> str:
        return amount(snapshot.power)


@admin.register(TallySlot)
class TallySlotAdmin(ReadOnlyAdmin):
    """The live counters, as the database's trigger keeps them."""

    list_display = ("slot_of", "about", "voters", "updated_at")
    list_select_related = ("proposal",)
    not_listed = under("proposal", Proposal.BODIES)
    search_help_text = _("The number of a proposal.")
    fieldsets = (
        (None, {"fields": ("about", "slot", "version", "updated_at")}),
        (_("Votes"), {"fields": ("yes_votes", "no_votes", "abstain_votes")}),
        (_("Power"), {"fields": ("power_for", "power_against", "power_abstain")}),
    )
    readonly_fields = ("about", "updated_at", "power_for", "power_against", "power_abstain")

    def find(
        self, request: HttpRequest, rows: QuerySet[TallySlot], words: str
    ) -> QuerySet[TallySlot]:
        number = number_in(words)
        return rows.none() if number is None else _of_proposal(rows, number)

    def heading(self, row: TallySlot) -> str:
        return gettext("Slot %(slot)s of #%(number)s") % {
            "slot": row.slot,
            "number": row.proposal.number,
        }

    def on_portal(self, row: TallySlot) -> str | None:
        return row.proposal.get_absolute_url()

    @admin.display(description=_("slot"))
    def slot_of(self, slot: TallySlot) -> str:
        return gettext("Slot %(slot)s") % {"slot": slot.slot}

    @admin.display(description=_("proposal"))
    def about(self, slot: TallySlot) -> str | None:
        return link_to(slot.proposal)

    @admin.display(description=_("voters"))
    def voters(self, slot: TallySlot) -> str:
        return amount(slot.yes_votes + slot.no_votes + slot.abstain_votes)

    @admin.display(description=_("power For"))
    def power_for(self, slot: TallySlot) -> str:
        return amount(slot.yes_power)

    @admin.display(description=_("power Against"))
    def power_against(self, slot: TallySlot) -> str:
        return amount(slot.no_power)

    @admin.display(description=_("power Abstain"))
    def power_abstain(self, slot: TallySlot) -> str:
        return amount(slot.abstain_power)
