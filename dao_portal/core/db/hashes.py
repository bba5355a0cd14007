"""Partitioned tables under ordinary models: the migration of all, the model of the hashed ones.

The model keeps ``id`` as its single Django primary key. Hash-partitioned tables get
PRIMARY KEY (id, <key>) in the database; the upkeep of the monthly ones is in months.py. What was
tried and refused: docs/adr/0003-partitions.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.models import CreateModel
from django.db.migrations.state import ProjectState


class CreatePartitionedModel(CreateModel):
    """``CreateModel`` whose table is ``PARTITION BY RANGE (id)`` or ``PARTITION BY HASH (key)``.

    ``partition_by`` names the field. "id" means one partition a month, made by ``ensure_months``;
    any other field means ``HASH_PARTITIONS`` of them, made here. The model state is that of a
    plain CreateModel: ``makemigrations --check`` stays clean.
    """

    def __init__(self, *args: Any, partition_by: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.partition_by = partition_by

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        name, args, kwargs = super().deconstruct()
        return name, args, {**kwargs, "partition_by": self.partition_by}

    def reduce(self, operation: Any, app_label: str) -> bool | list[Any]:
        return False  # a squash must never merge it into a plain CreateModel

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        model = to_state.apps.get_model(app_label, self.name)
        if not self.allow_migrate_model(schema_editor.connection.alias, model):
            return
        create_partitioned_table(schema_editor, model, self.partition_by)


HASH_PARTITIONS = 16


def create_partitioned_table(
    editor: BaseDatabaseSchemaEditor, model: type[models.Model], partition_by: str
) -> None:
    """CREATE TABLE ... PARTITION BY, with the primary key that PostgreSQL asks for."""
    meta, quote = model._meta, editor.quote_name
    pk, field = meta.pk, meta.get_field(partition_by)
    assert isinstance(field, models.Field)
    monthly, key = field.primary_key, field.attname
    primary_key = ", ".join(quote(column) for column in dict.fromkeys([pk.attname, key]))
    plain_sql = editor.sql_create_table
    editor.sql_create_table = (
        f"CREATE TABLE %(table)s (%(definition)s, PRIMARY KEY ({primary_key}))"
        f" PARTITION BY {'RANGE' if monthly else 'HASH'} ({quote(key)})"
    )
    pk.primary_key = False  # or Django writes PRIMARY KEY behind the column as well
    try:
        editor.create_model(model)
    finally:
        editor.sql_create_table, pk.primary_key = plain_sql, True
    if not monthly:
        for number in range(HASH_PARTITIONS):
            editor.execute(
                f"CREATE TABLE {quote(f'{meta.db_table}_{number:02d}')}"
                f" PARTITION OF {quote(meta.db_table)}"
                f" FOR VALUES WITH (MODULUS {HASH_PARTITIONS}, REMAINDER {number})"
            )


class HashPartitionedModel(models.Model):
    """Adds the partition key to ``UPDATE ... WHERE id =``: save() touches one partition, not 16."""

    partition_key: str

    class Meta:
        abstract = True

    def _do_update(self, base_qs: Any, *args: Any) -> Any:
        key = {self.partition_key: getattr(self, self.partition_key)}
        return super()._do_update(base_qs.filter(**key), *args)
