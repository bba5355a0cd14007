"""What a proposal of the demo is made of: a text, who votes how, and who says what about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Choice = Literal["yes", "no", "abstain"]


@dataclass(frozen=True)
class Said:
    """One member's vote, with a public reason where they gave one."""

    username: str
    choice: Choice
    reason: str = ""


@dataclass(frozen=True)
class Crowd:
    """How everybody else behaves, in hundredths: who votes, and of those who says yes and no.

    Only who has less power than ``below`` votes at all.
    """

    turnout: int
    yes: int
    no: int
    below: int = 1_000_000


@dataclass(frozen=True)
class Text:
    """One proposal. ``days`` is the length of its vote; ``absent`` members do not vote."""

    slug: str
    author: str
    title: str
    body: str
    days: int = 7
    said: tuple[Said, ...] = ()
    crowd: Crowd = Crowd(turnout=0, yes=0, no=0)
    absent: tuple[str, ...] = ()


@dataclass(frozen=True)
class Decided:
    """A text whose vote is over; ``closed_days_ago`` counts from the demo's first start."""

    text: Text
    closed_days_ago: int


@dataclass(frozen=True)
class Remark:
    """A comment, what others answered to it, and who liked it (usernames)."""

    author: str
    text: str
    answers: tuple[Remark, ...] = ()
    liked_by: tuple[str, ...] = ()
