"""The one door for mail: written down in the transaction of what it is about, sent afterwards.

``EmailBackend`` is settings.EMAIL_BACKEND, so whatever mails through Django (allauth, send_mail,
mail_admins) comes through here and never waits for a mail server. A task sends what is due after
the commit; the sweep (every 30 s) sends whatever that task missed, until the mail server takes it
or GIVE_UP_AFTER is over. What really sends is the backend that settings.MAIL_TRANSPORT names.

Delivery is at least once: a worker that dies between sending and writing that down sends again,
under the same Message-ID, which tells a mail reader that both are one message.
"""

from __future__ import annotations

import json
import logging
import smtplib
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from email.utils import formatdate
from typing import Any

from celery import current_app
from django.conf import settings
from django.core.cache import cache
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import DatabaseError, transaction
from django.db.models.functions import Now

from .db.base import new_keys
from .encryption import decrypt, encrypt
from .models import OutgoingMail

logger = logging.getLogger(__name__)

GIVE_UP_AFTER = timedelta(hours=48)  # the links in a mail live for three days
FORGET_AFTER = timedelta(days=30)
# The first pause is longer than one try can take (EMAIL_TIMEOUT for each step of SMTP): nobody
# else takes a mail up while it is being sent.
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=2), timedelta(hours=1)
SEND_MAILS = "dao_portal.core.tasks.send_mails"  # by name: the tasks are a door above
MAX_SAID = 200  # characters of ``last_error``
SECONDS_A_RUN = 20.0  # then the next sweep goes on: with one slow mail more, a task still has time
AWAY, AWAY_SECONDS = "mail:server-away", 60


