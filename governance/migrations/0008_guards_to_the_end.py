"""The guards to the end: checks of a proposal's life, and what no check can say (sql/0008_guards.sql)."""

from pathlib import Path

from django.db import migrations, models

SQL = (Path(__file__).parents[1] / "sql" / "0008_guards.sql").read_text()


class Migration(migrations.Migration):

    dependencies = [
        ('governance', '0007_bounded_html'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='proposal',
            name='proposals_opened_has_rule_ck',
        ),
        migrations.RemoveConstraint(
            model_name='proposal',
            name='proposals_decided_has_reason_ck',
        ),
        migrations.RemoveConstraint(
            model_name='proposal',
            name='proposals_decided_after_voting_ck',
        ),
        migrations.AddConstraint(
            model_name='proposal',
            constraint=models.CheckConstraint(condition=models.Q(('opened_at__isnull', True), models.Q(models.Q(('approval_threshold__isnull', False), ('quorum_threshold__isnull', False)), models.Q(('approval_denominator__isnull', False), ('approval_numerator__isnull', False)), models.Q(('quorum_threshold__gte', 0)), models.Q(('approval_numerator__gt', 0)), models.Q(('approval_denominator__gte', models.F('approval_numerator'))), models.Q(('quorum_mode__in', ['for_abstain', 'for', 'turnout'])), models.Q(('rule_version', 1), ('rule_version__isnull', False)), models.Q(('fingerprint__regex', '^sha256:[0-9a-f]{64}$'))), _connector='OR'), name='proposals_opened_has_rule_ck'),
        ),
        migrations.AddConstraint(
            model_name='proposal',
            constraint=models.CheckConstraint(condition=models.Q(('opened_at__isnull', False), models.Q(('fingerprint', ''), ('rule_version__isnull', True), ('total_power__isnull', True)), _connector='OR'), name='proposals_unopened_ck'),
        ),
        migrations.AddConstraint(
            model_name='proposal',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(models.Q(('status__in', ['draft', 'active'])), ('closed_at__isnull', True), ('outcome_reason', '')), models.Q(models.Q(('outcome_reason', ''), _negated=True), models.Q(('status__in', ['draft', 'active']), _negated=True), ('closed_at__isnull', False)), _connector='OR'), name='proposals_decided_has_reason_ck'),
        ),
        migrations.AddConstraint(
            model_name='proposal',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['draft', 'active']), models.Q(models.Q(('outcome_reason__in', ['cancelled', 'withdrawn', 'not_opened']), _negated=True), ('closed_at__gte', models.F('voting_end')), ('opened_at__isnull', False)), models.Q(('outcome_reason', 'cancelled'), ('status', 'rejected')), models.Q(('closed_at__lt', models.F('voting_start')), ('opened_at__isnull', True), ('outcome_reason', 'withdrawn'), ('status', 'rejected')), models.Q(('closed_at__gte', models.F('voting_end')), ('opened_at__isnull', True), ('outcome_reason', 'not_opened'), ('status', 'expired')), _connector='OR'), name='proposals_decided_after_voting_ck'),
        ),
        migrations.AddConstraint(
            model_name='proposal',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(models.Q(('outcome_reason__in', ['', 'cancelled', 'withdrawn', 'not_opened']), _negated=True), ('votes_digest__regex', '^[0-9a-f]{64}$')), models.Q(('abstain_power', 0), ('no_power', 0), ('outcome_reason__in', ['', 'cancelled', 'withdrawn', 'not_opened']), ('total_votes', 0), ('votes_digest', ''), ('yes_power', 0)), _connector='OR'), name='proposals_result_ck'),
        ),
        migrations.AddConstraint(
            model_name='proposal',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(models.Q(('outcome_reason', 'cancelled')), models.Q(('outcome_note', ''), _negated=True)), models.Q(models.Q(('outcome_reason', 'cancelled'), _negated=True), ('outcome_note', '')), _connector='OR'), name='proposals_note_ck'),
        ),
        migrations.AddConstraint(
            model_name='proposal',
            constraint=models.CheckConstraint(condition=models.Q(('source', 'portal'), models.Q(('status', 'active'), _negated=True), _connector='OR'), name='proposals_foreign_ck'),
        ),
        migrations.RunSQL(SQL, migrations.RunSQL.noop),
    ]
