"""The types of proposals stand in governance/proposal_types.py. To the table nothing changes."""

from django.db import migrations, models

import governance.proposal_types


class Migration(migrations.Migration):
    dependencies = [("governance", "0009_search")]

    operations = [
        migrations.AlterField(
            model_name="proposal",
            name="type",
            field=models.CharField(
                choices=governance.proposal_types.type_choices,
                db_default="text",
                default="text",
                max_length=32,
                verbose_name="type",
            ),
        ),
    ]
