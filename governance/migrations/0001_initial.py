"""Proposals, counted power, votes and their tally, with the guards over all of them."""

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import migrations, models
from django.db.models.functions import Length, Now
from django.db.models.lookups import LessThanOrEqual

from dao_portal.core.db.base import AmountField, UUIDv7
from dao_portal.core.db.hashes import CreatePartitionedModel
from dao_portal.core.db.sql import LoadSQL

from ..models.proposals import NextProposalNumber, OnlyWords
from ..proposal_types import type_choices

ID = (
    "id",
    models.UUIDField(db_default=UUIDv7(), editable=False, primary_key=True, serialize=False),
)
CREATED = (
    "created_at",
    models.DateTimeField(db_default=Now(), editable=False, verbose_name="created"),
)
UPDATED = (
    "updated_at",
    models.DateTimeField(auto_now=True, db_default=Now(), verbose_name="updated"),
)
DECIDED_WITHOUT_COUNT = ["cancelled", "withdrawn", "not_opened"]


class Migration(migrations.Migration):
    initial = True
    # What this one stands for, with the first of them, which had its name (docs/operations.md).
    replaces = [
        ("governance", "0002_votes"),
        ("governance", "0003_tally_inserts"),
        ("governance", "0004_admin_filters"),
        ("governance", "0005_counted_parts"),
        ("governance", "0006_keys_from_the_database"),
        ("governance", "0007_bounded_html"),
        ("governance", "0008_guards_to_the_end"),
        ("governance", "0009_search"),
    ]
    dependencies = [
        ("treasury", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        LoadSQL("proposal_numbers", once=True),
        LoadSQL("proposal_words"),
        migrations.CreateModel(
            name="Proposal",
            fields=[
                ID,
                CREATED,
                UPDATED,
                (
                    "number",
                    models.BigIntegerField(
                        db_default=NextProposalNumber(),
                        editable=False,
                        unique=True,
                        verbose_name="number",
                    ),
                ),
                ("title", models.CharField(max_length=200, verbose_name="title")),
                ("description", models.TextField(blank=True, verbose_name="text")),
                ("description_html", models.TextField(blank=True, db_default="", editable=False)),
                (
                    "type",
                    models.CharField(
                        choices=type_choices,
                        db_default="text",
                        default="text",
                        max_length=32,
                        verbose_name="type",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("active", "Active"),
                            ("passed", "Passed"),
                            ("rejected", "Rejected"),
                            ("expired", "Expired"),
                        ],
                        db_default="draft",
                        default="draft",
                        max_length=16,
                        verbose_name="status",
                    ),
                ),
                (
                    "metadata",
                    models.JSONField(
                        blank=True,
                        db_default=models.Value({}, models.JSONField()),
                        default=dict,
                        verbose_name="metadata",
                    ),
                ),
                (
                    "voting_start",
                    models.DateTimeField(blank=True, null=True, verbose_name="voting opens"),
                ),
                (
                    "voting_end",
                    models.DateTimeField(blank=True, null=True, verbose_name="voting closes"),
                ),
                (
                    "published_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="published"),
                ),
                (
                    "quorum_mode",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("for_abstain", "For and Abstain count"),
                            ("for", "For counts"),
                            ("turnout", "Every vote counts"),
                        ],
                        db_default="",
                        max_length=16,
                        verbose_name="what counts toward the quorum",
                    ),
                ),
                ("quorum_threshold", AmountField(blank=True, null=True, verbose_name="quorum")),
                ("approval_numerator", models.BigIntegerField(blank=True, null=True)),
                ("approval_denominator", models.BigIntegerField(blank=True, null=True)),
                (
                    "approval_threshold",
                    models.DecimalField(
                        blank=True,
                        decimal_places=18,
                        max_digits=19,
                        null=True,
                        verbose_name="approval",
                    ),
                ),
                ("total_power", AmountField(blank=True, null=True, verbose_name="total power")),
                (
                    "rule_version",
                    models.PositiveSmallIntegerField(
                        blank=True, null=True, verbose_name="rule version"
                    ),
                ),
                (
                    "fingerprint",
                    models.CharField(
                        blank=True, db_default="", max_length=71, verbose_name="fingerprint"
                    ),
                ),
                ("opened_at", models.DateTimeField(blank=True, null=True, verbose_name="opened")),
                ("closed_at", models.DateTimeField(blank=True, null=True, verbose_name="closed")),
                (
                    "outcome_reason",
                    models.CharField(blank=True, db_default="", max_length=32, verbose_name="why"),
                ),
                (
                    "outcome_note",
                    models.TextField(blank=True, db_default="", verbose_name="public reason"),
                ),
                ("total_votes", models.IntegerField(db_default=0, default=0, verbose_name="votes")),
                (
                    "yes_votes",
                    models.IntegerField(db_default=0, default=0, verbose_name="votes For"),
                ),
                (
                    "no_votes",
                    models.IntegerField(db_default=0, default=0, verbose_name="votes Against"),
                ),
                (
                    "abstain_votes",
                    models.IntegerField(db_default=0, default=0, verbose_name="votes Abstain"),
                ),
                ("yes_power", AmountField(db_default=0, default=0, verbose_name="power For")),
                ("no_power", AmountField(db_default=0, default=0, verbose_name="power Against")),
                (
                    "abstain_power",
                    AmountField(db_default=0, default=0, verbose_name="power Abstain"),
                ),
                (
                    "votes_digest",
                    models.CharField(
                        blank=True, db_default="", max_length=64, verbose_name="votes digest"
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("portal", "This portal"),
                            ("snapshot", "Snapshot"),
                            ("demo", "Demo history"),
                        ],
                        db_default="portal",
                        default="portal",
                        max_length=16,
                        verbose_name="source",
                    ),
                ),
                (
                    "source_id",
                    models.CharField(
                        blank=True, db_default="", max_length=128, verbose_name="id at the source"
                    ),
                ),
                (
                    "search",
                    models.GeneratedField(
                        db_persist=True,
                        expression=SearchVector(OnlyWords("title"), config="english", weight="A")
                        + SearchVector(OnlyWords("description"), config="english", weight="B"),
                        output_field=SearchVectorField(),
                    ),
                ),
                (
                    "proposer",
                    models.ForeignKey(
                        on_delete=models.RESTRICT,
                        related_name="proposals",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="author",
                    ),
                ),
                (
                    "token",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=models.RESTRICT,
                        related_name="proposals",
                        to="treasury.token",
                        verbose_name="token",
                    ),
                ),
            ],
            options={
                "verbose_name": "proposal",
                "verbose_name_plural": "proposals",
                "db_table": "proposals",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            status__in=["draft", "active", "passed", "rejected", "expired"]
                        ),
                        name="proposals_status_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(source__in=["portal", "snapshot", "demo"]),
                        name="proposals_source_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(voting_end__gt=models.F("voting_start")),
                        name="proposals_window_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(status="draft")
                        | models.Q(
                            published_at__isnull=False,
                            voting_end__isnull=False,
                            voting_start__isnull=False,
                        ),
                        name="proposals_published_has_window_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(opened_at__isnull=True)
                        | models.Q(
                            models.Q(
                                approval_threshold__isnull=False, quorum_threshold__isnull=False
                            ),
                            models.Q(
                                approval_denominator__isnull=False, approval_numerator__isnull=False
                            ),
                            models.Q(quorum_threshold__gte=0),
                            models.Q(approval_numerator__gt=0),
                            models.Q(approval_denominator__gte=models.F("approval_numerator")),
                            models.Q(quorum_mode__in=["for_abstain", "for", "turnout"]),
                            models.Q(rule_version=1, rule_version__isnull=False),
                            models.Q(fingerprint__regex="^sha256:[0-9a-f]{64}$"),
                        ),
                        name="proposals_opened_has_rule_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(opened_at__isnull=False)
                        | models.Q(
                            fingerprint="", rule_version__isnull=True, total_power__isnull=True
                        ),
                        name="proposals_unopened_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(status__in=["draft", "active"]),
                            ("closed_at__isnull", True),
                            ("outcome_reason", ""),
                        )
                        | (
                            ~models.Q(outcome_reason="")
                            & ~models.Q(status__in=["draft", "active"])
                            & models.Q(closed_at__isnull=False)
                        ),
                        name="proposals_decided_has_reason_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(status__in=["draft", "active"])
                        | (
                            ~models.Q(outcome_reason__in=DECIDED_WITHOUT_COUNT)
                            & models.Q(
                                closed_at__gte=models.F("voting_end"), opened_at__isnull=False
                            )
                        )
                        | models.Q(outcome_reason="cancelled", status="rejected")
                        | models.Q(
                            closed_at__lt=models.F("voting_start"),
                            opened_at__isnull=True,
                            outcome_reason="withdrawn",
                            status="rejected",
                        )
                        | models.Q(
                            closed_at__gte=models.F("voting_end"),
                            opened_at__isnull=True,
                            outcome_reason="not_opened",
                            status="expired",
                        ),
                        name="proposals_decided_after_voting_ck",
                    ),
                    models.CheckConstraint(
                        condition=(
                            ~models.Q(outcome_reason__in=["", *DECIDED_WITHOUT_COUNT])
                            & models.Q(votes_digest__regex="^[0-9a-f]{64}$")
                        )
                        | models.Q(
                            abstain_power=0,
                            no_power=0,
                            outcome_reason__in=["", *DECIDED_WITHOUT_COUNT],
                            total_votes=0,
                            votes_digest="",
                            yes_power=0,
                        ),
                        name="proposals_result_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(outcome_reason="cancelled"), ~models.Q(outcome_note="")
                        )
                        | (~models.Q(outcome_reason="cancelled") & models.Q(outcome_note="")),
                        name="proposals_note_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(source="portal") | ~models.Q(status="active"),
                        name="proposals_foreign_ck",
                    ),
                    models.CheckConstraint(
                        condition=LessThanOrEqual(
                            Length("description_html"), Length("description") * 20 + 2000
                        ),
                        name="proposals_description_html_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            total_votes=models.F("yes_votes")
                            + models.F("no_votes")
                            + models.F("abstain_votes")
                        ),
                        name="proposals_total_votes_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(yes_votes__gte=0), name="proposals_yes_votes_ck"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(no_votes__gte=0), name="proposals_no_votes_ck"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(abstain_votes__gte=0), name="proposals_abstain_votes_ck"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(yes_power__gte=0), name="proposals_yes_power_ck"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(no_power__gte=0), name="proposals_no_power_ck"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(abstain_power__gte=0), name="proposals_abstain_power_ck"
                    ),
                    models.UniqueConstraint(
                        condition=~models.Q(source_id=""),
                        fields=("source", "source_id"),
                        name="proposals_source_id_uniq",
                    ),
                ],
                "indexes": [
                    models.Index(fields=["voting_start"], name="proposals_voting_start_ix"),
                    models.Index(fields=["voting_end"], name="proposals_voting_end_ix"),
                    models.Index(fields=["created_at"], name="proposals_created_ix"),
                    models.Index(fields=["status", "-id"], name="proposals_status_newest_ix"),
                    models.Index(
                        condition=~models.Q(outcome_reason=""),
                        fields=["outcome_reason", "-id"],
                        include=("status",),
                        name="proposals_reason_ix",
                    ),
                    models.Index(
                        condition=~models.Q(status="draft"),
                        fields=["-published_at"],
                        name="proposals_newest_ix",
                    ),
                    models.Index(
                        condition=models.Q(opened_at__isnull=True, status="active"),
                        fields=["voting_start"],
                        name="proposals_due_to_open_ix",
                    ),
                    models.Index(
                        condition=models.Q(status="active"),
                        fields=["voting_end"],
                        name="proposals_due_to_close_ix",
                    ),
                    GinIndex(fields=["search"], name="proposals_search_ix"),
                    GinIndex(
                        fields=["metadata"],
                        name="proposals_metadata_ix",
                        opclasses=["jsonb_path_ops"],
                    ),
                ],
            },
        ),
        CreatePartitionedModel(
            name="PowerSnapshot",
            partition_by="proposal",
            fields=[
                ID,
                CREATED,
                UPDATED,
                ("own", AmountField(db_default=0, default=0, verbose_name="held")),
                ("staked", AmountField(db_default=0, default=0, verbose_name="staked")),
                (
                    "delegated",
                    AmountField(db_default=0, default=0, verbose_name="delegated to you"),
                ),
                ("power", AmountField(verbose_name="power")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=models.RESTRICT,
                        related_name="snapshots",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "proposal",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=models.RESTRICT,
                        related_name="snapshots",
                        to="governance.proposal",
                    ),
                ),
            ],
            options={
                "verbose_name": "counted power",
                "verbose_name_plural": "counted power",
                "db_table": "power_snapshots",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("proposal", "user"), name="power_snapshots_proposal_user_uniq"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(own__gte=0), name="power_snapshots_own_ck"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(staked__gte=0), name="power_snapshots_staked_ck"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(delegated__gte=0), name="power_snapshots_delegated_ck"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(power__gte=0), name="power_snapshots_power_ck"
                    ),
                ],
                "indexes": [
                    models.Index(fields=["created_at"], name="power_snapshots_created_ix"),
                ],
            },
        ),
        migrations.CreateModel(
            name="TallySlot",
            fields=[
                ID,
                CREATED,
                UPDATED,
                ("slot", models.PositiveSmallIntegerField()),
                ("version", models.BigIntegerField(db_default=0)),
                ("yes_votes", models.BigIntegerField(db_default=0)),
                ("no_votes", models.BigIntegerField(db_default=0)),
                ("abstain_votes", models.BigIntegerField(db_default=0)),
                ("yes_power", AmountField(db_default=0)),
                ("no_power", AmountField(db_default=0)),
                ("abstain_power", AmountField(db_default=0)),
                (
                    "proposal",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=models.RESTRICT,
                        related_name="tally_slots",
                        to="governance.proposal",
                    ),
                ),
            ],
            options={
                "verbose_name": "tally slot",
                "verbose_name_plural": "tally slots",
                "db_table": "tally_slots",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("proposal", "slot"), name="tally_slots_proposal_slot_uniq"
                    ),
                ],
                "indexes": [
                    models.Index(fields=["created_at"], name="tally_slots_created_ix"),
                ],
            },
        ),
        CreatePartitionedModel(
            name="Vote",
            partition_by="proposal",
            fields=[
                ID,
                CREATED,
                UPDATED,
                (
                    "vote_type",
                    models.CharField(
                        choices=[("yes", "For"), ("no", "Against"), ("abstain", "Abstain")],
                        max_length=7,
                        verbose_name="choice",
                    ),
                ),
                ("voting_power", AmountField(verbose_name="power")),
                (
                    "reason",
                    models.TextField(blank=True, db_default="", default="", verbose_name="reason"),
                ),
                ("reason_sha256", models.CharField(editable=False, max_length=64)),
                ("cast_at", models.DateTimeField(db_default=Now(), verbose_name="cast")),
                (
                    "proposal",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=models.RESTRICT,
                        related_name="votes",
                        to="governance.proposal",
                    ),
                ),
                (
                    "voter",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=models.RESTRICT,
                        related_name="votes",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "vote",
                "verbose_name_plural": "votes",
                "db_table": "votes",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("proposal", "voter"), name="votes_proposal_voter_uniq"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(vote_type__in=["yes", "no", "abstain"]),
                        name="votes_vote_type_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(voting_power__gte=0), name="votes_voting_power_ck"
                    ),
                ],
                "indexes": [
                    models.Index(fields=["proposal", "-voting_power"], name="votes_power_ix"),
                    models.Index(fields=["voter", "-created_at"], name="votes_voter_ix"),
                    models.Index(fields=["created_at"], name="votes_created_ix"),
                ],
            },
        ),
        migrations.AddField(
            model_name="proposal",
            name="voters",
            field=models.ManyToManyField(
                related_name="voted_proposals",
                through="governance.Vote",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        LoadSQL("proposal_lock_key"),
        LoadSQL("proposal_outcome"),
        LoadSQL("vote_receipt"),
        LoadSQL("refuse"),
        LoadSQL("proposals_guard"),
        LoadSQL("proposals_turn"),
        LoadSQL("snapshots_guard"),
        LoadSQL("votes_guard"),
        LoadSQL("tally"),
        LoadSQL("no_truncate"),
        LoadSQL("constraints", once=True),
    ]
