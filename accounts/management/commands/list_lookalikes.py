"""``manage.py list_lookalikes``: whose name can be taken for somebody else's."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ...selectors import names


class Command(BaseCommand):
    help = (
        "Lists members whose name looks like somebody else's, or is none that could be chosen "
        "today: they were here before the rule, or before the other one got a role. Nothing is "
        "changed. Exit code 1 when there is one. Example: manage.py list_lookalikes --json"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--json", action="store_true", help='[{"username", "shown", "kind", "problem"}, ...]'
        )

    def handle(self, *args: Any, **options: Any) -> None:
        found = list(names.look_alikes())
        if options["json"]:
            self.stdout.write(json.dumps([asdict(each) for each in found], indent=2))
        for each in () if options["json"] else found:
            shown = f" ({each.shown})" if each.shown else ""
            self.stdout.write(f"@{each.username}{shown}: {each.problem}")
        kinds = {each.kind for each in found}
        if "username" in kinds:
            self.stderr.write(
                "A username: manage.py rename_member OLD NEW gives another one; tell the member, "
                "who signs in with it from then on."
            )
        if "name" in kinds:
            self.stderr.write("A display name: the member changes it at /account/; ask them.")
        if found:
            sys.exit(1)
        if not options["json"]:
            self.stdout.write("No two names can be taken for each other.")
