"""``manage.py check_schema``: does the database have everything that the schema promises?"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from ...db.guard_check import guard_problems
from ...db.schema_check import schema_problems
from ...db.schema_contract import CONTRACT


class Command(BaseCommand):
    help = (
        "Holds the live database against the schema that the portal promises (docs/schema.md): "
        "tables, columns and their types, keys, checks, indexes and partitions, and its functions "
        "and triggers against their files. Names each thing that is missing or wrong, and exits "
        "with 1 if there is one. It changes nothing: the files are loaded beside the tables by a "
        "transaction that is rolled back. "
        "Example: manage.py check_schema --json"
    )
    requires_system_checks = ()  # the question is about the database, whatever the code is like

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--json", action="store_true", help='{"ok": false, "problems": [{"table", ...}]}'
        )

    def handle(self, *args: Any, **options: Any) -> None:
        problems = schema_problems()
        try:
            problems += guard_problems()
        except DatabaseError as error:
            raise CommandError(
                f"Functions and triggers cannot be compared: {str(error).strip()}. Run this as the"
                " role that owns the tables and may CREATE in the database; nothing stays of it."
            ) from error
        if options["json"]:
            found = [asdict(problem) for problem in problems]
            self.stdout.write(json.dumps({"ok": not problems, "problems": found}, indent=2))
        elif problems:
            self.stdout.write("\n".join(map(str, problems)))
            self.stderr.write(f"Differences from the schema: {len(problems)}. See docs/schema.md.")
        else:
            columns = sum(len(table.columns) for table in CONTRACT.values())
            self.stdout.write(f"All {len(CONTRACT)} tables with {columns} columns are as promised.")
        if problems:
            sys.exit(1)
