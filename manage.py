#!/usr/bin/env python
"""Runs any command of the portal; starts PostgreSQL and Valkey for it where that is needed."""

import os
import signal
import sys
from contextlib import nullcontext
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
    if not arguments or arguments[0] in WITHOUT_SERVICES:
        return "--database" in arguments
    return not {"--help", "-h", "--version"} & set(arguments)


def end_like_ctrl_c(signum: int, frame: FrameType | None) -> None:
    """A terminated command stops its services, too."""
    sys.exit(128 + signum)


def main(arguments: list[str]) -> None:
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        settings.configured or settings.INSTALLED_APPS  # reads the environment, refuses bad values
        from dao_portal.services import ServiceError, embedded_services, postgres_programs
    except ImproperlyConfigured as error:
        sys.exit(f"dao_portal: {error}")

    services = nullcontext()
    if needs_services(arguments):
        signal.signal(signal.SIGTERM, end_like_ctrl_c)
        signal.signal(signal.SIGHUP, end_like_ctrl_c)
        services = embedded_services(settings.STATE_DIR, settings.EMBEDDED_SERVICES)
    try:
        with services:
            execute_from_command_line([sys.argv[0], *arguments])
    except ServiceError as error:
        sys.exit(f"dao_portal: {error}")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dao_portal.settings")
    main(sys.argv[1:])
