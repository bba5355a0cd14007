"""How a member likes the portal: what may stand in ``profiles.preferences``, and how it is read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

THEMES = {"light": _("Light"), "dark": _("Dark"), "auto": _("Device")}
# The zones that people live in. All others are old names of these, such as US/Eastern.
REGIONS = {
    "Africa": _("Africa"),
    "America": _("America"),
    "Antarctica": _("Antarctica"),
    "Arctic": _("Arctic"),
    "Asia": _("Asia"),
    "Atlantic": _("Atlantic"),
    "Australia": _("Australia"),
    "Europe": _("Europe"),
    "Indian": _("Indian Ocean"),
    "Pacific": _("Pacific"),
}


def validate_preferences(preferences: Any) -> None:
    """ValidationError unless ``preferences`` is a dict of known keys, each with a known value."""
    known = {"theme": THEMES, "time_zone": zone_names()}
    if not isinstance(preferences, dict) or any(
        not isinstance(value, str) or value not in known.get(key, ())
        for key, value in preferences.items()
    ):
        raise ValidationError(_("These are no preferences that the portal knows."))


def zone_of(preferences: Mapping[str, Any]) -> tzinfo:
    """The chosen zone. UTC where none is, or one that this machine has no rules for."""
    name = preferences.get("time_zone", "UTC")
    return ZoneInfo(name) if name in zone_names() and name != "UTC" else UTC


@lru_cache
def zone_names() -> frozenset[str]:
    """What can be chosen: UTC, and places by region such as Africa/Lagos."""
    places = (name for name in available_timezones() if name.partition("/")[0] in REGIONS)
    return frozenset({"UTC", *places})


def zone_choices(now: datetime) -> list[tuple[Any, Any]]:
    """The zones for a <select>: UTC, then a group for each region, by place."""
    groups: dict[str, list[tuple[str, str]]] = {region: [] for region in REGIONS}
    for name in zone_names() - {"UTC"}:
        groups[name.partition("/")[0]].append((name, _zone_label(name, now)))
    return [
        ("UTC", "UTC"),
        *((label, sorted(groups[region], key=_by_label)) for region, label in REGIONS.items()),
    ]


def _by_label(zone: tuple[str, str]) -> str:
    return zone[1]


def _zone_label(name: str, now: datetime) -> str:
    """ "Buenos Aires, Argentina (UTC-3)": the place first, because that is what people type."""
    places = name.replace("_", " ").split("/")[1:]
    offset = ZoneInfo(name).utcoffset(now) or timedelta(0)
    hours, minutes = divmod(abs(offset) // timedelta(minutes=1), 60)
    sign = "-" if offset < timedelta(0) else "+"
    ahead = f"{sign}{hours}:{minutes:02d}" if minutes else f"{sign}{hours}"
    return f"{', '.join(reversed(places))} (UTC{ahead if offset else ''})"
