"""Names that look alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import Func, TextField, Value
from django.utils.translation import gettext as _

from ..models import MODERATING, User
from ..names import RESERVED_NAME, beside_office, validate_display_name, validate_username

PORTION = 2_000  # members read at a time


@dataclass(frozen=True)
class LookAlike:
    """A member whose name is a problem, in words. ``kind``: "username", or "name" as shown."""

    username: str
    shown: str
    kind: str
    problem: str


def looks_taken(username: str) -> bool:
    """Whether a new member called ``username`` would be taken for somebody who is here.

    At most two statements. A moment later the answer may be another: the database decides.
    """
    looks = Func(Value(username), function="skeleton", output_field=TextField())
    if User.objects.filter(username_skeleton=looks).exists():
        return True
    staff = User.objects.filter(MODERATING).exclude(name_skeleton="")
    return staff.filter(name_skeleton=looks).exists()


def validate_no_office_of_a_member(name: str) -> None:
    """ValidationError when ``name`` is a member's username and an office: gracemod beside a grace.

    Also grace herself is not called so. Whoever is called Mahmod may be, unless somebody is mah.
    """
    rests = beside_office(name)
    if rests and User.objects.filter(username_skeleton__in=rests).exists():
        raise ValidationError(RESERVED_NAME, code="reserved")


def look_alikes() -> Iterator[LookAlike]:
    """Members who look like another, and those whose name could not be chosen today.

    Reads every member, a portion at a time: about half a minute for a million.
    """
    with connection.cursor() as cursor:
        for statement, kind, problem in (
            (SAME_USERNAME, "username", _("The username looks like @%(other)s.")),
            (NAME_OF_A_USERNAME, "name", _("The name looks like @%(other)s.")),
            (NAME_OF_STAFF, "name", _("The name looks like that of @%(other)s, who has a role.")),
            (USERNAME_OF_STAFF, "username", _("It looks like the name of @%(other)s.")),
        ):
            cursor.execute(statement)
            for username, shown, other in cursor.fetchall():
                yield LookAlike(username, shown.strip(), kind, problem % {"other": other})
    # Whoever was imported is called like the address of their wallet until they come.
    members = User.objects.filter(is_active=True).order_by("username")
    names = members.values_list("username", "first_name", "last_name")
    for username, first_name, last_name in names.iterator(chunk_size=PORTION):
        shown = f"{first_name} {last_name}".strip()
        try:
            validate_username(username)
            validate_no_office_of_a_member(username)
        except ValidationError as error:
            yield LookAlike(username, shown, "username", " ".join(error.messages))
        try:
            validate_display_name(first_name, last_name)
            validate_no_office_of_a_member(shown)
        except ValidationError as error:
            yield LookAlike(username, shown, "name", " ".join(error.messages))


SAME_USERNAME = """
    SELECT one.username, one.first_name || ' ' || one.last_name, other.username
    FROM users AS one
    JOIN users AS other ON other.username_skeleton = split_part(one.username_skeleton, '#', 1)
    WHERE one.username_skeleton LIKE '%#%'
    ORDER BY 1
"""
NAME_OF_A_USERNAME = """
    SELECT one.username, one.first_name || ' ' || one.last_name, other.username
    FROM users AS one
    JOIN users AS other ON other.username_skeleton = one.name_skeleton AND other.id <> one.id
    WHERE one.name_skeleton <> ''
    ORDER BY 1, 3
"""
NAME_OF_STAFF = """
    SELECT one.username, one.first_name || ' ' || one.last_name, other.username
    FROM users AS one
    JOIN users AS other ON other.id <> one.id AND other.role IN ('moderator', 'admin') AND (
        other.name_skeleton = one.name_skeleton
        OR lower(other.first_name || ' ' || other.last_name)
            = lower(one.first_name || ' ' || one.last_name)
    )
    WHERE one.name_skeleton <> ''
    ORDER BY 1, 3
"""
USERNAME_OF_STAFF = """
    SELECT one.username, one.first_name || ' ' || one.last_name, other.username
    FROM users AS other
    JOIN users AS one ON one.username_skeleton = other.name_skeleton AND other.id <> one.id
    WHERE other.role IN ('moderator', 'admin') AND other.name_skeleton <> ''
    ORDER BY 1, 3
"""
