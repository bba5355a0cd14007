#!/usr/bin/env python
"""Runs any command of the portal; starts PostgreSQL and Valkey for it where that is needed."""

import os
import signal
import sys
from importlib.util import find_spec
from types import FrameType

# These never ask the database. `runportal` starts the services itself.
WITHOUT_SERVICES = {
    "check",
    "collectstatic",
    "compilemessages",
    "diffsettings",
    "findstatic",
    "help",
    "makemessages",
    "runportal",
    "version",
}


def needs_services(arguments: list[str]) -> bool:
    if not arguments or {"--help", "-h", "--version"} & set(arguments):
        return False
    return arguments[0] not in WITHOUT_SERVICES or "--database" in arguments


def exit_on_signal(number: int, frame: FrameType | None) -> None:
    """Leave as after Ctrl-C, so that a terminated command stops what it started."""
    sys.exit(128 + number)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dao_portal.settings")
    if find_spec("django") is None:
        sys.exit("dao_portal: run `make install`, then `.venv/bin/python manage.py ...`")
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        state, embedded = settings.STATE_DIR, settings.EMBEDDED_SERVICES
    except ImproperlyConfigured as error:
        sys.exit(f"dao_portal: {error}")

    from dao_portal.embedded.processes import ServiceError
    from dao_portal.embedded.programs import postgres_programs
    from dao_portal.embedded.servers import embedded_services

    if not needs_services(sys.argv[1:]):
        execute_from_command_line(sys.argv)
        return
    signal.signal(signal.SIGTERM, exit_on_signal)
    signal.signal(signal.SIGHUP, exit_on_signal)
    try:
        if "postgres" in embedded:  # dbshell finds the psql that fits
            os.environ["PATH"] += f"{os.pathsep}{postgres_programs()}"
        with embedded_services(state, embedded):
            execute_from_command_line(sys.argv)
    except ServiceError as error:
        sys.exit(f"dao_portal: {error}")


if __name__ == "__main__":
    main()
