"""Two changes of one account at the same moment: the second sees what the first left."""

import pytest
from django.db import transaction

from accounts.services.names import rename_member
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

    renames = AuditLog.objects.filter(action="member.renamed").order_by("created_at")
    assert [(each.old_values["username"], each.new_values["username"]) for each in renames] == [
        ("eve", "eva"),
        ("eva", "evita"),
    ]
