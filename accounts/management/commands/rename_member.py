"""``manage.py rename_member``: another username for a member."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from dao_portal.core.errors import DomainError

from ...selectors import members
from ...services import names


class Command(BaseCommand):
    help = (
        "Gives a member another username. They sign in with it from then on, and the address of "
        "their page changes; votes and words stay theirs. The audit log keeps both names. "
        "Example: manage.py rename_member a1an alan2"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("old", help="the username they have")
        parser.add_argument("new", help="the username they get")

    def handle(self, *args: Any, **options: Any) -> None:
        member = members.member_called(options["old"])
        if member is None:
            raise CommandError(f"Nobody is called @{options['old']}; nothing was changed.")
        try:
            renamed = names.rename_member(actor=None, member=member, username=options["new"])
        except (ValidationError, DomainError) as error:
            words = error.messages if isinstance(error, ValidationError) else [str(error)]
            raise CommandError(f"{' '.join(words)} Nothing was changed.") from error
        self.stdout.write(f"@{options['old']} is @{renamed.username} now.")
