"""Sign-in, sign-up and members' pages look for a username with iexact, which asks for UPPER().

Without this index each of them reads the whole table.
"""

from django.db import migrations, models
from django.db.models.functions import Upper


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0005_admin_filters"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="user",
            index=models.Index(Upper("username"), name="users_username_upper_ix"),
        ),
    ]
