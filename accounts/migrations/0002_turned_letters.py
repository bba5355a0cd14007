"""Letters upside down look like the upright ones (accounts/skeletons.py): the table anew."""

from importlib import import_module

from django.db import migrations

from dao_portal.core.db.sql import LoadSQL

fill_look_alikes = import_module("accounts.migrations.0001_initial").fill_look_alikes


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.RunSQL("DELETE FROM look_alikes"),
        migrations.RunPython(fill_look_alikes),
        LoadSQL("turned_letters", once=True),
    ]
