"""Members: who is seen, and who is called what."""

from __future__ import annotations

from django.db.models import QuerySet

from ..models import UNFINISHED, User
from ..names import normal_username


def shown_members() -> QuerySet[User]:
    """Members whom everybody may see: not those whose sign-up was never finished."""
    return User.objects.exclude(UNFINISHED)


def member_called(username: str, members: QuerySet[User] | None = None) -> User | None:
    """The one of ``members`` with this username, in any case of letters, composed or not."""
    among = User.objects.all() if members is None else members
    for spelled in dict.fromkeys((username, normal_username(username))):
        if member := among.filter(username__iexact=spelled).first():
            return member
    return None
