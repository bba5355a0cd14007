"""The database makes every key: none of a web machine's clock. To the tables nothing changes."""

import dao_portal.core.db.base
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("treasury", "0006_movements_of_treasury"),
    ]

    operations = [
        migrations.AlterField(
            model_name="token",
            name="id",
            field=models.UUIDField(
                db_default=dao_portal.core.db.base.UUIDv7(),
                editable=False,
                primary_key=True,
                serialize=False,
            ),
        ),
        migrations.AlterField(
            model_name="transaction",
            name="id",
            field=models.UUIDField(
                db_default=dao_portal.core.db.base.UUIDv7(),
                editable=False,
                primary_key=True,
                serialize=False,
            ),
        ),
        migrations.AlterField(
            model_name="transactionhash",
            name="id",
            field=models.UUIDField(
                db_default=dao_portal.core.db.base.UUIDv7(),
                editable=False,
                primary_key=True,
                serialize=False,
            ),
        ),
        migrations.AlterField(
            model_name="usertoken",
            name="id",
            field=models.UUIDField(
                db_default=dao_portal.core.db.base.UUIDv7(),
                editable=False,
                primary_key=True,
                serialize=False,
            ),
        ),
        migrations.AlterField(
            model_name="waitingholding",
            name="id",
            field=models.UUIDField(
                db_default=dao_portal.core.db.base.UUIDv7(),
                editable=False,
                primary_key=True,
                serialize=False,
            ),
        ),
    ]
