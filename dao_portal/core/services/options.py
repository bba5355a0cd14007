"""Deciding what a community can decide."""

from __future__ import annotations

from django.db import models, transaction

from ..actions import Action
from ..models import Setting
from ..options import OPTIONS, clear_option_cache


@transaction.atomic
def set_option(key: str, text: str, *, actor: models.Model | None) -> Setting:
    """Decide ``key``; ValidationError when ``text`` does not fit. Locks the row; audited."""
    from ..audit.events import record  # events reads an option itself

    option = OPTIONS[key]
    option.parse(text)
    old = Setting.objects.select_for_update().filter(key=key).first()
    setting, _created = Setting.objects.update_or_create(
        key=key,
        defaults={
            "value": text,
            "type": option.type,
            "description": str(option.description),
            "is_public": option.public,
        },
    )
    record(
        Action.SETTING_CHANGED,
        actor=actor,
        resource=setting,
        old={"key": key, "value": old.value if old else str(option.default)},
        new={"key": key, "value": text},
    )
    transaction.on_commit(clear_option_cache)
    return setting
