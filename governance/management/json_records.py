"""Reads a list of JSON records and knows where each stands, so that a complaint names the line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError

from dao_portal.core.db.base import exact_amount
from dao_portal.core.formats import WALLET_ADDRESS

BLANKS = re.compile(r"[ \t\n\r]*")
AMOUNT = re.compile(r"[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
WHOLE = re.compile(r"-?[0-9]{1,20}")
YEAR_10000 = 253_402_300_800
SHOWN = 60


class BrokenFile(Exception):
    """A file that cannot be taken as it is; the text names file and line."""


class Number(str):
    """A JSON number exactly as it is written: it never was a float."""

    __slots__ = ()


DECODER = json.JSONDecoder(parse_float=Number, parse_int=Number, parse_constant=Number)


class JsonText:
    """One JSON file, read from left to right."""

    def __init__(self, name: str, text: str, at: int = 0) -> None:
        self.name, self.text, self.at = name, text, at

    @classmethod
    def load(cls, path: Path) -> JsonText:
        """The text of ``path``; BrokenFile when it cannot be read or is not UTF-8."""
        try:
            content = path.read_bytes()
        except OSError as error:
            raise BrokenFile(f"{path}: {error.strerror}.") from error
        try:
            return cls(path.name, content.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise BrokenFile(f"{path.name}, line {line}: not UTF-8 text.") from error

    def line(self, position: int) -> int:
        return self.text.count("\n", 0, position) + 1

    def broken(self, position: int, problem: str) -> BrokenFile:
        """The complaint about what stands at ``position``."""
        return BrokenFile(f"{self.name}, line {self.line(position)}: {problem}")

    def records(self, name: str) -> Iterator[Record]:
        """The records of ``{"data": {name: [...]}}``, or of a file that is the list itself."""
        found = False
        if self._next() == "[":
            found = True
            yield from self._list()
        elif self._next() == "{":
            for key in self.object_keys():
                if key != "data" or self._next() != "{":
                    self.value()
                    continue
                for inner in self.object_keys():
                    if inner == name and self._next() == "[" and not found:
                        found = True
                        yield from self._list()
                    else:
                        self.value()
        if not found:
            example = f'{{"data": {{"{name}": [...]}}}}'
            raise self.broken(0, f"no list of {name}; expected {example} or the list alone.")
        if self._next():
            raise self.broken(self.at, "something stands behind the end of the JSON text.")

    def object_keys(self) -> Iterator[str]:
        """The keys of the object that starts here; the caller reads each value."""
        for start in self._elements("{", "}"):
            key = self.value()
            if type(key) is not str:
                raise self.broken(start, "a key is missing its quotation marks.")
            self._take(":")
            yield key

    def value(self) -> Any:
        """The value that starts here, with each number as a Number."""
        self._next()
        start = self.at
        try:
            value, self.at = DECODER.raw_decode(self.text, start)
        except json.JSONDecodeError as error:
            # A line that was cut off is noticed on the next one, or later: name where it begins.
            begun, stumbled = self.line(start), self.line(error.pos)
            where = f"line {stumbled}, " if stumbled != begun else ""
            problem = f"not valid JSON ({error.msg}: {where}column {error.colno})."
            raise self.broken(start, problem) from error
        except RecursionError as error:
            raise self.broken(start, "not readable: nested too deeply.") from error
        return value

    def _list(self) -> Iterator[Record]:
        for start in self._elements("[", "]"):
            yield Record(self, start, self.value())

    def _elements(self, opening: str, closing: str) -> Iterator[int]:
        """Stops at each element between the brackets; the caller reads it."""
        self._take(opening)
        more = self._next() != closing
        while more:
            self._next()
            yield self.at
            end = self.at
            more = self._next() == ","
            if more:
                self.at += 1
            elif self._next() != closing:
                raise self.broken(end, f"expected a comma or {closing} after this.")
        self._take(closing)

    def _next(self) -> str:
        """The next character that is not blank, without taking it; "" at the end."""
        match = BLANKS.match(self.text, self.at)
        assert match
        self.at = match.end()
        return self.text[self.at : self.at + 1]

    def _take(self, character: str) -> None:
        if self._next() != character:
            raise self.broken(self.at, f"expected {character} here.")
        self.at += 1


@dataclass(frozen=True)
class Record:
    """One element of the list. Each reader of a field refuses what is not exactly that."""

    source: JsonText
    start: int
    value: Any

    @property
    def line(self) -> int:
        return self.source.line(self.start)

    def broken(self, problem: str, field: str = "") -> BrokenFile:
        """The complaint about this record, with the line of ``field`` where it has one."""
        if not field:
            return self.source.broken(self.start, problem)
        return self.source.broken(self._position(field), f"{field}: {problem}")

    def _position(self, field: str) -> int:
        reader = JsonText(self.source.name, self.source.text, self.start)
        for key in reader.object_keys():
            if key == field:
                return reader.at
            reader.value()
        return self.start

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
