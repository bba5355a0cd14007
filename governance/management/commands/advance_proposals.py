"""``manage.py advance_proposals``: what the clock does every 15 seconds, now and by hand."""

import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ...services import advancing


class Command(BaseCommand):
    help = (
        "Opens and closes every proposal that is due, and writes down which could not be opened "
        "before their end. Celery beat does the same every 15 seconds; twice changes nothing. Exit "
        "code 1 when one failed: the log says why, and the others are done. "
        "Example: manage.py advance_proposals --json"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print numbers for a machine")

    def handle(self, *args: Any, **options: Any) -> None:
        advanced = advancing.advance_proposals()
        if options["json"]:
            self.stdout.write(json.dumps(asdict(advanced)))
        else:
            for word, numbers in asdict(advanced).items():
                self.stdout.write(f"{word.capitalize()}: {spell(numbers)}")
        if advanced.failed:
            sys.exit(1)


def spell(numbers: list[int]) -> str:
    return ", ".join(f"#{number}" for number in numbers) or "none"
