"""Two changes of one account at the same moment: the second sees what the first left."""

import pytest
from django.db import transaction

from accounts.services.addresses import release_address
from accounts.services.names import rename_member
from dao_portal.core.actions import Action
from dao_portal.core.models import AuditLog
from tests.factories import UserFactory
from tests.threads import PATIENCE, second_session, wait_until_blocked

pytestmark = pytest.mark.django_db(transaction=True)


def test_second_rename_begins_with_the_name_that_the_first_gave():
    member = UserFactory(username="eve")

    with second_session() as start:
        with transaction.atomic():
            rename_member(actor=None, member=member, username="eva")
            second = start(rename_member, actor=None, member=member, username="evita")
            wait_until_blocked()
        assert second.result(PATIENCE).username == "evita"

    renames = AuditLog.objects.filter(action=Action.MEMBER_RENAMED).order_by("created_at")
    assert [(each.old_values["username"], each.new_values["username"]) for each in renames] == [
        ("eve", "eva"),
        ("eva", "evita"),
    ]


def test_address_is_not_taken_from_a_member_who_just_gave_it_up():
    """What they changed it to must not be lost with it."""
    owner = UserFactory()
    other = UserFactory(email="grace@example.org", email_verified=False)

    with second_session() as start:
        with transaction.atomic():
            other.email = "other@example.org"
            other.save()
            release = start(release_address, owner=owner, address="grace@example.org")
            wait_until_blocked()
        release.result(PATIENCE)

    other.refresh_from_db()
    assert other.email == "other@example.org"
    assert not AuditLog.objects.filter(action=Action.EMAIL_REMOVED).exists()
