"""Mail on a machine without a mail server: one .eml file per message, readable at /dev/mail/."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage as ParsedMessage
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from .db.base import uuid7

SHOWN = 100


class EmailBackend(BaseEmailBackend):
    """Writes each message into DEV_MAIL_DIR, under a UUIDv7: names sort by time."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write them all; how many were written."""
        folder = Path(settings.DEV_MAIL_DIR)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for message in email_messages:
            path = folder / f"{uuid7()}.eml"
            unfinished = path.with_suffix(".part")
            unfinished.write_bytes(message.message().as_bytes())
            unfinished.rename(path)  # a reader never sees half a message
        return len(email_messages)


@dataclass(frozen=True)
class DevMail:
    """One message, as the page shows it."""

    id: UUID
    subject: str
    sender: str
    recipient: str
    sent_at: datetime | None
    text: str


def readable_here() -> bool:
    """May mail be read in the browser? Only on http (this machine), and without a mail server."""
    ours = f"{EmailBackend.__module__}.{EmailBackend.__qualname__}"
    return ours == settings.MAIL_TRANSPORT and not settings.PORTAL_URL.secure


def newest_mails() -> list[DevMail]:
    """The last hundred messages, newest first."""
    paths = sorted(Path(settings.DEV_MAIL_DIR).glob("*.eml"), reverse=True)
    return [_read(path) for path in paths[:SHOWN]]


def get_mail(mail_id: UUID) -> DevMail | None:
    """That message, or None."""
    path = Path(settings.DEV_MAIL_DIR) / f"{mail_id}.eml"
    return _read(path) if path.is_file() else None


def _aware(moment: datetime) -> datetime:
    """Mail written in UTC says -0000, "no zone told", and that is parsed as a time without one."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _read(path: Path) -> DevMail:
    message = message_from_bytes(path.read_bytes(), _class=ParsedMessage, policy=policy.default)
    body = message.get_body(preferencelist=("plain",))
    date = message["Date"]
    return DevMail(
        id=UUID(path.stem),
        subject=str(message["Subject"] or ""),
        sender=str(message["From"] or ""),
        recipient=str(message["To"] or ""),
        sent_at=_aware(date.datetime) if date else None,
        text=body.get_content().strip() if body else "",
    )
