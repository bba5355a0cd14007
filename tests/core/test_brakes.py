"""How often a member can do a thing: exactly so often, however many come at once."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models import F
from django.utils.translation import ngettext_lazy

from dao_portal.core.brakes import Limit, TooOften
from dao_portal.core.models import Brake
from dao_portal.core.options import clear_option_cache
from dao_portal.core.services.options import set_option
from tests.factories import UserFactory
from tests.threads import all_at_once

LIMIT = Limit(
    "governance.drafts_per_day",
    timedelta(days=1),
    ngettext_lazy("%(n)s draft, %(wait)s", "%(n)s drafts, %(wait)s", "n"),
)


def act(member) -> None:
    with transaction.atomic():
        LIMIT.count(member)


@pytest.fixture
def ada(ada):
    set_option(LIMIT.option, "3", actor=None)
    clear_option_cache()
    return ada


def test_so_many_and_no_more_until_the_time_is_over(ada):
    for _time in range(3):
        act(ada)

    with pytest.raises(TooOften, match=r"^3 drafts, 23 hours$"):
        act(ada)
    act(UserFactory())
    Brake.objects.filter(user=ada).update(since=F("since") - timedelta(hours=23, minutes=30))
    with pytest.raises(TooOften, match=r"^3 drafts, 29 min$"):
        act(ada)
    Brake.objects.filter(user=ada).update(since=F("since") - timedelta(minutes=30))
    act(ada)
    assert Brake.objects.get(user=ada).count == 1


def test_act_that_failed_was_not_counted(ada):
    for _time in range(9):
        with transaction.atomic():
            LIMIT.count(ada)
            transaction.set_rollback(True)

    assert not Brake.objects.exists()


@pytest.mark.stress
@pytest.mark.django_db(transaction=True)
def test_no_more_get_through_when_all_come_at_once():
    set_option(LIMIT.option, "3", actor=None)
    clear_option_cache()
    ada = UserFactory()

    results = all_at_once([lambda: act(ada)] * 30)

    assert [type(result) for result in results if result] == [TooOften] * 27
    assert Brake.objects.get(user=ada).count == 3


@pytest.mark.django_db(transaction=True)
def test_count_outside_a_transaction_is_a_mistake():
    with pytest.raises(RuntimeError, match="inside the transaction"):
        LIMIT.count(UserFactory())
