"""The one door for mail, against a real mail server that fails in every way there is."""

from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail import EmailMessage, EmailMultiAlternatives, mail_admins, send_mail
from django.core.mail.message import BadHeaderError
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now
from django.test import Client

from accounts.models import User
from dao_portal.celery import app as celery_app
from dao_portal.core.models import OutgoingMail
from dao_portal.core.outbox import GIVE_UP_AFTER, forget_old_mails, send_due_mails
from tests.factories import UserFactory
from tests.smtp import MOODS, mail_server, use
from tests.threads import second_session

pytestmark = pytest.mark.django_db

NEWCOMER = {
    "email": "new@example.org",
    "username": "newcomer",
    "password1": "four random words do",
}
FAILING = [mood for mood in MOODS if mood not in ("takes", "refuses one")]


@pytest.fixture
def server(settings):
    with mail_server() as server:
        use(settings, server)
        yield server


@pytest.fixture
def kept(settings):
    """The outbox before a mailbox that only remembers."""
    settings.EMAIL_BACKEND = "dao_portal.core.outbox.EmailBackend"
    settings.MAIL_TRANSPORT = "django.core.mail.backends.locmem.EmailBackend"
    return mail


@pytest.fixture
def no_worker():
    """The eager queue of the tests would send inside of the request."""
    celery_app.conf.task_always_eager = False
    yield
    celery_app.conf.task_always_eager = True


def write(to="ada@example.org", body="http://localhost/secret/"):
    send_mail("Hello", body, "Commons <no-reply@example.org>", [to])
    return OutgoingMail.objects.latest("id")


def wait_no_longer():
    OutgoingMail.objects.update(due_at=Now())


# --- writing ------------------------------------------------------------------------------------


def test_mail_is_written_down_and_not_sent(server):
    row = write()

    assert (row.recipient, row.attempts, row.sent_at) == ("ada@example.org", 0, None)
    assert server.connections == 0


def test_message_lies_encrypted(kept):
    write()

    with connection.cursor() as cursor:
        cursor.execute("SELECT outgoing_mails::text FROM outgoing_mails")
        ((row,),) = cursor.fetchall()
    assert "secret" not in row
    assert "Hello" not in row


