"""``manage.py import_snapshot``: a community's history from Snapshot."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dao_portal.core.db.base import database_now
from dao_portal.core.errors import DomainError

from ...models import Proposal
from ...services import imports
from ..json_objects import BrokenFile
from ..snapshot import Export, read_export


class Command(BaseCommand):
    help = (
        "Brings decided For / Against / Abstain proposals and all their votes over from Snapshot. "
        "Everything is read and checked first: a broken vote or proposal is named by its number "
        "and id, and nothing is written. Run twice, it changes nothing. "
        "Example: manage.py import_snapshot proposals.json votes.json"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "proposals", type=Path, help='hub JSON, {"data": {"proposals": [...]}}, or the list'
        )
        parser.add_argument(
            "votes", type=Path, help='hub JSON, {"data": {"votes": [...]}}, or the list'
        )
        parser.add_argument(
            "--check", action="store_true", help="only read the files, and say what they hold"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        try:
            export = read_export(options["proposals"], options["votes"], now=database_now())
            self._describe(export)
            if options["check"]:
                return
            report = imports.import_proposals(
                actor=None, proposals=export.proposals, progress=self._show
            )
        except (BrokenFile, DomainError) as error:
            raise CommandError(f"{error}\nNothing was imported.") from error
        self.stdout.write(
            f"Imported {len(report.proposals)} proposals with {report.votes:,} votes and"
            f" {report.new_members:,} new members in {time.monotonic() - started:.1f} s."
        )
        if report.already_here:
            self.stdout.write(f"Already here and left as they are: {report.already_here}.")

    def _describe(self, export: Export) -> None:
        votes = sum(len(proposal.votes) for proposal in export.proposals)
        self.stdout.write(f"Read {len(export.proposals)} proposals and {votes:,} votes.")
        for title, lines in (("Skipped", export.skipped), ("Look at", export.notes)):
            for line in lines:
                self.stdout.write(self.style.WARNING(f"{title}: {line}"))

    def _show(self, proposal: Proposal) -> None:
        self.stdout.write(
            f"  #{proposal.number}  {proposal.status:<8} {proposal.total_votes:>7,} votes"
            f"  {proposal.title}"
        )
        self.stdout.flush()
