"""Text that only this portal can read: for columns that a dump or a backup must not give away.

The keys are FIELD_ENCRYPTION_KEYS, the newest first: it encrypts, each of them decrypts, so a
new key is put in front and the old one stays until nothing needs it any more.

The standard library has no block cipher. Its SHAKE256 is one from which a stream cipher follows by
definition (an output as long as one likes, that nobody predicts without the key), and HMAC-SHA256
over nonce and ciphertext refuses what was changed or belongs to another key: encrypt, then
authenticate, each with a key of its own.
"""

import base64
import hashlib
import hmac
import secrets

from django.conf import settings

NONCE_BYTES = 16
TAG_BYTES = 32


class Unreadable(Exception):
    """This text was encrypted with a key that we do not have, or it was changed since."""


def encrypt(text: str) -> str:
    """``text`` as URL-safe base64 that tells nothing but its length; each time another one."""
    key = base64.urlsafe_b64decode(settings.FIELD_ENCRYPTION_KEYS[0])
    nonce = secrets.token_bytes(NONCE_BYTES)
    body = nonce + _apply_stream(key, nonce, text.encode())
    return base64.urlsafe_b64encode(_tag(key, body) + body).decode()


def decrypt(encrypted: str) -> str:
    """What ``encrypt`` was given; Unreadable when it does not come from there."""
    whole = base64.urlsafe_b64decode(encrypted)
    tag, body = whole[:TAG_BYTES], whole[TAG_BYTES:]
    for key in map(base64.urlsafe_b64decode, settings.FIELD_ENCRYPTION_KEYS):
        if hmac.compare_digest(tag, _tag(key, body)):
            nonce, ciphertext = body[:NONCE_BYTES], body[NONCE_BYTES:]
            return _apply_stream(key, nonce, ciphertext).decode()
    raise Unreadable(
        "no key in FIELD_ENCRYPTION_KEYS fits; put the one that it was encrypted with back"
    )


def _apply_stream(key: bytes, nonce: bytes, data: bytes) -> bytes:
    """Encrypt or decrypt: both are the same XOR with the stream of this key and nonce."""
    stream = hashlib.shake_256(_part(key, b"stream") + nonce).digest(len(data))
    return bytes(one ^ other for one, other in zip(data, stream, strict=True))


def _tag(key: bytes, body: bytes) -> bytes:
    return hmac.digest(_part(key, b"tag"), body, "sha256")


def _part(key: bytes, purpose: bytes) -> bytes:
    """A key of its own for each purpose."""
    return hmac.digest(key, b"dao_portal.encryption." + purpose, "sha256")
