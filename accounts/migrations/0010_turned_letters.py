"""Letters upside down look like the upright ones (accounts/skeletons.py): the table anew."""

from importlib import import_module
from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parents[1] / "sql"
fill_look_alikes = import_module("accounts.migrations.0009_names").fill_look_alikes


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0009_names"),
    ]

    operations = [
        migrations.RunSQL("DELETE FROM look_alikes", migrations.RunSQL.noop),
        migrations.RunPython(fill_look_alikes, migrations.RunPython.noop),
        migrations.RunSQL((SQL / "0010_turned_letters.sql").read_text(), migrations.RunSQL.noop),
    ]
