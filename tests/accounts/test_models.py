"""Members: roles rule, and no e-mail address is NULL."""

import pytest
from django.contrib.auth import authenticate
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from tests.factories import PASSWORD, UserFactory
from tests.sql import sql

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("role", "is_staff", "is_superuser"),
    [("user", False, False), ("moderator", True, False), ("admin", True, True)],
)
def test_djangos_flags_follow_the_role(role, is_staff, is_superuser):
    member = UserFactory(role=role)

    assert (member.is_staff, member.is_superuser) == (is_staff, is_superuser)
    assert member.has_perm("governance.change_proposal") == is_superuser
    assert member.has_module_perms("governance") == is_superuser


def test_a_deactivated_administrator_may_nothing():
    member = UserFactory(role="admin", is_active=False)

    assert not member.has_perm("governance.change_proposal")
    assert authenticate(username=member.username, password=PASSWORD) is None


@pytest.mark.parametrize("email", [None, ""])
def test_no_address_is_null_and_any_number_may_have_none(email):
    members = [User.objects.create_user(f"imported{number}", email) for number in range(2)]

    assert [member.email for member in members] == [None, None]


def test_a_member_without_a_password_cannot_sign_in():
    member = User.objects.create_user("imported")

    assert not member.has_usable_password()
    assert not member.check_password("")


def test_create_superuser_makes_an_administrator():
    assert User.objects.create_superuser("root", "root@example.org", PASSWORD).role == "admin"


def test_a_name_is_never_empty():
    ada = UserFactory(username="ada", first_name="Ada", last_name="Okafor")

    assert (ada.get_full_name(), str(ada)) == ("Ada Okafor", "Ada Okafor (@ada)")
    assert str(UserFactory(username="mira")) == "@mira"
    assert UserFactory(username="tomo", first_name="Tomo").get_short_name() == "Tomo"


def test_username_in_any_case_has_its_index():
    """A million members sign in, too."""
    with CaptureQueriesContext(connection) as asked:
        list(User.objects.filter(username__iexact="Ada"))
    sql("SET LOCAL enable_seqscan = off")
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + asked.captured_queries[0]["sql"])
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "users_username_upper_ix" in plan
