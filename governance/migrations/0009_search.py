"""Searching a text reads its words, not the marks between them (sql/0009_search.sql)."""

from pathlib import Path

from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import migrations, models

from ..models.proposals import OnlyWords

SQL = (Path(__file__).parents[1] / "sql" / "0009_search.sql").read_text()


class Migration(migrations.Migration):
    dependencies = [("governance", "0008_guards_to_the_end")]

    operations = [
        migrations.RunSQL(
            SQL,
            migrations.RunSQL.noop,
            state_operations=[
                migrations.AlterField(
                    model_name="proposal",
                    name="search",
                    field=models.GeneratedField(
                        expression=SearchVector(OnlyWords("title"), weight="A", config="english")
                        + SearchVector(OnlyWords("description"), weight="B", config="english"),
                        output_field=SearchVectorField(),
                        db_persist=True,
                    ),
                )
            ],
        )
    ]
