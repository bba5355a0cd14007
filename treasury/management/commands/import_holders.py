"""``manage.py import_holders``: who holds a token, from a file."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dao_portal.core.errors import DomainError

from ...models import Token
from ...services import holders
from ..holders_file import BrokenFile, read_holders


class Command(BaseCommand):
    help = (
        "Lets the holders on a list hold exactly what it says. The file is CSV with a first line "
        "holder,balance,staked; a holder is an 0x address or an e-mail address. Whoever is not "
        "here yet gets theirs when they prove that it is theirs. One wrong line, and nothing is "
        "written. Run twice, it changes nothing. Example: manage.py import_holders DPT holders.csv"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("token", help="the token's symbol")
        parser.add_argument("file", type=Path, help="the list, as CSV")

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        token = Token.objects.filter(symbol__iexact=options["token"]).first()
        if token is None:
            known = ", ".join(Token.objects.values_list("symbol", flat=True)) or "none yet"
            raise CommandError(f"No token {options['token']} here (there are: {known}).")
        try:
            lines = read_holders(options["file"])
            self.stdout.write(f"Read {len(lines):,} holders.")
            self.stdout.flush()
            imported = holders.import_holders(actor=None, token=token, lines=lines)
        except (BrokenFile, DomainError) as error:
            raise CommandError(f"{error}\nNothing was imported.") from error
        unchanged = len(lines) - imported.given - imported.waiting
        self.stdout.write(
            f"{imported.given:,} given to members, {imported.waiting:,} waiting for their owners,"
            f" {unchanged:,} as they were, in {time.monotonic() - started:.1f} s."
        )
