"""Whose an e-mail address is, and who signs in by it."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Lower

from ..models import User


def members_at(address: str) -> list[User]:
    """Whose ``address`` is, in any case of letters: at most one member.

    Of whoever confirmed it; else of whoever signed up with it and has confirmed none yet. That a
    member has written it down beside a confirmed one says nothing: it may be mistyped, and then a
    stranger reads what is sent there.
    """
    owners = [each.user for each in _confirmed(address).select_related("user")]
    proved = EmailAddress.objects.filter(user=OuterRef("pk"), verified=True)
    # Both are asked for every address: the count of statements must not tell whose it is.
    others = list(_signed_up_with(address).exclude(Exists(proved)))
    return owners or others


def signs_in_at(address: str) -> list[User]:
    """Who signs in by ``address``: at most one member.

    Whoever signed up with it has to confirm it first, and signs in by username until then. Else a
    stranger would sign up with an address, sign in by it, and learn from the answer whose it is.
    """
    return [each for each in members_at(address) if not each.is_unfinished]


def address_is_kept(address: str) -> bool:
    """Whether ``address`` is confirmed, or stands in a member's row, which one member's can."""
    rows = _signed_up_with(address).values("pk")
    return rows.union(_confirmed(address).values("user")).exists()


def is_confirmed_by_another(address: str, *, than: User) -> bool:
    """Whether ``address`` is the account's of another member ``than`` this one."""
    rows = _signed_up_with(address).filter(email_verified=True).exclude(pk=than.pk)
    others = _confirmed(address).exclude(user=than)
    return rows.values("pk").union(others.values("user")).exists()


def _confirmed(address: str) -> QuerySet[EmailAddress]:
    found: QuerySet[EmailAddress] = EmailAddress.objects.filter(
        email=address.lower(), verified=True
    )
    return found


def _signed_up_with(address: str) -> QuerySet[User]:
    members = User.objects.alias(lower_email=Lower("email"))
    return members.filter(lower_email=address.lower())
