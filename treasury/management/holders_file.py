"""Reads a list of holders: holder,balance,staked. Every complaint names its line."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from dao_portal.core.formats import WALLET_ADDRESS

from ..services import holders

COLUMNS = ("holder", "balance", "staked")
REQUIRED = ("holder", "balance")
AMOUNT = re.compile(r"[0-9]{1,60}(\.[0-9]{1,18})?")
EMAIL = re.compile(r"[^@\s,]+@[^@\s,]+\.[^@\s,]+")
MAX_COMPLAINTS = 20


class BrokenFile(Exception):
    """The file cannot be what it should be; the text names each line that is wrong."""


def read_holders(path: Path) -> list[holders.HolderLine]:
    """All lines of ``path``; BrokenFile with the first twenty complaints when any is wrong.

    UTF-8, with or without a byte order mark, any line ends. The first line names the columns:
    holder (an 0x address or an e-mail address), balance and, if there is one, staked. Amounts are
    plain digits with at most 18 decimals after a point.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _read(csv.reader(file, strict=True))
    except OSError as error:
        raise BrokenFile(f"{path}: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise BrokenFile(f"{path} is not UTF-8: byte {error.start} cannot be read.") from error


def _read(reader: Iterator[list[str]]) -> list[holders.HolderLine]:
    lines: list[holders.HolderLine] = []
    complaints: list[str] = []
    number = 1
    try:
        columns = _columns(next(reader, []))
        for number, cells in enumerate(reader, start=2):
            if not any(cell.strip() for cell in cells):
                continue
            try:
                lines.append(_line(number, columns, cells))
            except ValueError as error:
                complaints.append(f"Line {number}: {error}")
                if len(complaints) == MAX_COMPLAINTS:
                    break
    except csv.Error as error:
        complaints.append(f"Line {number + 1}: {error}.")
    if complaints:
        raise BrokenFile("\n".join(complaints))
    return lines


def _columns(header: list[str]) -> list[str]:
    names = [name.strip().lower() for name in header]
    unknown = [name or "(empty)" for name in names if name not in COLUMNS]
    missing = [name for name in REQUIRED if name not in names]
    if unknown or missing or len(set(names)) != len(names):
        problem = (
            f"unknown column {', '.join(unknown)}"
            if unknown
            else f"no column {', '.join(missing)}"
            if missing
            else "a column is there twice"
        )
        raise BrokenFile(f"Line 1: {problem}; write holder,balance or holder,balance,staked.")
    return names


def _line(number: int, columns: list[str], cells: list[str]) -> holders.HolderLine:
    if len(cells) != len(columns):
        raise ValueError(f"{len(cells)} values where the first line names {len(columns)} columns.")
    values = dict(zip(columns, (cell.strip() for cell in cells), strict=True))
    holder = values["holder"].lower()
    if not WALLET_ADDRESS.fullmatch(holder) and not EMAIL.fullmatch(holder):
        raise ValueError(f"“{values['holder']}” is neither an 0x address nor an e-mail address.")
    return holders.HolderLine(
        number=number,
        holder=holder,
        balance=_amount("balance", values["balance"]),
        staked=_amount("staked", values.get("staked") or "0"),
    )


def _amount(column: str, text: str) -> Decimal:
    if not AMOUNT.fullmatch(text):
        raise ValueError(
            f"{column} “{text}” is not an amount; write digits with at most 18 decimals after a"
            " point, such as 1250 or 0.5."
        )
    return Decimal(text)
