"""``manage.py seed_demo``: the demo community, filled or brought up to date."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from dao_portal.core.errors import DomainError
from dao_portal.core.templatetags.portal import until

from ...demo.people import HOSTS, PASSWORD
from ...demo.seeding import Seeded, seed_demo, votes_left_open


class Command(BaseCommand):
    help = (
        'Fills the demo community "Commons", or brings it up to date: at least two votes stay open '
        "for five days from now. `make run` does it at every start. Nothing that voting has frozen "
        "is touched. Needs DAO_DEMO=1 and an http PORTAL_URL: everybody knows its passwords. "
        "Example: DAO_DEMO=1 manage.py seed_demo"
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PORTAL_URL.secure:
            raise CommandError(
                f"No demo on {settings.PORTAL_URL}: everybody knows the passwords of its accounts."
            )
        if not settings.DEMO:
            raise CommandError("DAO_DEMO is off. Set DAO_DEMO=1 to fill this portal with the demo.")
        try:
            seeded = seed_demo()
        except DomainError as error:
            raise CommandError(str(error)) from error
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
