"""Keys that tell the time, and amounts that lose no digit on any path to the database."""

from decimal import Decimal, localcontext

import pytest
from django.core.exceptions import ValidationError
from django.db import DataError, transaction
from django.db.models import F
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from dao_portal.core.db.base import EXACT, exact_amount, uuid7
from dao_portal.core.models import Setting
from tests.factories import HoldingFactory, TokenFactory, UserFactory
from tests.sql import sql
from treasury.models import UserToken

UNIT = Decimal("0.000000000000000001")
LARGEST = Decimal("9" * 60 + "." + "9" * 18)


# --- keys ---------------------------------------------------------------------------------------


def test_keys_grow_with_time():
    keys = [uuid7() for _ in range(10_000)]

    assert keys == sorted(set(keys))
    assert {key.version for key in keys} == {7}


@pytest.mark.django_db
def test_python_and_sql_put_keys_into_the_same_order():
    """Newest first by key must be newest first by time, whoever made the key."""
    made = []
    for _ in range(20):
        made.append(uuid7())
        wait_for_the_next_millisecond()
        made.append(sql("SELECT uuidv7()")[0][0])
        wait_for_the_next_millisecond()

    in_sql = [
        key for (key,) in sql("SELECT key FROM unnest(%(made)s) AS key ORDER BY 1", made=made)
    ]
    assert sorted(made) == in_sql == made


def wait_for_the_next_millisecond():
    """The time in a key is as exact as that; within one, makers may interleave."""
    start = timezone.now()
    while (timezone.now() - start).total_seconds() < 0.002:
        pass


@pytest.mark.django_db
def test_sql_makes_key_and_times_by_itself():
    sql("INSERT INTO settings (key, value, type, description) VALUES ('a', 'b', 'text', '')")

    row = Setting.objects.get(key="a")
    assert row.pk.version == 7
    assert abs((timezone.now() - row.created_at).total_seconds()) < 5
    assert row.updated_at >= row.created_at


# --- amounts ------------------------------------------------------------------------------------

NOT_EXACT = [
    (0.5, TypeError),
    (Decimal("0.1") + UNIT / 10, ValidationError),
    ("0.0000000000000000001", ValidationError),
    (Decimal("1e60"), ValidationError),
    (Decimal("-1e60"), ValidationError),
    (10**60, ValidationError),
    (Decimal("NaN"), ValidationError),
    (Decimal("sNaN"), ValidationError),
    (Decimal("Infinity"), ValidationError),
    ("-inf", ValidationError),
    ("twelve", ValidationError),
    ("", ValidationError),
]


def save_by_create(value):
    HoldingFactory(balance=value, voting_power=0)


def save_by_bulk_create(value):
    holding = UserToken(user=UserFactory(), token=TokenFactory(), balance=value)
    UserToken.objects.bulk_create([holding])


def save_by_save(value):
    holding = HoldingFactory()
    holding.balance = value
    holding.save()


def save_by_update(value):
    HoldingFactory()
    UserToken.objects.update(balance=value)


def save_by_bulk_update(value):
    holding = HoldingFactory()
    holding.balance = value
    UserToken.objects.bulk_update([holding], ["balance"])


PATHS = [
    save_by_create,
    save_by_bulk_create,
    save_by_save,
    save_by_update,
    save_by_bulk_update,
]


@pytest.mark.django_db
@pytest.mark.parametrize("save", PATHS)
@pytest.mark.parametrize(("value", "error"), NOT_EXACT)
def test_what_is_no_exact_amount_is_refused_on_every_path(save, value, error):
    with pytest.raises(error), transaction.atomic():
        save(value)
    assert UserToken.objects.exclude(balance=100).count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize("save", PATHS)
@pytest.mark.parametrize("value", [LARGEST, UNIT, Decimal(0), "1e-18", 7, "12480.50"])
def test_an_exact_amount_comes_back_to_the_last_digit(save, value):
    save(value)

    back = UserToken.objects.get().balance
    assert back == Decimal(value)
    assert back.as_tuple().exponent == -18


@pytest.mark.django_db
def test_an_amount_can_be_an_expression():
    HoldingFactory(balance=LARGEST, voting_power=0)

    UserToken.objects.update(balance=F("balance") - UNIT)

    with localcontext(EXACT):
        assert UserToken.objects.get().balance == LARGEST - UNIT


@pytest.mark.django_db
def test_postgresql_refuses_what_python_never_saw():
    HoldingFactory(balance=LARGEST, voting_power=0)

    with pytest.raises(DataError, match="overflow"), transaction.atomic():
        UserToken.objects.update(balance=F("balance") + 1)


@given(st.integers(1, 10**78 - 1), st.sampled_from(["", "-"]))
def test_every_amount_of_78_digits_is_exact(units, sign):
    text = f"{sign}{units // 10**18}.{units % 10**18:018d}"

    assert format(exact_amount(text), "f") == text


def test_an_amount_is_exact_whatever_the_thread_rounds_to():
    with localcontext(prec=5):
        assert str(exact_amount("123456789.000000000000000001")) == "123456789.000000000000000001"
