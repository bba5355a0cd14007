"""Members who come: by signing up, or as the authors and voters of what is imported."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.validators import validate_email
from django.db import transaction
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from dao_portal.core.actions import Action
from dao_portal.core.audit.events import record
from dao_portal.core.db.base import new_keys
from dao_portal.core.db.bulk import copy_rows
from dao_portal.core.errors import DomainError

from ..models import User, Wallet
from ..selectors import addresses
from ..skeletons import skeleton


class WalletClaimed(DomainError):
    """Somebody says that this address is theirs and has not proved it."""


@dataclass(frozen=True)
class ImportedMembers:
    """Member ids by lower-case address, and how many of them are new."""

    ids: dict[str, UUID]
    created: int


@transaction.atomic
def sign_up(*, username: str, email: str, password: str) -> User:
    """Make a member who has yet to open the link that is mailed to ``email``.

    Raises NameTaken.

    The same is made and counted whether or not the address is known already, so that nobody learns
    it: not from the time, and not from whether the username is taken afterwards. ``User.email``
    alone differs, which one member can have: where it stands in another row it stays empty, until
    the link is opened and release_address() has taken it from whoever only typed it.
    """
    kept = addresses.address_is_kept(email)
    member = User.objects.create_user(username, None if kept else email, password)
    EmailAddress.objects.create(user=member, email=email.lower(), primary=True)
    return member


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
def find_or_create_imported_members(*, wallet_addresses: Iterable[str]) -> ImportedMembers:
    """The members who own ``wallet_addresses``; an inactive one is made for each that nobody owns.

    A new one has no e-mail, no password, the address as username, and an unverified wallet of it:
    whoever proves that wallet claims the member. Five statements for any number of addresses, and
    no lock: two calls at once for one address end in an IntegrityError.

    Raises WalletClaimed when an active member has the address without proof: to count votes as
    theirs would take their word for it.
    """
    wanted = {address.lower(): address for address in wallet_addresses}
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


def _owners(keys: set[str]) -> dict[str, UUID]:
    """Who owns the lower-case addresses ``keys``, or was imported with them before."""
    wallets = Wallet.objects.alias(key=Lower("address")).filter(key__in=keys)
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


def _taken_looks(wanted: list[str]) -> set[str]:
    """Which of ``wanted`` look like a username that is here, as skeletons."""
    looks = [skeleton(address) for address in wanted]
    here = User.objects.filter(username_skeleton__in=looks)
    return set(here.values_list("username_skeleton", flat=True))
