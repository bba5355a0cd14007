"""Reads a list of JSON objects: each knows its number and id, so that a complaint names it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError

from dao_portal.core.db.base import exact_amount
from dao_portal.core.formats import WALLET_ADDRESS

AMOUNT = re.compile(r"[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
WHOLE = re.compile(r"-?[0-9]{1,20}")
YEAR_10000 = 253_402_300_800
SHOWN = 60


class BrokenFile(Exception):
    """A file that cannot be taken as it is; the text names the file and the place in it."""


class Number(str):
    """A JSON number exactly as it is written: it never was a float."""

    __slots__ = ()


def read_objects(path: Path, name: str) -> list[JsonObject]:
    """The objects of ``{"data": {name: [...]}}``, or of a file that is the list itself.

    Raises BrokenFile for what cannot be read, or is no such list.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BrokenFile(f"{path}: {error.strerror}.") from error
    try:
        found = json.loads(
            content.decode("utf-8-sig"), parse_float=Number, parse_int=Number, parse_constant=Number
        )
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BrokenFile(f"{path.name}, line {line}: not UTF-8 text.") from error
    except json.JSONDecodeError as error:
        problem = f"not valid JSON, here or right before ({error.msg})."
        raise BrokenFile(
            f"{path.name}, line {error.lineno}, column {error.colno}: {problem}"
        ) from error
    except RecursionError as error:
        raise BrokenFile(f"{path.name}: not readable: nested too deeply.") from error
    if isinstance(found, dict):
        data = found.get("data")
        found = data.get(name) if isinstance(data, dict) else None
    if not isinstance(found, list):
        example = f'{{"data": {{"{name}": [...]}}}}'
        raise BrokenFile(f"{path.name}: no list of {name}; expected {example} or the list alone.")
    return [JsonObject(path.name, number, value) for number, value in enumerate(found, 1)]


@dataclass(frozen=True)
class JsonObject:
    """One element of the list. Each reader of a field refuses what is not exactly that."""

    file: str
    number: int
    value: Any

    @property
    def place(self) -> str:
        """Which one it is: ``number 3 ("0x01")``, or without an id ``number 3``."""
        source_id = self.value.get("id") if isinstance(self.value, dict) else None
        return f"number {self.number}" + (f" ({shown(source_id)})" if source_id else "")

    def broken(self, problem: str, field: str = "") -> BrokenFile:
        """The complaint about this object, or about one ``field`` of it."""
        return BrokenFile(f"{self.file}, {self.place}: {f'{field}: ' if field else ''}{problem}")

    def field(self, name: str) -> Any:
        """The value of ``name``; None when it is null or not there."""
        if not isinstance(self.value, dict):
            raise self.broken("expected an object in braces.")
        return self.value.get(name)

    def text(self, name: str, *, required: bool = True) -> str:
        value = self.field(name)
        if value is None and not required:
            return ""
        if type(value) is not str:
            raise self.broken(f"expected text, not {shown(value)}.", name)
        if required and not value.strip():
            raise self.broken("must not be empty.", name)
        if not _storable(value):
            raise self.broken("holds a character that is no text.", name)
        return value

    def whole(self, name: str) -> int:
        value = self.field(name)
        if not isinstance(value, Number) or not WHOLE.fullmatch(value):
            raise self.broken(f"expected a whole number, not {shown(value)}.", name)
        return int(value)

    def moment(self, name: str) -> datetime:
        """A time in whole seconds since 1970."""
        seconds = self.whole(name)
        if not 0 <= seconds < YEAR_10000:
            raise self.broken(f"{seconds} is not a time in seconds since 1970.", name)
        return datetime.fromtimestamp(seconds, UTC)

    def amount(self, name: str) -> Decimal:
        """A number or its text, zero or more, with every digit that is written."""
        value = self.field(name)
        if not isinstance(value, str) or not AMOUNT.fullmatch(value):
            raise self.broken(f"expected an amount of zero or more, not {shown(value)}.", name)
        try:
            return exact_amount(value)
        except ValidationError as error:
            raise self.broken(error.messages[0], name) from error

    def address(self, name: str) -> str:
        value = self.text(name)
        if not WALLET_ADDRESS.fullmatch(value):
            raise self.broken(f"{shown(value)} is no Ethereum address.", name)
        return value


def shown(value: Any) -> str:
    """``value`` short enough for one line of a complaint."""
    if value is None:
        return "nothing"
    text = value if isinstance(value, Number) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _storable(text: str) -> bool:
    """JSON can write NUL and half a character; PostgreSQL stores neither."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text
