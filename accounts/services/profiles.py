"""What a member says about themselves."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext_lazy

from dao_portal.core.actions import Action
from dao_portal.core.audit.events import record
from dao_portal.core.brakes import Limit
from dao_portal.core.errors import DomainError
from dao_portal.core.markdown import render_markdown
from dao_portal.core.text import one_line, validate_one_line

from ..models import Profile, User
from ..names import validate_display_name
from ..preferences import validate_preferences
from ..selectors import names

AN_HOUR = timedelta(hours=1)
SAVES = Limit(
    "accounts.profile_saves_per_hour",
    AN_HOUR,
    ngettext_lazy(
        "You have saved your profile %(n)s time within an hour. You can save it again in %(wait)s.",
        "You have saved your profile %(n)s times within an hour. You can save it again in"
        " %(wait)s.",
        "n",
    ),
)
PICTURES = Limit(
    "accounts.pictures_per_hour",
    AN_HOUR,
    ngettext_lazy(
        "You have sent %(n)s picture within an hour. You can send the next one in %(wait)s.",
        "You have sent %(n)s pictures within an hour. You can send the next one in %(wait)s.",
        "n",
    ),
)


class ProfileChanged(DomainError):
    """The profile was saved elsewhere after it was read for editing.

    ``standing`` is what stands there now, by field, and ``version`` its version.
    """

    message = _lazy(
        "Your profile was changed in another window after you opened this one. Nothing was saved,"
        " and what you wrote is still here: save it again to replace the other version."
    )

    def __init__(self, standing: dict[str, str]) -> None:
        self.standing = standing
        self.version = version_of(standing)
        super().__init__()


def written_profile(member: User, profile: Profile) -> dict[str, str]:
    """What ``member`` has written of themselves, by the form's fields.

    Without the theme, of which each browser has its own, and without the picture.
    """
    return {
        "first_name": member.first_name,
        "last_name": member.last_name,
        "bio": profile.bio,
        "website": profile.website,
        "twitter": profile.twitter,
        "discord": profile.discord,
        "telegram": profile.telegram,
        "time_zone": profile.preferences.get("time_zone", "UTC"),
    }


def version_of(written: dict[str, str]) -> str:
    """A short name for just these words; the rows' ``updated_at`` moves for other reasons too."""
    return hashlib.sha256(json.dumps(written, sort_keys=True).encode()).hexdigest()[:16]


@transaction.atomic
def update_profile(
    *,
    actor: User,
    first_name: str,
    last_name: str,
    bio: str,
    website: str,
    twitter: str,
    discord: str,
    telegram: str,
    theme: str,
    time_zone: str,
    picture: bytes | None = None,
    version: str | None = None,
) -> Profile:
    """Write ``actor``'s own profile; the text becomes HTML once, here.

    Locks the member's count of saves, then the member. Raises TooOften.

    ``picture`` is what square_picture() made; None keeps the one there is. The audit row says which
    fields changed, never to what: they are personal. Raises ValidationError for what no line or
    name may hold, and NameTaken for the name of somebody else.

    ``version`` is that of what ``actor`` read; ProfileChanged where another stands, unless it says
    the same. None where nobody has read any.
    """
    SAVES.count(actor)
    member = User.objects.select_for_update().get(pk=actor.pk)
    profile, _created = Profile.objects.get_or_create(user=member)
    standing = written_profile(member, profile)
    called = {"first_name": one_line(first_name), "last_name": one_line(last_name)}
    words = {
        "bio": bio.strip(),
        "website": website,
        "twitter": one_line(twitter),
        "discord": one_line(discord),
        "telegram": one_line(telegram),
        "preferences": profile.preferences | {"theme": theme, "time_zone": time_zone},
    }
    validate_preferences(words["preferences"])
    for field in ("website", "twitter", "discord", "telegram"):
        validate_one_line(words[field])
    if called != {"first_name": member.first_name, "last_name": member.last_name}:
        validate_display_name(**called)
        names.validate_no_office_of_a_member(" ".join(called.values()))
    changed = [
        name
        for row, values in ((member, called), (profile, words))
        for name, value in values.items()
        if getattr(row, name) != value
    ]
    if version not in (None, version_of(standing)) and changed:
        raise ProfileChanged(standing)
    for name, value in called.items():
        setattr(member, name, value)
    for name, value in words.items():
        setattr(profile, name, value)
    profile.bio_html = render_markdown(profile.bio)
    if picture:
        _delete_picture_file(profile)
        profile.picture.save("", ContentFile(picture), save=False)
        changed.append("picture")
    member.save(update_fields=["first_name", "last_name", "updated_at"])
    profile.save()
    if changed:
        record(Action.PROFILE_CHANGED, actor=actor, resource=profile, new={"changed": changed})
    return profile


@transaction.atomic
def count_picture(*, actor: User) -> None:
    """Ask before a picture is read: that costs, whatever comes of it, so every try counts.

    Locks the member's count of pictures. Raises TooOften.
    """
    PICTURES.count(actor)


@transaction.atomic
def remove_picture(*, actor: User) -> None:
    """Go back to ``actor``'s initials. Locks the member; nothing happens without a picture."""
    member = User.objects.select_for_update().get(pk=actor.pk)
    profile = Profile.objects.filter(user=member).first()
    if profile is None or not profile.picture:
        return
    _delete_picture_file(profile)
    profile.picture = ""
    profile.save(update_fields=["picture", "updated_at"])
    record(Action.PROFILE_CHANGED, actor=actor, resource=profile, new={"changed": ["picture"]})


def _delete_picture_file(profile: Profile) -> None:
    """Delete the picture's file once nothing in the database names it any more.

    A file that cannot be deleted is logged and stays; a change that fails leaves it in place.
    """
    storage, name = profile.picture.storage, profile.picture.name
    if name:
        transaction.on_commit(lambda: storage.delete(name), robust=True)
