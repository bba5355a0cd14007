from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import timezone

from dao_portal.core import formats
from dao_portal.core.templatetags import portal

NOON = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


def render(source: str, **context: Any) -> str:
    return Template("{% load portal %}" + source).render(Context(context))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Decimal("12480.000000000000000000"), "12,480"),
        (Decimal("0.000001000000000000"), "0.000001"),
        (Decimal("0.000000000000000001"), "0.000000000000000001"),
        (Decimal("0E-18"), "0"),
        (Decimal("1E+3"), "1,000"),
        (Decimal("-3120.5"), formats.MINUS + "3,120.5"),
        # 42 digits: a float would have invented everything after the 16th
        (
            Decimal("123456789012345678901234.567890123456789012"),
            "123,456,789,012,345,678,901,234.567890123456789012",
        ),
        (7, "7"),
        (None, ""),
    ],
)
def test_amount_shows_every_digit(value: Decimal | int | None, shown: str) -> None:
    assert formats.amount(value) == shown


@pytest.mark.parametrize("number", [formats.amount, formats.power, formats.percent, formats.num])
def test_floats_are_refused(number: Any) -> None:
    with pytest.raises(TypeError):
        number(0.1)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("0", "0"),
        ("12480", "12,480"),
        ("99999.999", "99,999.99"),
        ("0.019", "0.01"),
        ("0.000001", "<0.01"),
        ("-0.000001", formats.MINUS + "<0.01"),
        ("100000", "100k"),
        ("792150", "792.15k"),
        ("2180000", "2.18M"),
        ("3999999.999999", "3.99M"),  # a quorum of 4M was missed, and must look so
        ("4000000", "4M"),
        ("1500000000", "1.5B"),
        ("2000000000000", "2T"),
        ("-716450", formats.MINUS + "716.45k"),
    ],
)
def test_power_is_short_and_never_rounded_up(value: str, shown: str) -> None:
    assert formats.power(Decimal(value)) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Decimal("59.96"), "59.9%"),  # 60 % was needed
        (Decimal("59.999999999999999999"), "59.9%"),
        (Decimal(60), "60%"),
        (Decimal("66.44"), "66.4%"),
        (Fraction(200, 3), "66.6%"),
        (Fraction(100), "100%"),
        (Decimal("0.04"), "0%"),
        (None, ""),
    ],
)
def test_percent_is_cut_not_rounded(value: Decimal | Fraction | None, shown: str) -> None:
    assert formats.percent(value) == shown


def test_percent_takes_more_places() -> None:
    assert render("{{ share|percent:2 }}", share=Fraction(200, 3)) == "66.66%"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Decimal("66.4289"), "66.42"),
        (Fraction(100, 3), "33.33"),
        (Decimal(130), "100.00"),
        (Decimal(-1), "0.00"),
        (None, "0"),
    ],
)
def test_num_fits_an_svg_attribute(value: Decimal | Fraction | None, shown: str) -> None:
    assert formats.num(value) == shown


def test_num_ignores_the_language(settings: Any) -> None:
    settings.USE_THOUSAND_SEPARATOR = True
    assert render("{{ share|num }}", share=Decimal("12.5")) == "12.50"


@pytest.mark.parametrize(
    ("ahead", "shown"),
    [
        (timedelta(seconds=-5), "less than a minute"),
        (timedelta(seconds=59), "less than a minute"),
        (timedelta(minutes=1), "1 min"),
        (timedelta(minutes=59, seconds=59), "59 min"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(hours=1, minutes=20), "1 h 20 min"),
        (timedelta(hours=7, minutes=50), "7 hours"),
        (timedelta(hours=47, minutes=59), "47 hours"),
        (timedelta(hours=48), "2 days"),
        (timedelta(days=59), "59 days"),
        (timedelta(days=60), "2 months"),
        (timedelta(days=740), "2 years"),
    ],
)
def test_until_cuts_to_the_unit_that_matters(ahead: timedelta, shown: str) -> None:
    assert formats.until(NOON + ahead, NOON) == shown


@pytest.mark.parametrize(
    ("ago", "shown"),
    [
        (timedelta(seconds=-3), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(hours=7), "7 hours ago"),
        (timedelta(days=17), "17 days ago"),
    ],
)
def test_since_says_how_long_ago(ago: timedelta, shown: str) -> None:
    assert formats.since(NOON - ago, NOON) == shown


def test_when_shows_the_readers_zone_and_keeps_utc_exact() -> None:
    moment = datetime(2026, 11, 22, 14, 5, 9, tzinfo=UTC)
    with timezone.override("Africa/Lagos"):
        shown = render("{% when moment %}", moment=moment)
    assert shown == (
        '<time datetime="2026-11-22T14:05:09Z" title="2026-11-22 14:05:09 UTC">'
        "22 Nov 2026, 15:05 WAT</time>"
    )


def test_when_names_no_zone_for_a_day() -> None:
    shown = render('{% when moment "j F Y" %}', moment=NOON)
    assert shown.endswith(">22 November 2026</time>")


def test_when_tells_a_distance() -> None:
    moment = timezone.now() - timedelta(hours=3)
    assert render('{% when moment "since" %}', moment=moment).endswith(">3 hours ago</time>")


def test_when_without_a_time_is_empty() -> None:
    assert render("{% when moment %}", moment=None) == ""


def test_icon_is_hidden_from_readers_and_carries_its_class() -> None:
    drawn = render('{% icon "check" size=16 class="ok" %}')
    assert drawn.startswith("<svg")
    assert 'aria-hidden="true"' in drawn
    assert 'width="16" height="16"' in drawn
    assert 'class="ok"' in drawn


def test_icon_is_drawn_once() -> None:
    render('{% icon "vote" size=20 %}')
    hits = portal._draw.cache_info().hits
    render('{% icon "vote" size=20 %}')
    assert portal._draw.cache_info().hits == hits + 1


def test_query_changes_one_parameter_and_keeps_the_rest() -> None:
    request = RequestFactory().get("/proposals/", {"q": "a&b", "status": "open", "page": "3"})
    shown = render('{% query status="passed" page="" %}', request=request)
    assert shown == "?q=a%26b&amp;status=passed"


@pytest.mark.parametrize(
    ("user_agent", "shown"),
    [
        (
            "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0",
            "Firefox on Linux",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0",
            "Edge on Windows",
        ),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1", "Safari on iPhone"),
        ("curl/8.1", "Unknown browser"),
    ],
)
def test_browser_names_what_a_header_says(user_agent: str, shown: str) -> None:
    assert formats.browser(user_agent) == shown
