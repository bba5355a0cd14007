"""Holdings that SQL writes get their time from the database, like every other timestamp."""

import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("treasury", "0002_transactions")]

    operations = [
        migrations.AlterField(
            model_name="usertoken",
            name="last_updated",
            field=models.DateTimeField(
                auto_now=True,
                db_default=django.db.models.functions.datetime.Now(),
                verbose_name="last movement",
            ),
        ),
    ]
