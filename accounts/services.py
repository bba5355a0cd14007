"""What happens to members, apart from what allauth does with their addresses and passwords."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.files.base import ContentFile
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from dao_portal.core.actions import Action
from dao_portal.core.audit.events import record
from dao_portal.core.brakes import Limit
from dao_portal.core.db.base import new_keys
from dao_portal.core.db.bulk import copy_rows
from dao_portal.core.errors import DomainError
from dao_portal.core.markdown import render_markdown
from dao_portal.core.text import one_line, validate_one_line

from .models import Profile, User, Wallet
from .names import normal_username, validate_display_name, validate_username
from .preferences import validate_preferences
from .skeletons import skeleton

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


class WalletClaimed(DomainError):
    """Somebody says that this address is theirs and has not proved it."""


@dataclass(frozen=True)
class ImportedMembers:
    """Member ids by lower-case address, and how many of them are new."""

    ids: dict[str, UUID]
    created: int


@transaction.atomic
def record_joining(*, user: User) -> None:
    """Write down that ``user`` signed up."""
    record(Action.MEMBER_JOINED, actor=user, resource=user)


@transaction.atomic
def add_administrator(*, actor: User | None, username: str, email: str, password: str) -> User:
    """Make a member who administers the portal, whose address needs no mail to be theirs.

    Takes no lock. Raises ValidationError for a username, an address or a password that nobody may
    have, and for what somebody else has.
    """
    member = User(username=username, email=email, email_verified=True, role=User.Role.ADMIN)
    validate_email(email)
    validate_password(password, member)
    member.set_password(password)
    member.full_clean()
    member.save()
    EmailAddress.objects.create(user=member, email=email, verified=True, primary=True)
    record(
        Action.ADMINISTRATOR_ADDED, actor=actor, resource=member, new={"username": member.username}
    )
    return member


@transaction.atomic
def record_account_change(*, action: Action, member: User) -> None:
    """Write down that ``member`` changed what protects their account, never from what to what."""
    record(action, actor=member, resource=member)


@transaction.atomic
def sync_email_verified(*, user: User) -> None:
    """Make ``email_verified`` say of the member's address what allauth knows of it.

    Locks the member. Nothing happens when it already says so.
    """
    member = User.objects.select_for_update().get(pk=user.pk)
    verified = EmailAddress.objects.filter(
        user=member, email__iexact=member.email or "", verified=True
    ).exists()
    if verified == member.email_verified:
        return
    member.email_verified = verified
    member.save(update_fields=["email_verified", "updated_at"])
    if verified:
        record(Action.MEMBER_VERIFIED, actor=member, resource=member)


@transaction.atomic
def release_address(*, owner: User, address: str) -> None:
    """Take ``address``, which ``owner`` proved to be theirs, from whoever only said that it was.

    Otherwise nobody could be known by an address that a stranger once typed: the database keeps it
    for one member, and a link that was mailed there before would still work for the other. Locks
    those other members, in the order of their ids.
    """
    written = EmailAddress.objects.filter(email=address.lower(), verified=False)
    signed_up_with_it = Q(lower_email=address.lower(), email_verified=False)
    claimed = User.objects.alias(lower_email=Lower("email")).filter(
        signed_up_with_it | Q(pk__in=list(written.values_list("user", flat=True)))
    )
    for other in claimed.exclude(pk=owner.pk).order_by("pk").select_for_update():
        EmailAddress.objects.filter(user=other, email__iexact=address, verified=False).delete()
        if (other.email or "").lower() == address.lower():
            other.email = None
            other.save(update_fields=["email", "updated_at"])
        record(Action.EMAIL_REMOVED, actor=owner, resource=other)


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
) -> Profile:
    """Write ``actor``'s own profile; the text becomes HTML once, here.

    Locks the member's count of saves, then the member. Raises TooOften.

    ``picture`` is what square_picture() made; None keeps the one there is. The audit row says which
    fields changed, never to what: they are personal. Raises ValidationError for what no line or
    name may hold, and NameTaken for the name of somebody else.
    """
    SAVES.count(actor)
    member = User.objects.select_for_update().get(pk=actor.pk)
    profile, _created = Profile.objects.get_or_create(user=member)
    names = {"first_name": one_line(first_name), "last_name": one_line(last_name)}
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
    if names != {"first_name": member.first_name, "last_name": member.last_name}:
        validate_display_name(**names)
    changed = [
        name
        for row, values in ((member, names), (profile, words))
        for name, value in values.items()
        if getattr(row, name) != value
    ]
    for name, value in names.items():
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
def rename_member(*, actor: User | None, member: User, username: str) -> User:
    """Give ``member`` another username. Locks the member; audited with both names.

    Raises ValidationError for what nobody may be called, and NameTaken.
    """
    renamed = User.objects.select_for_update().get(pk=member.pk)
    old = renamed.username
    validate_username(username)
    renamed.username = normal_username(username)
    renamed.save(update_fields=["username", "updated_at"])
    record(
        Action.MEMBER_RENAMED,
        actor=actor,
        resource=renamed,
        old={"username": old},
        new={"username": renamed.username},
    )
    return renamed


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


@transaction.atomic
def find_or_create_imported_members(*, addresses: Iterable[str]) -> ImportedMembers:
    """The members who own ``addresses``; an inactive one is made for each that nobody owns.

    A new one has no e-mail, no password, the address as username, and an unverified wallet of it:
    whoever proves that wallet claims the member. Five statements for any number of addresses, and
    no lock: two calls at once for one address end in an IntegrityError.

    Raises WalletClaimed when an active member has the address without proof: to count votes as
    theirs would take their word for it.
    """
    wanted = {address.lower(): address for address in addresses}
    ids = _owners(set(wanted))
    missing = [address for key, address in wanted.items() if key not in ids]
    taken = _taken_looks(missing)
    new = dict(zip(missing, new_keys(len(missing)), strict=True))
    copy_rows(
        User,
        ["id", "username", "password", "is_active"],
        (
            (
                member_id,
                f"{address}-{member_id.hex[-8:]}" if skeleton(address) in taken else address,
                make_password(None),
                False,
            )
            for address, member_id in new.items()
        ),
    )
    copy_rows(
        Wallet,
        ["user", "address", "is_primary"],
        ((member_id, address, True) for address, member_id in new.items()),
    )
    ids |= {address.lower(): member_id for address, member_id in new.items()}
    return ImportedMembers(ids=ids, created=len(new))


def _owners(addresses: set[str]) -> dict[str, UUID]:
    """Who owns the lower-case ``addresses``, or was imported with them before."""
    wallets = Wallet.objects.alias(key=Lower("address")).filter(key__in=addresses)
    owners = {}
    for wallet in wallets.select_related("user"):
        if wallet.user.is_active and not wallet.is_verified:
            raise WalletClaimed(
                _(
                    "%(address)s is a wallet of @%(member)s, and not verified. Verify or remove it "
                    "first."
                )
                % {"address": wallet.address, "member": wallet.user.username}
            )
        owners[wallet.address.lower()] = wallet.user_id
    return owners


def _taken_looks(addresses: list[str]) -> set[str]:
    """Which of the addresses look like a username that is here, as skeletons."""
    looks = [skeleton(address) for address in addresses]
    here = User.objects.filter(username_skeleton__in=looks)
    return set(here.values_list("username_skeleton", flat=True))