def test_mail_goes_only_with_its_change(kept, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        write()
        transaction.set_rollback(True)

    assert not OutgoingMail.objects.exists()
    assert mail.outbox == []


def test_commit_wakes_the_sender(kept, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        write()

    assert [message.to for message in mail.outbox] == [["ada@example.org"]]


def test_each_recipient_is_a_row_and_all_read_the_same_header(server):
    message = EmailMessage(
        "Hello", "Text", "x@example.org", ["a@example.org"], ["c@example.org"], cc=["b@example.org"]
    )
    message.send()
    send_due_mails()

    rows = OutgoingMail.objects.order_by("id").values_list("recipient", flat=True)
    assert list(rows) == ["a@example.org", "b@example.org", "c@example.org"]
    assert [taken["To"] for taken in server.taken] == ["a@example.org, b@example.org"] * 3


def test_every_part_of_a_message_arrives(server):
    message = EmailMultiAlternatives(
        "Grüße",
        "Text — plain",
        "Ünïon <no-reply@example.org>",
        ["Ada <ada@example.org>"],
        headers={"List-Id": "<list.example.org>"},
        reply_to=["answer@example.org"],
    )
    message.attach_alternative("<p>Text — HTML</p>", "text/html")
    message.send()
    send_due_mails()

    (taken,) = server.taken
    assert taken["Subject"] == "Grüße"
    assert taken["From"] == "Ünïon <no-reply@example.org>"
    assert taken["Reply-To"] == "answer@example.org"
    assert taken["List-Id"] == "<list.example.org>"
    assert taken.get_body(("plain",)).get_content().strip() == "Text — plain"
    assert taken.get_body(("html",)).get_content().strip() == "<p>Text — HTML</p>"


def test_operators_mail_goes_through_the_same_door(kept, settings):
    settings.ADMINS = [("Op", "op@example.org")]
    mail_admins("Something broke", "Look.")

    assert OutgoingMail.objects.get().recipient == "op@example.org"


def test_message_that_can_never_be_sent_fails_its_caller(kept):
    with pytest.raises(BadHeaderError):
        send_mail("Hello\nBcc: evil@example.org", "x", "x@example.org", ["ada@example.org"])
    message = EmailMessage("Hello", "x", "x@example.org", ["ada@example.org"])
    message.attach("a.txt", "text", "text/plain")
    with pytest.raises(ValueError, match="attachments"):
        message.send()

    assert not OutgoingMail.objects.exists()


def test_nobody_to_write_to_is_no_mail(kept):
    assert send_mail("Hello", "x", "x@example.org", []) == 0


# --- sending ------------------------------------------------------------------------------------


def test_sent_mail_is_marked_and_its_message_erased(server):
    row = write()

    assert send_due_mails() == 1

    row.refresh_from_db()
    assert row.sent_at is not None
    assert (row.message, row.attempts) == ("", 1)
    assert send_due_mails() == 0
    assert len(server.taken) == 1


@pytest.mark.parametrize("mood", FAILING)
def test_mail_outlives_a_failing_server(server, mood, caplog):
    row = write()
    server.mood = mood

    assert send_due_mails() == 0

    row.refresh_from_db()
    assert (row.sent_at, row.given_up_at) == (None, None)
    assert row.message
    told = " ".join(record.getMessage() for record in caplog.records)
    assert "warning" in {record.levelname.lower() for record in caplog.records}
    assert "example.org" not in told
    assert "secret" not in told

    server.mood = "takes"
    wait_no_longer()
    assert send_due_mails() == 1
    assert [taken["To"] for taken in server.taken] == ["ada@example.org"]


def test_mail_outlives_a_server_that_is_not_there(settings, caplog):
    with mail_server() as server:
        use(settings, server)
    row = write()

    assert send_due_mails() == 0

    row.refresh_from_db()
    assert row.attempts == 0  # nobody was asked about this mail
    assert caplog.messages == [
        "mail server does not answer (ConnectionRefusedError Connection refused); 1 mails wait"
    ]


def test_one_refused_address_holds_up_nobody(server):
    write("gone@example.org")
    write("ada@example.org")
    server.mood = "refuses one"

    assert send_due_mails() == 1

    waiting = OutgoingMail.objects.open().get()
    assert (waiting.recipient, waiting.last_error) == (
        "gone@example.org",
        "SMTPRecipientsRefused 550",
    )


@pytest.mark.parametrize("mood", ["hangs", "hangs in DATA", "dies in DATA"])
def test_hanging_server_costs_one_try_a_run(server, mood):
    """Ten mails must not keep a worker for ten timeouts."""
    for _ in range(10):
        write()
    server.mood = mood

    send_due_mails()

    assert server.connections == 1
    assert OutgoingMail.objects.filter(attempts__gt=0).count() == (mood != "hangs")


def test_woken_senders_leave_a_server_alone_that_is_away(server):
    write()
    server.mood = "hangs"
    send_due_mails()
    server.mood = "takes"
    wait_no_longer()

    assert send_due_mails(woken=True) == 0
    assert send_due_mails() == 1  # the sweep looks
    write()
    assert send_due_mails(woken=True) == 1


def test_pause_grows_to_an_hour(server):
    row = write()
    server.mood = "later"
    pauses = []
    for _ in range(8):
        wait_no_longer()
        send_due_mails()
        row.refresh_from_db()
        pauses.append(round((row.due_at - row.updated_at) / timedelta(minutes=1)))

    assert pauses == [2, 4, 8, 16, 32, 60, 60, 60]
    assert send_due_mails() == 0
    assert row.attempts == 8


@pytest.mark.parametrize("mood", ["later", "hangs"])
def test_after_two_days_it_is_given_up_erased_and_said(server, mood, caplog):
    row = write()
    server.mood = mood
    OutgoingMail.objects.update(created_at=Now() - GIVE_UP_AFTER - timedelta(minutes=1))

    send_due_mails()

    row.refresh_from_db()
    assert row.given_up_at is not None
    assert row.message == ""
    (line,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert str(row.pk) in line.getMessage()
    assert "given up after 48 hours" in line.getMessage()
    server.mood = "takes"
    wait_no_longer()
    assert send_due_mails() == 0


def test_mail_that_waited_for_a_worker_is_tried_before_it_is_given_up(server):
    write()
    OutgoingMail.objects.update(created_at=Now() - 2 * GIVE_UP_AFTER)

    assert send_due_mails() == 1


def test_mail_of_a_killed_worker_comes_twice_under_one_id(server, settings):
    row = write()
    transport = settings.MAIL_TRANSPORT
    settings.MAIL_TRANSPORT = "tests.smtp.DyingBackend"
    with pytest.raises(SystemExit):
        send_due_mails()
    settings.MAIL_TRANSPORT = transport

    assert send_due_mails() == 0  # for all that anybody knows, it is being sent
    wait_no_longer()
    assert send_due_mails() == 1

    one, other = server.taken
    assert one["Message-ID"] == other["Message-ID"] == f"<{row.pk}@localhost>"
    assert one.as_bytes() == other.as_bytes()


@pytest.mark.django_db(transaction=True)
def test_senders_at_once_send_each_mail_once(server, no_worker):
    for number in range(30):
        write(f"member{number}@example.org")

    with second_session() as start:
        sent = sum(run.result(60) for run in [start(send_due_mails) for _ in range(4)])

    assert sent == 30
    assert len({taken["To"] for taken in server.taken}) == len(server.taken) == 30


def test_lost_key_keeps_the_mail_until_it_is_back(server, settings):
    row = write()
    keys = settings.FIELD_ENCRYPTION_KEYS
    settings.FIELD_ENCRYPTION_KEYS = ["A" * 43 + "="]

    assert send_due_mails() == 0
    row.refresh_from_db()
    assert row.last_error == "Unreadable"

    settings.FIELD_ENCRYPTION_KEYS = keys
    wait_no_longer()
    assert send_due_mails() == 1


def test_rows_are_forgotten_after_a_month(kept):
    write("sent@example.org")
    send_due_mails()
    write("waiting@example.org")
    assert forget_old_mails() == 0
    OutgoingMail.objects.update(updated_at=Now() - timedelta(days=31))

    assert forget_old_mails() == 1
    assert OutgoingMail.objects.get().recipient == "waiting@example.org"


@pytest.mark.parametrize(
    "columns", [{"sent_at": Now()}, {"given_up_at": Now()}, {"message": ""}], ids=str
)
def test_database_keeps_a_message_exactly_as_long_as_it_is_needed(kept, columns):
    write()

    with pytest.raises(IntegrityError, match="outgoing_mails_erased_ck"), transaction.atomic():
        OutgoingMail.objects.update(**columns)


def test_database_knows_one_end(kept):
    write()

    with pytest.raises(IntegrityError, match="outgoing_mails_one_end_ck"), transaction.atomic():
        OutgoingMail.objects.update(sent_at=Now(), given_up_at=Now(), message="")


# --- from the pages -----------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("mood", MOODS)
def test_joining_and_a_forgotten_password_never_wait_for_the_server(server, no_worker, mood):
    server.mood = mood
    member = UserFactory()

    answers = [
        Client().post("/accounts/signup/", NEWCOMER),
        Client().post("/accounts/password/reset/", {"email": member.email}),
    ]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert server.connections == 0
    send_due_mails()
    server.mood = "takes"
    wait_no_longer()
    send_due_mails()
    assert {taken["To"] for taken in server.taken} == {"new@example.org", member.email}
    assert User.objects.filter(username="newcomer").exists()
