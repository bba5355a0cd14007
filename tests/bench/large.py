"""What the pages cost in the large community: ``python -m tests.bench.large`` beside its portal.

Fill one first (docs/operations.md, "Load-test data"), and name it by its DAO_STATE_DIR or by
DATABASE_URL. Nothing is written but the session of the member who asks.
"""

import os
import sys
import time
from collections.abc import Iterator

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dao_portal.settings")

import django

django.setup()

from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from accounts.models import User  # noqa: E402
from governance.models import Proposal  # noqa: E402

MEMBER = "m0000001"
ROUNDS = 3
MAX_STATEMENTS = 12
MAX_MS = 300
ROW = "{:<40}{:<5}{:>10}{:>10}{:>9}{:>6}\n"


def main() -> int:
    """Prints a line for each page; 1 when one of them costs more than it may, else 0."""
    member = User.objects.filter(username=MEMBER).first()
    if member is None:
        sys.exit(f"There is no {MEMBER} here. First: manage.py seed_demo --members 1000000 ...")
    visitor, signed_in = Client(SERVER_NAME="localhost"), Client(SERVER_NAME="localhost")
    signed_in.force_login(member)
    over = 0
    sys.stdout.write(ROW.format("page", "who", "statements", "first ms", "best ms", ""))
    for address in addresses():
        for who, client in (("out", visitor), ("in", signed_in)):
            statements, times = ask(client, address)
            too_much = statements > MAX_STATEMENTS or min(times) > MAX_MS
            over += too_much
            first, best = f"{times[0]:.0f}", f"{min(times):.0f}"
            mark = "over" if too_much else ""
            sys.stdout.write(ROW.format(address, who, statements, first, best, mark))
            sys.stdout.flush()
    return 1 if over else 0


def ask(client: Client, address: str) -> tuple[int, list[float]]:
    """How many statements the last answer took, and the milliseconds of each."""
    times = []
    for _round in range(ROUNDS):
        with CaptureQueriesContext(connection) as statements:
            began = time.perf_counter()
            status = client.get(address).status_code
            times.append((time.perf_counter() - began) * 1000)
        if status != 200:
            sys.exit(f"{address} answered {status}.")
    return len(statements), times


def addresses() -> Iterator[str]:
    """Lists, their later pages, filters and searches, and one of each thing."""
    ours = Proposal.objects.filter(source_id__startswith="load-")
    crowd = ours.open().order_by("source_id")[0].get_absolute_url()
    decided = ours.filter(status="passed").order_by("-total_votes")[0].get_absolute_url()
    yield from ("/", "/proposals/", "/proposals/?page=20", "/proposals/?status=passed")
    yield from ("/proposals/?q=fund", "/proposals/?mine=unvoted")
    yield from (crowd, f"{crowd}?sort=newest", f"{crowd}votes/", f"{crowd}votes/?sort=date&page=5")
    yield from (f"{crowd}results/", decided, f"{decided}votes/")
    yield from ("/treasury/", "/treasury/?token=ETH", "/treasury/?type=deposit")
    yield from ("/treasury/transactions/", "/treasury/transactions/?page=50")
    yield from ("/treasury/transactions/?q=fee", "/treasury/transactions/?q=nowhere")
    yield from ("/treasury/transactions/?sort=amount", "/treasury/transactions/?status=failed")
    yield from ("/tokens/DPT/", "/members/", "/members/?page=50", "/members/?q=ada")
    yield from ("/members/?q=z", "/members/?sort=name&page=100", "/members/?show=moderators")
    yield from (f"/members/{MEMBER}/", "/members/ada/", "/help/voting/")


if __name__ == "__main__":
    sys.exit(main())
