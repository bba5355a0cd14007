"""Text that only this portal can read: for columns that a dump or a backup must not give away.

The keys are FIELD_ENCRYPTION_KEYS, the newest first: it encrypts, each of them decrypts, so a
new key is put in front and the old one stays until nothing needs it any more.
"""

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class Unreadable(Exception):
    """This text was encrypted with a key that we do not have, or it was changed since."""


def encrypt(text: str) -> str:
    """``text`` as a Fernet token: it tells nothing but its length, and is another each time."""
    return _keys().encrypt(text.encode()).decode()


def decrypt(encrypted: str) -> str:
    """What ``encrypt`` was given; Unreadable when it does not come from there."""
    try:
        return _keys().decrypt(encrypted).decode()
    except InvalidToken as error:
        raise Unreadable(
            "no key in FIELD_ENCRYPTION_KEYS fits; put the one that it was encrypted with back"
        ) from error


def _keys() -> MultiFernet:
    return MultiFernet(map(Fernet, settings.FIELD_ENCRYPTION_KEYS))
