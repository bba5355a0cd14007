"""The admin's filter of removed comments, newest first."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('governance', '0004_admin_filters'),
        ('social', '0004_delete_rules'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name='comment',
            index=models.Index(condition=models.Q(('is_deleted', True)), fields=['-id'], name='comments_removed_ix'),
        ),
    ]
