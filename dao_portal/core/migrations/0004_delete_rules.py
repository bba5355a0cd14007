"""Delete rules held by the database itself (sql/0004_delete_rules.sql)."""

from pathlib import Path

from django.db import migrations

SQL = (Path(__file__).parents[1] / "sql" / "0004_delete_rules.sql").read_text()


class Migration(migrations.Migration):
    dependencies = [("core", "0003_forms_brakes_and_keys")]

    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
