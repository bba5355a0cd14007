"""``python -m tests.stress.cancel PROPOSAL ACTOR``: cancels, and says how long that took.

A process of its own has a real broker, or really has none.
"""

import os
import sys
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dao_portal.settings")


def main(proposal_id: str, actor_id: str) -> None:
    from accounts.models import User
    from dao_portal.core import tasks  # noqa: F401  (a web server has long imported it)
    from governance.services.cancelling import cancel_proposal

    actor = User.objects.get(pk=actor_id)
    start = time.monotonic()
    cancel_proposal(actor=actor, proposal_id=proposal_id, note="Sent twice.")
    print(time.monotonic() - start)  # noqa: T201


if __name__ == "__main__":
    django.setup()
    main(*sys.argv[1:])
