"""Names that can be taken for each other (accounts/skeletons.py, sql/0009_names*.sql)."""

from pathlib import Path

from django.db import migrations, models

import accounts.names
from ..skeletons import shapes

SQL = Path(__file__).parents[1] / "sql"
FORGET_GUARD = """
DROP TRIGGER users_names_on_insert ON users;
DROP TRIGGER users_names_on_update ON users;
"""
FORGET_NAMES = """
DROP FUNCTION users_judge_names();
DROP FUNCTION skeleton(text);
DROP FUNCTION plain_skeleton(text);
DROP TABLE look_alikes;
"""


def fill_look_alikes(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        with cursor.copy("COPY look_alikes (letter, shape) FROM STDIN") as copy:
            for row in shapes().items():
                copy.write_row(row)
        cursor.execute("ANALYZE look_alikes")


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0008_bounded_html"),
    ]

    operations = [
        migrations.AlterField(
            model_name="user",
            name="username",
            field=models.CharField(
                max_length=64,
                unique=True,
                validators=[accounts.names.validate_username],
                verbose_name="username",
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="username_skeleton",
            field=models.TextField(db_default="", editable=False),
        ),
        migrations.AddField(
            model_name="user",
            name="name_skeleton",
            field=models.TextField(db_default="", editable=False),
        ),
        migrations.RunSQL((SQL / "0009_names.sql").read_text(), FORGET_NAMES),
        migrations.RunPython(fill_look_alikes, migrations.RunPython.noop),
        migrations.RunSQL(
            (SQL / "0009_names_of_members.sql").read_text(), migrations.RunSQL.noop
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.UniqueConstraint(
                fields=["username_skeleton"], name="users_username_skeleton_uniq"
            ),
        ),
        migrations.RunSQL((SQL / "0009_names_guard.sql").read_text(), FORGET_GUARD),
    ]
