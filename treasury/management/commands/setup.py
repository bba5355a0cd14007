"""``manage.py setup``: the first three decisions of a new community."""

from __future__ import annotations

import getpass
import sys
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from accounts.models import User
from accounts.services import members
from dao_portal.core.errors import DomainError
from dao_portal.core.options import get_option
from dao_portal.core.services import options
from dao_portal.core.text import validate_one_line

from ...services import tokens

QUESTIONS = {
    "name": "The community's name",
    "token": "Symbol of the governance token (such as DPT)",
    "token_name": "Its full name",
    "admin": "Username of the first administrator",
    "email": "Their e-mail address",
}


class Command(BaseCommand):
    help = (
        "Starts a real community: its name, its governance token and its first administrator. Asks "
        "for what no option gives. Example: manage.py setup --name 'River Commons' --token RIV "
        "--token-name 'River token' --admin noor --email noor@example.org --password-stdin < file"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        for name, question in QUESTIONS.items():
            parser.add_argument(f"--{name.replace('_', '-')}", help=question)
        parser.add_argument(
            "--password-stdin", action="store_true", help="read the password from standard input"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if User.objects.filter(role=User.Role.ADMIN, is_active=True).exists():
            raise CommandError("This portal has an administrator already; nothing was changed.")
        answers = {
            name: options[name] or self._ask(question) for name, question in QUESTIONS.items()
        }
        password = self._password(answers["admin"], from_stdin=options["password_stdin"])
        try:
            admin = self._write(password, answers)
        except ValidationError as error:
            raise CommandError("\n".join(error.messages)) from error
        except DomainError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{answers['name']} is set up: {admin.username} may sign in and administer it.\n"
            f"Next: manage.py import_holders {answers['token']} holders.csv\n"
            f"Whoever holds {get_option('governance.proposal_threshold'):f} or more may publish"
            " proposals (governance.proposal_threshold)."
        )

    def _ask(self, question: str) -> str:
        if not sys.stdin.isatty():
            raise CommandError(f"{question}: no option gives it, and nobody is there to ask.")
        answer = ""
        while not answer:
            answer = input(f"{question}: ").strip()
        return answer

    def _password(self, username: str, *, from_stdin: bool) -> str:
        if from_stdin:
            return sys.stdin.readline().rstrip("\n")
        if not sys.stdin.isatty():
            raise CommandError("Nobody is there to ask for a password; use --password-stdin.")
        password = getpass.getpass(f"A password for {username}: ")
        if password != getpass.getpass("The same again: "):
            raise CommandError("These were two different passwords; nothing was changed.")
        return password

    @transaction.atomic
    def _write(self, password: str, answers: dict[str, str]) -> User:
        validate_one_line(answers["name"])
        admin = members.add_administrator(
            actor=None, username=answers["admin"], email=answers["email"], password=password
        )
        tokens.add_token(actor=admin, symbol=answers["token"], name=answers["token_name"])
        options.set_option("community.name", answers["name"], actor=admin)
        options.set_option("governance.token", answers["token"], actor=admin)
        return admin
