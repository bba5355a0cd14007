"""What every table shares: UUIDv7 keys, timestamps and exact amounts."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Any, ClassVar, TypeVar

import uuid_utils.compat
from django.core.exceptions import ValidationError
from django.db import connection, models
from django.db.models.functions import Length, Now
from django.db.models.lookups import LessThanOrEqual
from django.utils.translation import gettext_lazy as _

from ..markdown import MAX_BESIDES, MAX_TIMES

AMOUNT_PLACES = 18
AMOUNT_DIGITS = 78
ONE_UNIT = Decimal(1).scaleb(-AMOUNT_PLACES)
# Python's default context keeps 28 digits and rounds the rest away without a word.
EXACT = Context(prec=AMOUNT_DIGITS, traps=[Inexact, InvalidOperation])


class UUIDv7(models.Func):
    """PostgreSQL 18's own ``uuidv7()``: every row's key, and with it its place and its time."""

    function = "uuidv7"
    arity = 0
    output_field: ClassVar[models.Field[Any, Any]] = models.UUIDField()


def uuid7() -> uuid.UUID:
    """A new UUIDv7 by this machine's clock, for what is no row: a request, a mail in a folder."""
    return uuid_utils.compat.uuid7()


def database_now() -> datetime:
    """The database's clock at this moment, also late in a transaction. One query.

    Whatever is stored or decided goes by it: a web machine's clock may be months off.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment


def new_keys(count: int) -> list[uuid.UUID]:
    """So many new keys of the database, rising, for rows that refer to each other. One query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT uuidv7() FROM generate_series(1, %s)", [count])
        return [key for (key,) in cursor.fetchall()]


class ChangedAtField(models.DateTimeField[Any, Any]):
    """``auto_now`` by the database's clock. Reads as before until the row is fetched anew."""

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        return Now()

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        """As Django's own: to the table it is the same column."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.DateTimeField", args, kwargs


class BaseModel(models.Model):
    """UUIDv7 key and the two timestamps that the schema asks of every table.

    The key is the database's: it sorts by time, so no web machine's clock may make it. An instance
    knows it once it is saved; ``bulk_create`` does not bring it back (``new_keys`` gives it ahead).
    """

    id = models.UUIDField(primary_key=True, db_default=UUIDv7(), editable=False)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)
    updated_at = ChangedAtField(_("updated"), auto_now=True, db_default=Now())

    class Meta:
        abstract = True


def bounded_html(html: str, text: str, name: str) -> models.CheckConstraint:
    """CHECK: column ``html`` is no larger than the bound for what is made of column ``text``.

    A page, and everybody who reads it, can trust in that (markdown.most_html).
    """
    most = Length(text) * MAX_TIMES + MAX_BESIDES
    return models.CheckConstraint(condition=LessThanOrEqual(Length(html), most), name=name)


def under(way: str, names: Iterable[str]) -> list[str]:
    """Fields at the end of a relation: ("user__profile", ["bio"]) is ["user__profile__bio"]."""
    return [f"{way}__{name}" for name in names]


_Set_contra = TypeVar("_Set_contra", contravariant=True)
_Get_co = TypeVar("_Get_co", covariant=True)


class AmountField(models.DecimalField[_Set_contra, _Get_co]):
    """An exact amount of tokens or power: numeric(78,18).

    18 decimals hold one wei; 60 digits before the point hold any ERC-20 supply (2**256 base units
    have 78 digits). PostgreSQL rounds a 19th decimal silently, so the field refuses it first, also
    on the paths where nobody calls ``full_clean``.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["max_digits"] = AMOUNT_DIGITS
        kwargs["decimal_places"] = AMOUNT_PLACES
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        del kwargs["max_digits"], kwargs["decimal_places"]
        return name, path, list(args), dict(kwargs)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if isinstance(value, float):
            raise TypeError(f"{self.name}: a float is not an exact amount")
        if isinstance(value, (Decimal, int, str)):
            value = exact_amount(value)
        return super().get_db_prep_value(value, connection, prepared)


def exact_amount(value: Decimal | int | str) -> Decimal:
    """``value`` with exactly 18 decimals; ValidationError when a digit would be lost."""
    try:
        amount = Decimal(value)
    except InvalidOperation as error:
        raise ValidationError(_("“%(value)s” is not a number."), params={"value": value}) from error
    if not amount.is_finite():
        raise ValidationError(_("“%(value)s” is not a finite amount."), params={"value": value})
    try:
        return amount.quantize(ONE_UNIT, context=EXACT)
    except Inexact as error:
        raise ValidationError(
            _("“%(value)s” has more than %(places)s decimals."),
            params={"value": value, "places": AMOUNT_PLACES},
        ) from error
    except InvalidOperation as error:
        raise ValidationError(_("“%(value)s” is too large."), params={"value": value}) from error


def exact_sum(amounts: Iterable[Decimal]) -> Decimal:
    """The sum to the last digit: ``sum()`` would round at 28."""
    total = Decimal(0)
    for amount in amounts:
        total = EXACT.add(total, amount)
    return total
