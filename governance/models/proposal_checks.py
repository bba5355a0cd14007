"""What the database asks of every proposal at every moment, each check by its name.

What needs more than the row itself (the clock, the votes) stands in governance/sql/.
"""

from django.db import models
from django.db.models import F, Q

from dao_portal.core.db.base import bounded_html
from treasury.models import not_negative

from ..outcome import RULE_VERSION, STOPPED, Reason

WITHOUT_COUNT = [reason.value for reason in STOPPED]  # plain words: a migration keeps them
SHA256 = "[0-9a-f]{64}"

PROPOSAL_CHECKS: tuple[models.BaseConstraint, ...] = (
    models.CheckConstraint(
        condition=Q(status__in=["draft", "active", "passed", "rejected", "expired"]),
        name="proposals_status_ck",
    ),
    models.CheckConstraint(
        condition=Q(source__in=["portal", "snapshot", "demo"]), name="proposals_source_ck"
    ),
    models.CheckConstraint(
        condition=Q(voting_end__gt=F("voting_start")), name="proposals_window_ck"
    ),
    models.CheckConstraint(
        condition=Q(status="draft")
        | Q(
            voting_start__isnull=False,
            voting_end__isnull=False,
            published_at__isnull=False,
        ),
        name="proposals_published_has_window_ck",
    ),
    models.CheckConstraint(
        condition=Q(opened_at__isnull=True)
        | Q(
            # each by name: comparing with NULL would be let through
            Q(quorum_threshold__isnull=False, approval_threshold__isnull=False),
            Q(approval_numerator__isnull=False, approval_denominator__isnull=False),
            Q(quorum_threshold__gte=0),
            Q(approval_numerator__gt=0),
            Q(approval_denominator__gte=F("approval_numerator")),
            Q(quorum_mode__in=["for_abstain", "for", "turnout"]),
            Q(rule_version__isnull=False, rule_version=RULE_VERSION),
            Q(fingerprint__regex=f"^sha256:{SHA256}$"),
        ),
        name="proposals_opened_has_rule_ck",
    ),
    models.CheckConstraint(
        condition=Q(opened_at__isnull=False)
        | Q(fingerprint="", rule_version__isnull=True, total_power__isnull=True),
        name="proposals_unopened_ck",
    ),
    models.CheckConstraint(
        condition=Q(Q(status__in=["draft", "active"]), closed_at__isnull=True, outcome_reason="")
        | Q(
            ~Q(outcome_reason=""),
            ~Q(status__in=["draft", "active"]),
            closed_at__isnull=False,
        ),
        name="proposals_decided_has_reason_ck",
    ),
    models.CheckConstraint(
        condition=Q(status__in=["draft", "active"])
        | Q(
            ~Q(outcome_reason__in=WITHOUT_COUNT),
            opened_at__isnull=False,
            closed_at__gte=F("voting_end"),
        )
        | Q(status="rejected", outcome_reason=Reason.CANCELLED.value)
        | Q(
            status="rejected",
            outcome_reason=Reason.WITHDRAWN.value,
            opened_at__isnull=True,
            closed_at__lt=F("voting_start"),
        )
        | Q(
            status="expired",
            outcome_reason=Reason.NOT_OPENED.value,
            opened_at__isnull=True,
            closed_at__gte=F("voting_end"),
        ),
        name="proposals_decided_after_voting_ck",
    ),
    # counts and digest belong to what was counted, and to nothing else
    models.CheckConstraint(
        condition=Q(
            ~Q(outcome_reason__in=["", *WITHOUT_COUNT]),
            votes_digest__regex=f"^{SHA256}$",
        )
        | Q(
            outcome_reason__in=["", *WITHOUT_COUNT],
            total_votes=0,
            yes_power=0,
            no_power=0,
            abstain_power=0,
            votes_digest="",
        ),
        name="proposals_result_ck",
    ),
    models.CheckConstraint(
        condition=Q(Q(outcome_reason=Reason.CANCELLED.value), ~Q(outcome_note=""))
        | Q(~Q(outcome_reason=Reason.CANCELLED.value), outcome_note=""),
        name="proposals_note_ck",
    ),
    # what was decided elsewhere is never under way here
    models.CheckConstraint(
        condition=Q(source="portal") | ~Q(status="active"), name="proposals_foreign_ck"
    ),
    bounded_html("description_html", "description", "proposals_description_html_ck"),
    models.CheckConstraint(
        condition=Q(total_votes=F("yes_votes") + F("no_votes") + F("abstain_votes")),
        name="proposals_total_votes_ck",
    ),
    not_negative("yes_votes", "proposals_yes_votes_ck"),
    not_negative("no_votes", "proposals_no_votes_ck"),
    not_negative("abstain_votes", "proposals_abstain_votes_ck"),
    not_negative("yes_power", "proposals_yes_power_ck"),
    not_negative("no_power", "proposals_no_power_ck"),
    not_negative("abstain_power", "proposals_abstain_power_ck"),
    models.UniqueConstraint(
        fields=["source", "source_id"],
        condition=~Q(source_id=""),
        name="proposals_source_id_uniq",
    ),
)
