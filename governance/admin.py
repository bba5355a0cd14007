"""Proposals and votes for moderators: to look at. Every write has its service."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from dao_portal.core.admin import ReadOnlyAdmin
from dao_portal.core.templatetags.portal import amount

from .models import PowerSnapshot, Proposal, ProposalQuerySet, TallySlot, Vote


@admin.register(Proposal)
class ProposalAdmin(ReadOnlyAdmin):
    """Published proposals; a draft is nobody's business but its author's."""

    list_display = ("number", "title", "phase", "proposer", "voting_end")
    list_display_links = ("number", "title")
    list_filter = ("status", "outcome_reason", "source")
    list_select_related = ("proposer",)
    search_fields = ("=number", "title", "=proposer__username")
    search_help_text = _("A number, words of the title, or the author's username.")
    ordering = ("-number",)
    readonly_fields = ("number", "phase", "power_for", "power_against", "power_abstain", "quorum")
    fieldsets = (
        (None, {"fields": ("number", "title", "phase", "proposer", "type")}),
        (_("Times"), {"fields": ("published_at", "voting_start", "voting_end", "opened_at")}),
        (
            _("Result"),
            {
                "fields": (
                    "closed_at",
                    "outcome_reason",
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
            {
                "fields": (
                    "token",
                    "quorum_mode",
                    "quorum",
                    ("approval_numerator", "approval_denominator"),
                    "rule_version",
                    "fingerprint",
                )
            },
        ),
        (_("Text"), {"fields": ("description", "metadata")}),
        (_("Origin"), {"fields": ("source", "source_id")}),
    )

    def get_queryset(self, request: HttpRequest) -> ProposalQuerySet:
        return Proposal.objects.published()

    @admin.display(description=_("status"))
    def phase(self, proposal: Proposal) -> str:
        return str(proposal.phase.label)

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
        return amount(proposal.quorum_threshold)


class OfMemberAdmin(ReadOnlyAdmin):
    """Rows that belong to one member and one proposal, in tables of millions.

    Newest first by key, and found by a whole username or a proposal's number: each of that is an
    index away, and nothing else is offered.
    """

    member_field: str
    sortable_by = ()
    ordering = ("-id",)
    search_help_text = _("A member's username, or the number of a proposal.")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Rows of the proposal or the member that ``search_term`` names; "" is all of them."""
        term = search_term.strip()
        number = term.removeprefix("#")
        if number.isascii() and number.isdigit():
            queryset = queryset.filter(proposal__number=int(number))
        elif term:
            members = User.objects.annotate(lower=Lower("username")).filter(lower=term.lower())
            queryset = queryset.filter(**{f"{self.member_field}__in": members.values("pk")})
        return queryset, False


@admin.register(Vote)
class VoteAdmin(OfMemberAdmin):
    member_field = "voter"
    list_display = ("cast_at", "voter", "vote_type", "power", "proposal")
    list_filter = ("vote_type",)
    list_select_related = ("voter", "proposal")
    search_fields = ("voter__username", "proposal__number")
    fields = ("proposal", "voter", "vote_type", "power", "reason", "cast_at", "receipt")
    readonly_fields = ("power", "receipt")

    @admin.display(description=_("power"))
    def power(self, vote: Vote) -> str:
        return amount(vote.voting_power)

    @admin.display(description=_("receipt"))
    def receipt(self, vote: Vote) -> str:
        return vote.receipt(vote.proposal.fingerprint)


@admin.register(PowerSnapshot)
class PowerSnapshotAdmin(OfMemberAdmin):
    member_field = "user"
    list_display = ("user", "total", "proposal")
    list_select_related = ("user", "proposal")
    search_fields = ("user__username", "proposal__number")
    fields = ("proposal", "user", "held", "staked_part", "delegated_part", "total", "created_at")
    readonly_fields = ("held", "staked_part", "delegated_part", "total", "created_at")

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

    list_display = ("proposal", "slot", "voters", "version", "updated_at")
    list_select_related = ("proposal",)
    search_fields = ("=proposal__number",)
    search_help_text = _("The number of a proposal.")
    ordering = ("-proposal__number", "slot")
    fields = (
        "proposal",
        "slot",
        "version",
        "yes_votes",
        "no_votes",
        "abstain_votes",
        "yes_power",
        "no_power",
        "abstain_power",
        "updated_at",
    )
    readonly_fields = ("updated_at",)

    @admin.display(description=_("voters"))
    def voters(self, slot: TallySlot) -> int:
        return slot.yes_votes + slot.no_votes + slot.abstain_votes
