"""The database makes every key: none of a web machine's clock. To the tables nothing changes."""

import dao_portal.core.db.base
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("social", "0005_admin_filters"),
    ]

    operations = [
        migrations.AlterField(
            model_name="comment",
            name="id",
            field=models.UUIDField(
                db_default=dao_portal.core.db.base.UUIDv7(),
                editable=False,
                primary_key=True,
                serialize=False,
            ),
        ),
        migrations.AlterField(
            model_name="commentreaction",
            name="id",
            field=models.UUIDField(
                db_default=dao_portal.core.db.base.UUIDv7(),
                editable=False,
                primary_key=True,
                serialize=False,
            ),
        ),
        migrations.AlterField(
            model_name="notification",
            name="id",
            field=models.UUIDField(
                db_default=dao_portal.core.db.base.UUIDv7(),
                editable=False,
                primary_key=True,
                serialize=False,
            ),
        ),
    ]
