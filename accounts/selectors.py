"""Questions about members' names."""

from __future__ import annotations

from django.db.models import Func, QuerySet, TextField, Value

from .models import MODERATING, User
from .names import normal_username


def member_called(username: str, members: QuerySet[User] | None = None) -> User | None:
    """The one of ``members`` with this username, in any case of letters, composed or not."""
    among = User.objects.all() if members is None else members
    for spelled in dict.fromkeys((username, normal_username(username))):
        if member := among.filter(username__iexact=spelled).first():
            return member
    return None


def looks_taken(username: str) -> bool:
    """Whether a new member called ``username`` would be taken for somebody who is here.

    At most two statements. A moment later the answer may be another: the database decides.
    """
    looks = Func(Value(username), function="skeleton", output_field=TextField())
    if User.objects.filter(username_skeleton=looks).exists():
        return True
    staff = User.objects.filter(MODERATING).exclude(name_skeleton="")
    return staff.filter(name_skeleton=looks).exists()
