"""Links between the pages of the admin, and what a search box can be asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.apps import apps
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import Model
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext

UUID_IN_WORDS = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def registered_admins() -> Iterator[Any]:
    """The admin of every model, in the order of the apps."""
    for model in apps.get_models():
        if admin.site.is_registered(model):
            yield admin.site.get_model_admin(model)


def list_address(app: str, model: str, words: str = "") -> str:
    """The address of a list, searched for ``words``."""
    query = {"q": words} if words else None
    return reverse(f"admin:{app}_{model}_changelist", query=query)


def link_to(row: Model | None, label: object = "") -> str | None:
    """A link to the admin's page of ``row``; None for none. Costs no query."""
    if row is None:
        return None
    meta = row._meta
    address = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])
    return format_html('<a href="{}">{}</a>', address, label or row)


def yes_or_no(value: bool) -> str:
    """In words: on a phone's card a tick says nothing of what it ticks."""
    return gettext("yes") if value else gettext("no")


def member_named(words: str) -> UUID | None:
    """The key of the member with exactly this username, however capitalised; @ may lead it."""
    members = get_user_model()._default_manager.alias(  # noqa: SLF001  (whatever it is called)
        lower_username=Lower("username")
    )
    found: UUID | None = (
        members.filter(lower_username=words.lower().removeprefix("@"))
        .values_list("pk", flat=True)
        .first()
    )
    return found


def number_in(words: str) -> int | None:
    """The number in "42" or "#42"; None for anything else, or what no number of a row can be."""
    number = words.removeprefix("#")
    if number.isascii() and number.isdigit() and len(number) <= len(str(2**62)) - 1:
        return int(number)
    return None


def key_in(words: str) -> UUID | None:
    """The key in ``words``: typed alone, or within an address of the portal."""
    found = UUID_IN_WORDS.search(words)
    return UUID(found[0]) if found else None
