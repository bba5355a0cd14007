"""A mail server of our own: it takes mail, or fails in the way that it is told to."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from django.core.mail.backends.smtp import EmailBackend

MOODS = ("takes", "hangs", "later", "never", "dies in DATA", "hangs in DATA", "refuses one")


class MailServer(socketserver.ThreadingTCPServer):
    """``mood`` is one of MOODS and may change at any time; ``taken`` is what was delivered."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.mood = "takes"
        self.taken: list[EmailMessage] = []
        self.connections = 0
        self.quiet = threading.Event()  # set at the end: whoever hangs may go

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Conversation(socketserver.StreamRequestHandler):
    server: MailServer

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def handle(self) -> None:
        self.server.connections += 1
        if self.server.mood == "hangs":
            self.server.quiet.wait(60)
            return
        try:
            self.say("220 sink ready")
            for line in self.rfile:
                verb = line[:4].upper().decode()
                if verb == "DATA":
                    if not self.take_data():
                        return
                elif verb == "QUIT":
                    self.say("221 bye")
                    return
                else:
                    self.say(self.answer(verb, line))
        except (ConnectionError, TimeoutError):
            return

    def answer(self, verb: str, line: bytes) -> str:
        mood = self.server.mood
        if verb == "RCPT" and (mood == "never" or (mood == "refuses one" and b"gone@" in line)):
            return "550 5.1.1 <somebody@example.org> no such user here"
        if verb == "MAIL" and mood == "later":
            return "451 4.3.2 try again later"
        return "250 ok"

    def take_data(self) -> bool:
        self.say("354 go ahead")
        if self.server.mood == "dies in DATA":
            self.rfile.readline()
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            return False
        if self.server.mood == "hangs in DATA":
            self.server.quiet.wait(60)
            return False
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b"..") else line)
        self.server.taken.append(
            message_from_bytes(b"".join(lines), _class=EmailMessage, policy=policy.default)
        )
        self.say("250 taken")
        return True


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """One that listens for the length of the block."""
    with MailServer() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield server
        finally:
            server.quiet.set()
            server.shutdown()


class DyingBackend(EmailBackend):
    """A worker that is killed when the server has said yes, before it could write that down."""

    def send_messages(self, email_messages: Any) -> int:
        super().send_messages(email_messages)
        raise SystemExit


def use(settings: Any, server: MailServer) -> None:
    """Let the portal mail through its own outbox to ``server``, with little patience."""
    settings.EMAIL_BACKEND = "dao_portal.core.outbox.EmailBackend"
    settings.MAIL_TRANSPORT = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    settings.EMAIL_TIMEOUT = 1
