"""A form that is sent twice does its work once: at once, later, and by whom."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from django.db.models.functions import Now

from dao_portal.core.models import FormKey
from dao_portal.core.once import AlreadySent, claim, forget_old_keys, made_before, read_key
from dao_portal.core.tasks import forget_form_keys
from tests.factories import UserFactory
from tests.threads import second_session, wait_until_blocked

FIRST, SECOND, KEY = UUID(int=1), UUID(int=2), UUID(int=7)


def send(result, *, key=KEY, form="comment", actor=None, sent=("Hello.",)) -> UUID:
    with transaction.atomic():
        return claim(key, form=form, actor=actor, sent=sent, result=result)


@pytest.mark.django_db
def test_second_sending_gets_the_first_result():
    ada = UserFactory()

    assert send(FIRST, actor=ada) == FIRST
    assert send(SECOND, actor=ada) == FIRST
    assert FormKey.objects.count() == 1


@pytest.mark.django_db
def test_key_belongs_to_its_member_and_its_form():
    ada, mira = UserFactory(), UserFactory()
    send(FIRST, actor=ada)

    assert send(SECOND, actor=mira) == SECOND
    assert send(SECOND, actor=ada, form="draft") == SECOND
    assert send(SECOND, actor=None) == SECOND
    assert send(FIRST, actor=None) == SECOND


@pytest.mark.django_db
def test_form_without_a_key_is_a_new_one():
    assert send(FIRST, key=None) == FIRST
    assert send(SECOND, key=None) == SECOND
    assert not FormKey.objects.exists()


@pytest.mark.parametrize("text", ["", "7", "null", "\0", "g" * 32])
def test_what_is_no_key_counts_as_none(text):
    assert read_key({"key": text}) is None
    assert read_key({}) is None
    assert read_key({"key": str(KEY)}) == KEY


@pytest.mark.django_db
def test_key_for_other_words_is_refused():
    send(FIRST)

    with pytest.raises(AlreadySent):
        send(SECOND, sent=["Hello!"])
    with pytest.raises(AlreadySent):
        made_before(KEY, form="comment", actor=None, sent=["Hello!"])
    assert made_before(KEY, form="comment", actor=None, sent=["Hello."]) == FIRST
    assert made_before(uuid4(), form="comment", actor=None, sent=["Hello."]) is None


@pytest.mark.django_db
def test_words_are_not_kept():
    send(FIRST, sent=["ada@example.org"])

    (row,) = FormKey.objects.values_list("form", "key", "sent", "result")
    assert "ada" not in str(row)


@pytest.mark.django_db
def test_key_of_a_refused_form_is_as_good_as_new():
    with transaction.atomic():
        claim(KEY, form="comment", actor=None, sent=["Hello."], result=FIRST)
        transaction.set_rollback(True)

    assert send(SECOND) == SECOND


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("ends_well", [True, False])
def test_second_sending_waits_for_the_first(ends_well):
    with second_session() as start:
        with transaction.atomic():
            claim(KEY, form="comment", actor=None, sent=["Hello."], result=FIRST)
            second = start(send, SECOND)
            wait_until_blocked()
            transaction.set_rollback(not ends_well)
        assert second.result(timeout=30) == (FIRST if ends_well else SECOND)


@pytest.mark.django_db
def test_keys_are_forgotten_after_a_day():
    send(FIRST)
    send(SECOND, key=uuid4())
    FormKey.objects.filter(key=KEY).update(created_at=Now() - timedelta(days=1, seconds=1))

    assert forget_form_keys.delay().get() == 1
    assert [row.result for row in FormKey.objects.all()] == [SECOND]
    assert forget_old_keys() == 0


@pytest.mark.django_db(transaction=True)
def test_claim_outside_a_transaction_is_a_mistake():
    with pytest.raises(RuntimeError, match="inside the transaction"):
        claim(KEY, form="comment", actor=None, sent=[], result=FIRST)