class EmailBackend(BaseEmailBackend):
    """Writes messages down, one row for each recipient, and wakes the sender after the commit."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """How many were written. A message that can never be sent is refused here, at once."""
        try:
            with transaction.atomic():
                rows = [row for message in email_messages for row in _rows(message)]
                OutgoingMail.objects.bulk_create(rows)
                transaction.on_commit(_wake, robust=True)
        except DatabaseError:
            if not self.fail_silently:
                raise
            return 0
        return len(email_messages)


def _rows(message: EmailMessage) -> Iterator[OutgoingMail]:
    """A copy for each recipient: who refuses theirs makes nobody else get it twice."""
    if message.attachments:
        raise ValueError("the outbox carries text and HTML; attachments have no place in it yet")
    shown = ", ".join(str(address) for address in [*message.to, *message.cc])
    for recipient in message.recipients():
        (mail_id,) = new_keys(1)
        kept = {
            "subject": str(message.subject),
            "body": str(message.body),
            "subtype": message.content_subtype,
            "from_email": str(message.from_email),
            "to": [str(recipient)],
            "reply_to": [str(address) for address in message.reply_to],
            "alternatives": [
                [str(part[0]), part[1]] for part in getattr(message, "alternatives", [])
            ],
            "headers": {
                "Message-ID": f"<{mail_id}@{settings.PORTAL_URL.host}>",
                "Date": formatdate(),
                "To": shown or str(recipient),
                **{name: str(value) for name, value in message.extra_headers.items()},
            },
        }
        _restored(kept).message()  # a line break in a header fails the caller, not the worker
        yield OutgoingMail(id=mail_id, recipient=recipient, message=encrypt(json.dumps(kept)))


def _restored(kept: dict[str, Any]) -> EmailMultiAlternatives:
    message = EmailMultiAlternatives(
        kept["subject"],
        kept["body"],
        kept["from_email"],
        kept["to"],
        headers=kept["headers"],
        alternatives=[tuple(part) for part in kept["alternatives"]],
        reply_to=kept["reply_to"],
    )
    message.content_subtype = kept["subtype"]
    return message


def _wake() -> None:
    """A quick first try, which does nothing while the server is known to be away."""
    current_app.signature(SEND_MAILS, kwargs={"woken": True}).delay()


def send_due_mails(*, woken: bool = False) -> int:
    """Send what is due, the longest waiting first; how many went.

    A server that cannot be reached, hangs or breaks off ends the run, and costs no mail one of its
    tries unless it was that mail's turn. For AWAY_SECONDS the tasks that a commit woke then do
    nothing, so that a hanging server holds one worker at a time, and nobody's votes.
    """
    if (woken and cache.get(AWAY)) or not _due().exists():
        return 0
    connection = get_connection(settings.MAIL_TRANSPORT)
    sent, ends = 0, time.monotonic() + SECONDS_A_RUN
    try:
        connection.open()
        while mail := _claim():
            sent += _send(connection, mail)
            if time.monotonic() > ends:
                return sent
    except OSError as error:
        cache.set(AWAY, 1, AWAY_SECONDS)
        waiting = OutgoingMail.objects.open().count()
        logger.warning("mail server does not answer (%s); %d mails wait", _said(error), waiting)
    else:
        cache.delete(AWAY)
    finally:
        _close(connection)
    _give_up()
    return sent


def _due() -> Any:
    return OutgoingMail.objects.open().filter(due_at__lte=Now()).order_by("due_at", "id")


@transaction.atomic
def _claim() -> OutgoingMail | None:
    """The next mail, out of the way of other workers: its next try is due only after a pause."""
    mail: OutgoingMail | None = _due().select_for_update(skip_locked=True).first()
    if mail:
        pause = min(FIRST_PAUSE * 2 ** min(mail.attempts, 10), LONGEST_PAUSE)
        mail.attempts += 1
        mail.due_at = Now() + pause
        mail.save(update_fields=["attempts", "due_at", "updated_at"])
    return mail


def _send(connection: Any, mail: OutgoingMail) -> bool:
    """Did the server take it? OSError when it is the server that fails, not this mail."""
    this = OutgoingMail.objects.filter(pk=mail.pk)
    try:
        if not connection.send_messages([_restored(json.loads(decrypt(mail.message)))]):
            raise RuntimeError("the transport took nothing")
    except Exception as error:
        this.update(last_error=_said(error), updated_at=Now())
        if isinstance(error, OSError) and not _is_answer(error):
            raise
        logger.warning("mail %s was not taken (%s); it is tried again", mail.pk, _said(error))
        return False
    this.update(sent_at=Now(), message="", last_error="", updated_at=Now())
    return True


def _is_answer(error: OSError) -> bool:
    """Does the server stand, and say no to this one mail?"""
    return isinstance(error, smtplib.SMTPResponseException | smtplib.SMTPRecipientsRefused)


def _said(error: Exception) -> str:
    """What failed, in a few words without an address: servers repeat those, and what was sent."""
    code = getattr(error, "smtp_code", None)
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code = next(iter(error.recipients.values()))[0]
    words = [type(error).__name__, code, getattr(error, "strerror", None)]
    return " ".join(str(word) for word in words if word)[:MAX_SAID]


def _close(connection: Any) -> None:
    try:
        connection.close()
    except OSError as error:
        logger.info("mail server did not say goodbye (%s)", _said(error))


def _give_up() -> None:
    """End what was tried for GIVE_UP_AFTER, and say so to the operator."""
    old = OutgoingMail.objects.open().filter(created_at__lt=Now() - GIVE_UP_AFTER)
    for mail in old:
        given_up = OutgoingMail.objects.open().filter(pk=mail.pk)
        if given_up.update(given_up_at=Now(), message="", updated_at=Now()):
            logger.error(
                "mail %s is given up after %d hours and %d tries (%s); the admin shows for whom it"
                " was, under Outgoing mails",
                mail.pk,
                GIVE_UP_AFTER // timedelta(hours=1),
                mail.attempts,
                mail.last_error or "the mail server was never reached: is EMAIL_URL right?",
            )


def forget_old_mails() -> int:
    """Delete the rows of mails that were sent or given up FORGET_AFTER ago; how many."""
    over = OutgoingMail.objects.over()
    return over.filter(updated_at__lt=Now() - FORGET_AFTER).delete()[0]
