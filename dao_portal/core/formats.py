"""How the portal writes numbers, times and browsers, and what a wallet's address looks like.

Numbers come in as Decimal, Fraction or int and are never turned into floats. Short forms are cut,
not rounded, so that nothing ever looks like it reached a mark that it missed.
"""

import re
from datetime import UTC, datetime, timedelta
from decimal import ROUND_DOWN, Context, Decimal
from fractions import Fraction

from django.utils import dateformat, timezone
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

Number = Decimal | Fraction | int
SHORT_FROM = 100_000
UNITS = ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "k"))
MINUS = "\N{MINUS SIGN}"
WIDE = Context(prec=100, rounding=ROUND_DOWN)  # more digits than numeric(78,18) can hold
WALLET_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
DATE_AND_TIME = "j M Y, H:i"
# What a User-Agent says -> who says it. The order matters: all of them claim to be Safari.
BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


# --- numbers --------------------------------------------------------------------------------


def _decimal(value: Number | str) -> Decimal:
    """``value`` as a Decimal, cut after 40 places where it has no end; TypeError for a float."""
    if isinstance(value, float):
        raise TypeError("a float is not an exact number")
    if isinstance(value, Fraction):
        return WIDE.divide(Decimal(value.numerator), Decimal(value.denominator))
    return Decimal(value)


def _cut(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), context=WIDE)


def _plain(value: Decimal) -> str:
    """Every digit, thousands separators, no trailing zeros, a true minus sign."""
    text = f"{value.copy_abs():,f}"  # abs() would round to 28 digits
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return MINUS + text if value < 0 else text


def amount(value: Number | None) -> str:
    """The whole number, exactly: 12,480 or 0.000001."""
    if type(value) is int and value >= 0:
        return f"{value:,}"  # most of what a page counts, at a tenth of the price
    return "" if value is None else _plain(_decimal(value))


def power(value: Number | None) -> str:
    """A number to be read at a glance: 12,480, then 792.15k, 2.18M, 1.5B.

    At most two decimals, cut. Something too small for them is "<0.01", never "0".
    """
    if value is None:
        return ""
    number = _decimal(value)
    size = number.copy_abs()
    if size >= SHORT_FROM:
        scale, letter = next(unit for unit in UNITS if size >= unit[0])
        return _plain(_cut(WIDE.divide(number, Decimal(scale)), 2)) + letter
    short = _cut(number, 2)
    if number and not short:
        return "<0.01" if number > 0 else f"{MINUS}<0.01"
    return _plain(short)


def percent(value: Number | None, places: int = 1) -> str:
    """A number of hundredths with its sign: 59.96 is "59.9%", because 60 % was missed."""
    return "" if value is None else _plain(_cut(_decimal(value), int(places))) + "%"


def num(value: Number | None) -> str:
    """A share of 0 to 100 for an SVG attribute: ``<rect width="{{ share|num }}%">``."""
    if value is None:
        return "0"
    share = min(max(_decimal(value), Decimal(0)), Decimal(100))
    return f"{_cut(share, 2):f}"


def round_below(limit: Fraction) -> Fraction:
    """The largest amount for an axis, 1, 2 or 5 times a power of ten, not above ``limit`` > 0."""
    return max(amount for amount in _round_amounts(limit) if amount <= limit)


def round_above(limit: Fraction) -> Fraction:
    """The smallest one that is not below ``limit`` > 0."""
    return min(amount for amount in _round_amounts(limit) if amount >= limit)


def _round_amounts(near: Fraction) -> list[Fraction]:
    """Those between the powers of ten around ``near``, both of them among them."""
    power = Fraction(1)
    while power * 10 <= near:
        power *= 10
    while power > near:
        power /= 10
    return [power * factor for factor in (1, 2, 5, 10)]


# --- times ----------------------------------------------------------------------------------


def spell_distance(span: timedelta) -> str:
    """``span`` in words, cut to the unit that matters at its length."""
    minutes = int(span.total_seconds()) // 60
    hours, days = minutes // 60, span.days
    if minutes < 1:
        return gettext("less than a minute")
    if hours < 1:
        return ngettext("%(count)s min", "%(count)s min", minutes) % {"count": minutes}
    if hours < 6 and minutes % 60:
        return gettext("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": minutes % 60}
    if hours < 48:
        return ngettext("%(count)s hour", "%(count)s hours", hours) % {"count": hours}
    if days < 60:
        return ngettext("%(count)s day", "%(count)s days", days) % {"count": days}
    months = days // 30
    if months < 24:
        return ngettext("%(count)s month", "%(count)s months", months) % {"count": months}
    years = days // 365
    return ngettext("%(count)s year", "%(count)s years", years) % {"count": years}


def until(moment: datetime | None, now: datetime | None = None) -> str:
    """How long it is until then: "closes in {{ closes|until }}". ``now`` defaults to the clock."""
    if moment is None:
        return ""
    return spell_distance(max(moment - (now or timezone.now()), timedelta(0)))


def since(moment: datetime | None, now: datetime | None = None) -> str:
    """How long ago it was: "7 hours ago", "just now"."""
    if moment is None:
        return ""
    span = (now or timezone.now()) - moment
    if span < timedelta(minutes=1):
        return gettext("just now")
    return gettext("%(distance)s ago") % {"distance": spell_distance(span)}


RELATIVE = {"since": since, "until": until}


def zone_name(moment: datetime) -> str:
    """CET, or UTC-03 where the people have no letters for their zone."""
    name = moment.tzname() or ""
    return f"UTC{name}" if name.startswith(("+", "-")) else name


def when(moment: datetime | None, form: str = DATE_AND_TIME) -> str:
    """A <time> in the viewer's zone, with the exact UTC time as its title.

    ``form`` is one of Django's date formats, or "since" or "until". Where the format has hours,
    the zone is named after them.
    """
    if moment is None:
        return ""
    if form in RELATIVE:
        text = RELATIVE[form](moment)
    else:
        local = timezone.localtime(moment)
        text = dateformat.format(local, form)
        if "H" in form:
            text = f"{text} {zone_name(local)}"
    day, time = str(moment.astimezone(UTC))[: len("2026-01-31 12:00:00")].split()
    return SafeString(
        f'<time datetime="{day}T{time}Z" title="{day} {time} UTC">{escape(text)}</time>'
    )


def browser(user_agent: str) -> str:
    """ "Firefox on Linux", as far as a User-Agent header can be believed."""
    name = next((name for mark, name in BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in SYSTEMS if mark in user_agent), "")
    if name and system:
        return gettext("%(browser)s on %(system)s") % {"browser": name, "system": system}
    return name or system or gettext("Unknown browser")
