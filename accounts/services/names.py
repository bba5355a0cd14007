"""What a member is called."""

from __future__ import annotations

from django.db import transaction

from dao_portal.core.actions import Action
from dao_portal.core.audit.events import record

from ..models import User
from ..names import normal_username, validate_username
from ..selectors import names


@transaction.atomic
def rename_member(*, actor: User | None, member: User, username: str) -> User:
    """Give ``member`` another username. Locks the member; audited with both names.

    Raises ValidationError for what nobody may be called, and NameTaken.
    """
    renamed = User.objects.select_for_update().get(pk=member.pk)
    old = renamed.username
    validate_username(username)
    names.validate_no_office_of_a_member(username)
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
