"""The admin's filters of proposals, newest first.

The index of the status gets the key behind it, so that it gives the order as well: whatever the
old one answered, the new one does.
"""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0005_admin_filters'),
        ('governance', '0003_tally_inserts'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='proposal',
            name='proposals_status_ix',
        ),
        migrations.AddIndex(
            model_name='proposal',
            index=models.Index(fields=['status', '-id'], name='proposals_status_newest_ix'),
        ),
        migrations.AddIndex(
            model_name='proposal',
            index=models.Index(condition=models.Q(('outcome_reason', ''), _negated=True), fields=['outcome_reason', '-id'], include=('status',), name='proposals_reason_ix'),
        ),
    ]
