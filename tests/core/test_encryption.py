"""Encrypted text: unreadable without a key, and refused when it was changed."""

import base64
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dao_portal.core.encryption import Unreadable, decrypt, encrypt


def fresh_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


@given(st.text())
def test_text_comes_back(text):
    assert decrypt(encrypt(text)) == text


def test_ciphertext_tells_nothing_and_is_another_each_time():
    one, other = encrypt("http://localhost/secret/"), encrypt("http://localhost/secret/")

    assert one != other
    assert b"secret" not in base64.urlsafe_b64decode(one)


def test_changed_ciphertext_is_refused():
    whole = bytearray(base64.urlsafe_b64decode(encrypt("one vote")))

    for place in range(len(whole)):
        changed = bytes([*whole[:place], whole[place] ^ 1, *whole[place + 1 :]])
        with pytest.raises(Unreadable):
            decrypt(base64.urlsafe_b64encode(changed).decode())


def test_old_key_still_reads_and_the_new_one_writes(settings):
    old, new = fresh_key(), fresh_key()
    settings.FIELD_ENCRYPTION_KEYS = [old]
    before = encrypt("a link")

    settings.FIELD_ENCRYPTION_KEYS = [new, old]
    after = encrypt("a link")
    assert decrypt(before) == "a link"

    settings.FIELD_ENCRYPTION_KEYS = [new]
    assert decrypt(after) == "a link"
    with pytest.raises(Unreadable, match="FIELD_ENCRYPTION_KEYS"):
        decrypt(before)
