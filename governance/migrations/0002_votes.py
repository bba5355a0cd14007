"""The rules about votes that the database itself holds (sql/0002_votes.sql).

A migration of its own: the tables' unique constraints exist only at the end of the first.
"""

from pathlib import Path

from django.db import migrations

SQL = (Path(__file__).parents[1] / "sql" / "0002_votes.sql").read_text()


class Migration(migrations.Migration):
    dependencies = [("governance", "0001_initial")]

    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
