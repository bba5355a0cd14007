"""E-mail addresses, apart from what allauth does with them."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Lower

from dao_portal.core.actions import Action
from dao_portal.core.audit.events import record

from ..models import User


@transaction.atomic
def sync_email_verified(*, user: User) -> None:
    """Make ``email_verified`` say of the member's address what allauth knows of it.

    Locks the member. Nothing happens when it already says so. A sign-up whose address stood in
    another row gets it here.
    """
    member = User.objects.select_for_update().get(pk=user.pk)
    if member.email is None:
        member.email = (
            EmailAddress.objects.filter(user=member, primary=True, verified=True)
            .values_list("email", flat=True)
            .first()
        )
    verified = EmailAddress.objects.filter(
        user=member, email__iexact=member.email or "", verified=True
    ).exists()
    if verified == member.email_verified:
        return
    member.email_verified = verified
    member.save(update_fields=["email", "email_verified", "updated_at"])
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
