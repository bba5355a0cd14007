"""Refusals that a member may read."""

from django.utils.functional import Promise


class DomainError(Exception):
    """A rule said no.

    ``message`` is plain words for the person who asked: every door shows it as it is.
    Services raise subclasses, so that a caller can tell one refusal from another.
    """

    message: str | Promise = ""

    def __init__(self, message: str | Promise = "") -> None:
        if message:
            self.message = message
        super().__init__(self.message)

    def __str__(self) -> str:
        return str(self.message)
