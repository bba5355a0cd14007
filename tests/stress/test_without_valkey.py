"""Valkey gone, and Valkey hanging: the portal's pages answer, soon, and lose nothing.

A real web server, because a test's client knows no broker and no timeout.
"""

import os
import re
import signal
import subprocess
import sys

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings

from dao_portal.core.audit.delivery import deliver_due_events
from dao_portal.core.models import EventDelivery
from governance.models import Vote
from social.models import Notification
from tests.factories import PASSWORD, UserFactory, open_proposal_with
from tests.stress.parts import Visitor, environment, own_valkey, process

pytestmark = [pytest.mark.stress, pytest.mark.django_db(transaction=True)]

SOON = 2.0  # seconds, for the slowest page


@pytest.fixture
def valkey(tmp_path):
    with own_valkey(tmp_path) as server:
        yield server


@pytest.fixture
def web(valkey, tmp_path):
    """The address of the portal's web server, with the portal's own patience."""
    log = tmp_path / "web.log"
    with process(
        *("gunicorn", "tests.stress.site", "--bind=127.0.0.1:0", "--worker-class=gthread"),
        *("--workers=1", "--threads=4", "--no-control-socket", "--log-level=info"),
        valkey=valkey,
        ready="Booting worker",
        log=log,
    ):
        yield re.search(r"Listening at: (http://\S+)", log.read_text())[1]
        print(log.read_text())  # noqa: T201  (shown when the test fails)


@pytest.fixture
def ada(ada):
    EmailAddress.objects.create(user=ada, email=ada.email, verified=True, primary=True)
    return ada


@pytest.fixture
def voting(ada):
    return open_proposal_with({ada: 60})


def stop(valkey):
    valkey.stop()


def freeze(valkey):
    """Its socket accepts, and nobody ever answers."""
    os.kill(valkey.process.pid, signal.SIGSTOP)


@pytest.mark.parametrize("trouble", [stop, freeze])
def test_members_read_sign_in_and_vote(valkey, web, ada, voting, trouble, report):
    visitor = Visitor(web)
    pages = ("/", "/proposals/", voting.get_absolute_url(), "/accounts/login/")
    for path in pages:
        assert visitor.get(path)[0] == 200  # the first time a page is read, the server gets ready
    trouble(valkey)
    visitor.slowest = 0.0

    for path in pages:
        status, page = visitor.get(path)
        assert (status, "<h1" in page) == (200, True), path
    status, _page = visitor.post("/accounts/login/", login="ada", password="wrong")
    assert status == 200
    status, _page = visitor.post("/accounts/login/", login="ada", password=PASSWORD)
    assert status == 302
    status, page = visitor.get("/")
    assert "ada" in page
    status, _page = visitor.post(f"{voting.get_absolute_url()}vote/", choice="yes", step="confirm")
    assert status == 303

    report(f"Valkey after {trouble.__name__}: the slowest page took {visitor.slowest:.2f} s")
    assert Vote.objects.get(proposal=voting, voter=ada).vote_type == "yes"
    assert visitor.slowest < SOON


@pytest.mark.parametrize("trouble", [stop, freeze])
def test_nobody_waits_for_the_queue_and_the_event_stays_owed(valkey, voting, trouble, report):
    moderator = UserFactory(role="moderator")
    trouble(valkey)

    cancelling = subprocess.run(
        [sys.executable, "-m", "tests.stress.cancel", str(voting.pk), str(moderator.pk)],
        cwd=settings.BASE_DIR,
        env=environment(valkey),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert cancelling.returncode == 0, cancelling.stderr
    report(f"Valkey after {trouble.__name__}: an event took {float(cancelling.stdout):.2f} s")
    assert float(cancelling.stdout) < SOON, cancelling.stderr
    voting.refresh_from_db()
    assert voting.phase == "cancelled"
    owed = EventDelivery.objects.get(event__action="proposal.cancelled")
    assert owed.done_at is None
    assert deliver_due_events() == 1  # the sweep
    assert Notification.objects.filter(type="proposal.cancelled").exists()
