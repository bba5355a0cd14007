"""What the community can decide about the portal: the registry over SETTINGS.

Each option is declared once, with its type and its default; a row in SETTINGS exists only where
somebody decided otherwise. ``get_option`` never takes a second default.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .db.base import exact_amount
from .models import Setting
from .registry import by_key

SECONDS_KEPT = 5.0
MAX_DIGITS = 9  # of a whole number: minutes stay a time, a fraction's parts fit their columns
FRACTION = re.compile(r"[0-9]{1,9}/0*[1-9][0-9]{0,8}")
Type = Setting.Type
Value = str | int | Decimal | bool


@dataclass(frozen=True)
class Option:
    """One decision: ``validate`` gets the parsed value and raises ValidationError."""

    key: str
    type: Setting.Type
    default: Value
    description: str | Promise
    public: bool = True
    validate: Callable[[Any], object] | None = None

    def parse(self, text: str) -> Value:
        """``text`` as this option's type; ValidationError in words when it is none."""
        value = PARSERS[self.type](text.strip())
        if self.validate:
            self.validate(value)
        return value

    def in_force(self, stored: dict[str, str]) -> Value:
        """What ``stored``, texts by key, says of it; where it says nothing, the default."""
        return self.parse(stored[self.key]) if self.key in stored else self.default


