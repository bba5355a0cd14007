"""A form that is sent twice does its work once.

A page puts a new key into each form that creates something (``{% form_key %}``); the service that
creates it claims that key first thing in its transaction. Whoever sends the form again, after a
double click, a lost answer or "Back", meets the row: while the first sending is still at work they
wait for it, and when it was refused, its key is as good as new. The rows are kept for a day.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from django.db import models, transaction
from django.db.models.functions import Now
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from .errors import DomainError
from .models import FormKey

KEY_FIELD = "key"  # the hidden field of a form
KEPT = timedelta(days=1)


class AlreadySent(DomainError):
    """The key stands for other words: an old form was filled in anew. Nothing was done."""

    message = _(
        "This form was sent before, and what it said then was done. Send it once more to do"
        " this as well."
    )


def read_key(form: Mapping[str, str]) -> UUID | None:
    """The key in what was posted; None where there is none, and the form counts as a new one."""
    try:
        return UUID(form.get(KEY_FIELD, ""))
    except ValueError:
        return None


def claim(
    key: UUID | None, *, form: str, actor: models.Model | None, sent: Sequence[object], result: UUID
) -> UUID:
    """``result`` where this is the first sending; else what the first one made.

    Call it inside the transaction that makes ``result``, before its other locks: it waits for a
    first sending that is still at work. ``sent`` is what makes two sendings the same one. Each
    member and each form has keys of its own. Raises AlreadySent.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("claim() belongs inside the transaction of what the form makes")
    if key is None:
        return result
    mine = FormKey(form=form, key=key, user_id=_id(actor), sent=_digest(sent), result=result)
    FormKey.objects.bulk_create([mine], ignore_conflicts=True)
    return _stands(mine).result


def made_before(
    key: UUID | None, *, form: str, actor: models.Model | None, sent: Sequence[object]
) -> UUID | None:
    """What the first sending made, where there was one: for a form that would now be refused,
    because what it made is there. Locks nothing. Raises AlreadySent.
    """
    if key is None:
        return None
    try:
        return _stands(FormKey(form=form, key=key, user_id=_id(actor), sent=_digest(sent))).result
    except FormKey.DoesNotExist:
        return None


def forget_old_keys() -> int:
    """Delete what was kept for a day; how many."""
    deleted, _by_model = FormKey.objects.filter(created_at__lt=Now() - KEPT).delete()
    return deleted


def _stands(mine: FormKey) -> FormKey:
    there = FormKey.objects.get(form=mine.form, key=mine.key, user=mine.user_id)
    if there.sent != mine.sent:
        raise AlreadySent
    return there


def _id(actor: models.Model | None) -> UUID | None:
    return actor.pk if actor else None


def _digest(sent: Sequence[object]) -> str:
    text = json.dumps([*sent], default=str)
    return salted_hmac("form key", text, algorithm="sha256").hexdigest()
