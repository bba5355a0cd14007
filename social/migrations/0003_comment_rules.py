"""The rules of a discussion that the database itself holds (sql/0003_comments.sql)."""

from pathlib import Path

from django.db import migrations

SQL = (Path(__file__).parents[1] / "sql" / "0003_comments.sql").read_text()


class Migration(migrations.Migration):
    dependencies = [("social", "0002_comments")]

    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
