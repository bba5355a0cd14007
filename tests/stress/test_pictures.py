"""Fifty large pictures and the worst known ones, sent to a real web server."""

import os
import re
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from urllib.parse import urlsplit

import psutil
import pytest
from django.conf import settings
from django.test import Client

from dao_portal.core.services.options import set_option
from tests.accounts.profile_form import FORM
from tests.factories import UserFactory
from tests.pictures import costly, saved
from tests.stress.parts import own_valkey, process

pytestmark = [pytest.mark.stress, pytest.mark.django_db(transaction=True)]

FULL = "DAO_STRESS_ROUNDS" in os.environ
PICTURES = 50 if FULL else 8
WITHIN = 5.0
MAX_GROWN = 24 * 1024 * 1024


@pytest.fixture
def web(tmp_path):
    """The address of a web server as `runportal` starts it, and its process."""
    for brake in ("accounts.pictures_per_hour", "accounts.profile_saves_per_hour"):
        set_option(brake, "1000", actor=None)  # what a brake lets through is what is measured here
    log = tmp_path / "web.log"
    with (
        own_valkey(tmp_path) as valkey,
        process(
            *("gunicorn", "--config=python:dao_portal.web", "tests.stress.site"),
            *("--bind=127.0.0.1:0", "--workers=1", "--log-level=info"),
            valkey=valkey,
            ready="Booting worker",
            log=log,
        ) as running,
    ):
        address = re.search(r"Listening at: http://(\S+)", log.read_text())[1]
        [worker] = psutil.Process(running.pid).children()
        yield address, worker


class Sender:
    """A signed-in member with the profile's form on the screen."""

    def __init__(self, address: str) -> None:
        client = Client()
        client.force_login(UserFactory())
        self.address = urlsplit(f"//{address}")
        self.session = client.cookies[settings.SESSION_COOKIE_NAME].value
        self.csrf = "a" * 32

    def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, float]:
        """The status, and how long it took."""
        connection = HTTPConnection(self.address.hostname, self.address.port, timeout=60)
        start = time.monotonic()
        cookies = {
            settings.SESSION_COOKIE_NAME: self.session,
            settings.CSRF_COOKIE_NAME: self.csrf,
        }
        connection.request(
            method,
            path,
            body,
            {
                "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
                "Content-Type": "multipart/form-data; boundary=line",
            },
        )
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.status, time.monotonic() - start

    def send(self, picture: bytes) -> tuple[int, float]:
        fields = FORM | {"csrfmiddlewaretoken": self.csrf}
        parts = [
            f'--line\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
            for name, value in fields.items()
        ]
        head = (
            b'--line\r\nContent-Disposition: form-data; name="picture"; filename="me.png"\r\n\r\n'
        )
        return self.ask("POST", "/account/", b"".join([*parts, head, picture, b"\r\n--line--\r\n"]))


def test_large_pictures_leave_the_web_as_it_was(web, report):
    address, worker = web
    sender, large = Sender(address), saved("JPEG", size=(4096, 4096), progressive=True)
    for _ in range(3):
        assert sender.send(large)[0] == 303
    before = worker.memory_info().rss

    answers = [sender.send(large) for _ in range(PICTURES)]

    grown = worker.memory_info().rss - before
    report(
        f"{PICTURES} pictures of 4096 by 4096: the web grew by {grown / 2**20:.1f} MB, the slowest"
        f" answer took {max(seconds for _status, seconds in answers):.2f} s"
    )
    assert {status for status, _seconds in answers} == {303}
    assert grown < MAX_GROWN


def test_others_read_on_while_the_worst_pictures_arrive(web, report):
    address, worker = web
    worst = list(costly().values())
    senders = [Sender(address) for _ in range(3)]  # of four threads
    reader = Sender(address)
    assert reader.ask("GET", "/")[0] == 200
    before, waits = worker.memory_info().rss, []

    with ThreadPoolExecutor(len(senders)) as crowd:
        sent = [
            crowd.submit(senders[number % len(senders)].send, picture)
            for number, picture in enumerate(worst * (3 if FULL else 1))
        ]
        while not all(one.done() for one in sent):
            status, seconds = reader.ask("GET", "/")
            assert status == 200
            waits.append(seconds)

    answers = [one.result() for one in sent]
    slowest = max(seconds for _status, seconds in answers)
    grown = worker.memory_info().rss - before
    report(
        f"{len(answers)} hostile pictures from three at once: the slowest answer took"
        f" {slowest:.2f} s, a page beside them {max(waits):.2f} s at most; the web grew by"
        f" {grown / 2**20:.1f} MB"
    )
    assert {status for status, _seconds in answers} <= {303, 422}
    assert slowest < WITHIN + max(
        waits
    )  # a page has its price on a busy machine, and so has a form
    assert grown < 2 * MAX_GROWN
