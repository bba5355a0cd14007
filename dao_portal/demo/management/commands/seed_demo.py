"""``manage.py seed_demo``: the demo community, filled or brought up to date, and load-test data."""

from __future__ import annotations

import argparse
import time
from typing import Any

from django.conf import settings
from django.core.management.base import (
    BaseCommand,
    CommandError,
    CommandParser,
    OutputWrapper,
)
from django.utils.translation import gettext as _

from dao_portal.core.errors import DomainError
from dao_portal.core.formats import until

from ...large.seeding import CommunitySize, seed_large
from ...people import HOSTS, PASSWORD
from ...seeding import Seeded, seed_demo, votes_left_open

INTERRUPTED = 130  # as a shell says it of Ctrl-C
EVERY_SECOND = 1.0


class Command(BaseCommand):
    help = (
        'Fills the demo community "Commons", or brings it up to date: at least two votes stay open '
        "for five days from now. `make run` does it at every start. Nothing that voting has frozen "
        "is touched. Needs DAO_DEMO=1 and an http PORTAL_URL: everybody knows its passwords. "
        "With numbers, brings data for load tests beside it up to them. "
        "Example: DAO_DEMO=1 manage.py seed_demo --members 1000000 --proposals 1000 "
        "--comments 1000000 --votes 1000000"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        large = parser.add_argument_group(
            "for load tests",
            "Totals, not additions: the same command again changes nothing, a larger number adds "
            "the rest, and a run that was broken off goes on where it stopped.",
        )
        large.add_argument("--members", type=whole_number, help="m0000001, m0000002, ...")
        large.add_argument("--proposals", type=whole_number, help="of every kind")
        large.add_argument("--comments", type=whole_number, help="on these proposals")
        large.add_argument("--votes", type=whole_number, help="on these proposals")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PORTAL_URL.secure:
            raise CommandError(
                f"No demo on {settings.PORTAL_URL}: everybody knows the passwords of its accounts."
            )
        numbers = {
            name: options[name]
            for name in ("members", "proposals", "comments", "votes")
            if options.get(name) is not None
        }
        report = Report(self.stdout, quiet=not options["verbosity"])
        try:
            seeded = (
                seed_large(CommunitySize(**numbers), progress=report) if numbers else seed_demo()
            )
        except DomainError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt as interrupt:
            report.finish_line()
            raise CommandError(
                _("Stopped. The same command again goes on from here."), returncode=INTERRUPTED
            ) from interrupt
        report.finish_line()
        if options["verbosity"]:
            self._summarise(seeded)

    def _summarise(self, seeded: Seeded) -> None:
        self.stdout.write(
            f"Added {seeded.members} members and {len(seeded.proposals)} proposals."
            if seeded.members or seeded.proposals
            else "The demo is up to date."
        )
        for proposal in votes_left_open().order_by("voting_end"):
            left = until(proposal.voting_end)
            self.stdout.write(f"  open  #{proposal.number} {proposal.title} (closes in {left})")
        names = ", ".join(person.username for person in HOSTS)
        self.stdout.write(f"Sign in as {names}; the password is {PASSWORD}.")
        self.stdout.write(
            "Its rules let a vote open at once and close after five minutes: draft, publish, vote."
        )


def whole_number(text: str) -> int:
    """For argparse: zero or more."""
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(
            _("“%(text)s” is not a whole number, such as 1000.") % {"text": text}
        )
    return int(text)


class Report:
    """How far a run has come, about once a second.

    One line a stage, written over and over, on a terminal; plain lines anywhere else.
    """

    def __init__(self, out: OutputWrapper, *, quiet: bool) -> None:
        self.out, self.quiet = out, quiet
        self.stage = ""
        self.began = self.said = 0.0
        self.start = 0
        self.unfinished = False

    def __call__(self, stage: str, here: int, total: int) -> None:
        now = time.monotonic()
        if stage != self.stage:
            self.finish_line()
            self.stage, self.began, self.said, self.start = stage, now, now, here
        if self.quiet or (now - self.said < EVERY_SECOND and here < total):
            return
        self.said = now
        rate = round((here - self.start) / max(now - self.began, 0.001))
        line = f"{stage:<10} {here:>11,} of {total:,}  ({rate:,}/s)"
        if self.out.isatty():
            self.out.write(f"\r{line:<60}", ending="")
            self.out.flush()
            self.unfinished = True
        else:
            self.out.write(line)

    def finish_line(self) -> None:
        if self.unfinished:
            self.out.write("")
        self.unfinished = False
