"""Deciding what a community can decide."""

from __future__ import annotations

from django.db import models, transaction

from ..actions import Action
from ..audit.events import record
from ..models import Setting
from ..options import OPTIONS, clear_option_cache


@transaction.atomic
def set_option(key: str, text: str, *, actor: models.Model | None) -> Setting:
    """Decide ``key``; ValidationError when ``text`` does not fit. Audited.

    Locks the row, which is made first where nothing was decided yet: who decides at the same time
    waits, and then finds what was decided.
    """
    option = OPTIONS[key]
    option.parse(text)
    setting, _created = Setting.objects.select_for_update().get_or_create(
        key=key, defaults={"value": str(option.default)}
    )
    old = setting.value
    setting.value, setting.type = text, option.type
    setting.description, setting.is_public = str(option.description), option.public
    setting.save()
    record(
        Action.SETTING_CHANGED,
        actor=actor,
        resource=setting,
        old={"key": key, "value": old},
        new={"key": key, "value": text},
    )
    transaction.on_commit(clear_option_cache)
    return setting
