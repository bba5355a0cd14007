"""What each page costs: ``make bench``; ``ARGS="--only votes --rounds 200 --json"`` for other ways.

Starts the tests' throw-away PostgreSQL and Valkey, and asks the portal with its own settings.
"""

import argparse
import atexit
import json
import os
import sys
from dataclasses import asdict

from tests import pg_plugin

atexit.register(pg_plugin.pytest_unconfigure)  # stops them, however this ends
pg_plugin.start()  # before Django reads its settings
os.environ["DJANGO_SETTINGS_MODULE"] = "dao_portal.settings"

import django  # noqa: E402
from django.conf import settings  # noqa: E402

settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # none is measured
django.setup()

from django.core.management import call_command  # noqa: E402

from tests.bench.community import make_community  # noqa: E402
from tests.bench.pages import pages  # noqa: E402
from tests.bench.stopwatch import Figures, Stopwatch  # noqa: E402

ROW = "{:<27}{:<5}{:>10}{:>8}{:>8}{:>13}{:>9}{:>9}{:>10}{:>9}\n"
HEADINGS = (
    *("page", "who", "statements", "CPU ms", "hellos", "database ms"),
    *("HTML KB", "gzipped", "requests", "KB all"),
)


def main() -> None:
    options = read_options()
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    stopwatch = Stopwatch()
    wanted = [page for page in pages(make_community()) if options.only in page.name]
    if options.json:
        json.dump([asdict(stopwatch.measure(page, options.rounds)) for page in wanted], sys.stdout)
        return
    sys.stdout.write(ROW.format(*HEADINGS))
    for page in wanted:
        sys.stdout.write(row(stopwatch.measure(page, options.rounds)))
        sys.stdout.flush()


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=60, help="times that each page is asked for")
    parser.add_argument("--only", default="", help="pages with this in their name")
    parser.add_argument("--json", action="store_true", help="for programs, to the last digit")
    return parser.parse_args()


def row(figures: Figures) -> str:
    return ROW.format(
        figures.page,
        figures.who,
        figures.statements,
        f"{figures.cpu:.1f}",
        f"{figures.ratio:.0f}",
        f"{figures.database:.1f}",
        f"{figures.size / 1024:.1f}",
        f"{figures.zipped / 1024:.1f}",
        figures.requests,
        f"{figures.fetched / 1024:.1f}",
    )


if __name__ == "__main__":
    main()
