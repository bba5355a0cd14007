"""Delete rules held by the database itself, an index that the schema names, a root's own root."""

from pathlib import Path

from django.db import migrations, models

SQL = (Path(__file__).parents[1] / "sql" / "0004_delete_rules.sql").read_text()


class Migration(migrations.Migration):
    dependencies = [("social", "0003_comment_rules")]

    operations = [
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(fields=["is_read", "-id"], name="notifications_read_ix"),
        ),
        migrations.AddConstraint(
            model_name="comment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("parent__isnull", False), ("root_id", models.F("id")), _connector="OR"
                ),
                name="comments_root_ck",
            ),
        ),
        migrations.RunSQL(SQL, migrations.RunSQL.noop),
    ]