def _parse_integer(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValidationError(_("“%(text)s” is not a whole number."), params={"text": text})
    if len(text) > MAX_DIGITS:
        raise ValidationError(_("“%(text)s” is too large."), params={"text": text})
    return int(text)


def _parse_boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValidationError(_("Write true or false, not “%(text)s”."), params={"text": text})
    return text == "true"


PARSERS: dict[str, Callable[[str], Value]] = {
    Type.TEXT: str,
    Type.INTEGER: _parse_integer,
    Type.AMOUNT: exact_amount,
    Type.BOOLEAN: _parse_boolean,
}


def parse_quorum(text: str) -> tuple[Decimal, bool]:
    """``"4000000"`` or ``"4 %"`` as (number, is it a share of all power?)."""
    number, share = text.removesuffix("%").strip(), text.endswith("%")
    amount = exact_amount(number)
    if amount < 0 or (share and amount > 100):
        raise ValidationError(_("A quorum is an amount of power, or 0 % to 100 %."))
    return amount, share


def parse_fraction(text: str) -> Fraction:
    """``"2/3"`` as a Fraction above 0 and at most 1."""
    if not FRACTION.fullmatch(text):
        raise ValidationError(_("Write the share as a fraction, such as 1/2 or 2/3."))
    share = Fraction(text)
    if not 0 < share <= 1:
        raise ValidationError(_("The share must be above 0 and at most 1."))
    return share


def _one_of(*words: str) -> Callable[[str], None]:
    def check(value: str) -> None:
        if value not in words:
            raise ValidationError(
                _("Choose one of: %(words)s."), params={"words": ", ".join(words)}
            )

    return check


def _not_negative(value: int | Decimal) -> None:
    if value < 0:
        raise ValidationError(_("This cannot be negative."))


def _at_least_one(value: int) -> None:
    if value < 1:
        raise ValidationError(_("This cannot be less than 1."))


OPTIONS: dict[str, Option] = by_key(
    (
        Option("community.name", Type.TEXT, "Commons", _("The community's name.")),
        Option(
            "governance.token",
            Type.TEXT,
            "DPT",
            _("Symbol of the token whose holders decide."),
        ),
        Option(
            "governance.quorum",
            Type.TEXT,
            "4 %",
            _("Power that must be counted: an amount, or a share of all power at opening."),
            validate=parse_quorum,
        ),
        Option(
            "governance.quorum_mode",
            Type.TEXT,
            "for_abstain",
            _("What counts toward the quorum: for_abstain, for, or turnout."),
            validate=_one_of("for_abstain", "for", "turnout"),
        ),
        Option(
            "governance.approval",
            Type.TEXT,
            "1/2",
            _("Share of For among For and Against that a proposal needs."),
            validate=parse_fraction,
        ),
        Option(
            "governance.proposal_threshold",
            Type.AMOUNT,
            Decimal(1),
            _("Power that a member needs to publish a proposal."),
            validate=_not_negative,
        ),
        Option(
            "governance.notice_minutes",
            Type.INTEGER,
            24 * 60,
            _("Shortest time from publishing to opening, in minutes."),
        ),
        Option(
            "governance.voting_minutes_min",
            Type.INTEGER,
            24 * 60,
            _("Shortest voting time, in minutes."),
        ),
        Option(
            "governance.voting_minutes_max",
            Type.INTEGER,
            30 * 24 * 60,
            _("Longest voting time, in minutes."),
        ),
        Option(
            "governance.drafts_per_day",
            Type.INTEGER,
            20,
            _("Most drafts that one member can start within a day."),
            validate=_at_least_one,
        ),
        Option(
            "governance.proposals_per_day",
            Type.INTEGER,
            5,
            _("Most proposals that one member can publish within a day."),
            validate=_at_least_one,
        ),
        Option(
            "governance.edits_per_hour",
            Type.INTEGER,
            60,
            _("Most changes of drafts and proposals that one member can save within an hour."),
            validate=_at_least_one,
        ),
        Option(
            "power.balance_weight",
            Type.AMOUNT,
            Decimal(1),
            _("Power of one token that is held."),
            validate=_not_negative,
        ),
        Option(
            "power.staked_weight",
            Type.AMOUNT,
            Decimal(1),
            _("Power of one token that is staked."),
            validate=_not_negative,
        ),
        Option(
            "social.comments_per_5_minutes",
            Type.INTEGER,
            60,
            _("Most comments that one member can post within five minutes."),
            validate=_at_least_one,
        ),
        Option(
            "governance.vote_changes_per_hour",
            Type.INTEGER,
            60,
            _("Most changes of votes by one member within an hour; first votes are not counted."),
            validate=_at_least_one,
        ),
        Option(
            "governance.previews_per_hour",
            Type.INTEGER,
            300,
            _("Most previews and checks of a proposal's text by one member within an hour."),
            validate=_at_least_one,
        ),
        Option(
            "social.reactions_per_5_minutes",
            Type.INTEGER,
            120,
            _("Most likes and dislikes, given or taken back, of one member within five minutes."),
            validate=_at_least_one,
        ),
        Option(
            "accounts.profile_saves_per_hour",
            Type.INTEGER,
            30,
            _("Most times that one member can save their profile within an hour."),
            validate=_at_least_one,
        ),
        Option(
            "accounts.pictures_per_hour",
            Type.INTEGER,
            10,
            _("Most pictures that one member can send within an hour, readable or not."),
            validate=_at_least_one,
        ),
        Option(
            "notifications.keep_months",
            Type.INTEGER,
            0,
            _("Months that notifications are kept beside the current one; 0 keeps them for ever."),
        ),
        Option(
            "audit.keep_months",
            Type.INTEGER,
            0,
            _("Months that audit entries are kept beside the current one; 0 keeps them for ever."),
        ),
        Option(
            "audit.keep_whole_ip",
            Type.BOOLEAN,
            False,
            _("Keep whole network addresses in the audit log instead of cutting them."),
            public=False,
        ),
    ),
    key=lambda option: option.key,
)


class _Cache:
    """All rows of SETTINGS, kept for five seconds in each process: one query, not one a key."""

    values: dict[str, str] | None = None
    read_at = 0.0


def clear_option_cache() -> None:
    """Forget what was read: the next ``get_option`` asks the database."""
    _Cache.values = None


def get_option(key: str) -> Any:
    """The value in force, parsed; KeyError for a key that nobody declared."""
    now = time.monotonic()
    values = _Cache.values
    if values is None or now - _Cache.read_at > SECONDS_KEPT:
        values = _stored(OPTIONS)
        _Cache.values, _Cache.read_at = values, now
    return OPTIONS[key].in_force(values)


def read_options(*keys: str) -> dict[str, Any]:
    """The values that stand in the database now, whatever is remembered; nothing is kept."""
    stored = _stored(keys)
    return {key: OPTIONS[key].in_force(stored) for key in keys}


def _stored(keys: Iterable[str]) -> dict[str, str]:
    return dict(Setting.objects.filter(key__in=keys).values_list("key", "value"))
