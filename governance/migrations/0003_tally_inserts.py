"""New votes are tallied once a statement (sql/0003_tally_inserts.sql): large imports take seconds."""

from pathlib import Path

from django.db import migrations

SQL = (Path(__file__).parents[1] / "sql" / "0003_tally_inserts.sql").read_text()


class Migration(migrations.Migration):
    dependencies = [("governance", "0002_votes")]

    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
