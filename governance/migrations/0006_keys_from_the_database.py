"""The database makes every key: none of a web machine's clock. To the tables nothing changes."""

import dao_portal.core.db.base
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("governance", "0005_counted_parts"),
    ]

    operations = [
        migrations.AlterField(
            model_name="powersnapshot",
            name="id",
            field=models.UUIDField(
                db_default=dao_portal.core.db.base.UUIDv7(),
                editable=False,
                primary_key=True,
                serialize=False,
            ),
        ),
        migrations.AlterField(
            model_name="proposal",
            name="id",
            field=models.UUIDField(
                db_default=dao_portal.core.db.base.UUIDv7(),
                editable=False,
                primary_key=True,
                serialize=False,
            ),
        ),
        migrations.AlterField(
            model_name="tallyslot",
            name="id",
            field=models.UUIDField(
                db_default=dao_portal.core.db.base.UUIDv7(),
                editable=False,
                primary_key=True,
                serialize=False,
            ),
        ),
        migrations.AlterField(
            model_name="vote",
            name="id",
            field=models.UUIDField(
                db_default=dao_portal.core.db.base.UUIDv7(),
                editable=False,
                primary_key=True,
                serialize=False,
            ),
        ),
    ]
