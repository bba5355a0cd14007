"""The admin's filters of members and wallets, newest first.

Without these, a filter with few answers reads the whole table, twice a page.
"""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_pictures_and_directory'),
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='user',
            index=models.Index(fields=['is_active', '-id'], name='users_active_ix'),
        ),
        migrations.AddIndex(
            model_name='user',
            index=models.Index(fields=['email_verified', '-id'], name='users_verified_ix'),
        ),
        migrations.AddIndex(
            model_name='wallet',
            index=models.Index(fields=['is_verified', '-id'], name='wallets_verified_ix'),
        ),
    ]
