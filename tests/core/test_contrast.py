"""Every pair of colours that carries words or marks a control, in both themes (WCAG 2.2 AA)."""

import re
from pathlib import Path

import pytest

STATIC = Path(__file__).parents[2] / "static/portal"
COLOUR = re.compile(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)")
THEMES = ("light", "dark")

# what is written -> on what
TEXT = [
    *((ink, ground) for ink in ("ink", "ink-2", "ink-3") for ground in ("bg", "surface", "sunk")),
    *((ink, "accent-faint") for ink in ("ink", "ink-2", "ink-3")),
    ("ink-3", "accent-soft"),  # the buttons of a comment that is pointed at
    *((colour, "bg") for colour in ("accent", "accent-hover", "yes", "no", "warn")),
    *((colour, "surface") for colour in ("accent", "yes", "no", "abs", "warn")),
    *((colour, f"{colour}-soft") for colour in ("accent", "yes", "no", "abs", "warn")),
    *(("ink", f"{colour}-soft") for colour in ("accent", "yes", "no", "abs", "warn")),
    *(("ink-2", f"{colour}-soft") for colour in ("accent", "yes", "no", "abs")),
    ("on-accent", "accent"),
    ("on-accent", "accent-hover"),
    ("on-no", "no"),
    ("on-no", "no-hover"),
]
# borders of inputs, marks on bars
CONTROLS = [("line-strong", "surface"), ("line-strong", "bg"), ("accent", "surface")]


def palette(sheet: str) -> dict[str, dict[str, str]]:
    """The named colours that a sheet sets."""
    found = COLOUR.findall((STATIC / sheet).read_text())
    return {
        "light": {name: light for name, light, _ in found},
        "dark": {name: dark for name, _, dark in found},
    }


def linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)


def luminance(colour: str) -> float:
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_contrast_of_black_and_white() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("words", "ground"), TEXT)
def test_words_can_be_read(theme: str, words: str, ground: str) -> None:
    colours = palette("tokens.css")[theme]
    assert contrast(colours[words], colours[ground]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("mark", "ground"), CONTROLS)
def test_controls_can_be_seen(theme: str, mark: str, ground: str) -> None:
    colours = palette("tokens.css")[theme]
    assert contrast(colours[mark], colours[ground]) >= 3


@pytest.mark.parametrize("sheet", ["portal.css", "admin.css"])
def test_a_colour_is_written_down_once(sheet: str) -> None:
    assert palette(sheet) == {"light": {}, "dark": {}}


@pytest.mark.parametrize("number", range(8))
def test_initials_can_be_read(number: int) -> None:
    colours = re.findall(
        r"\.av\d? \{[^}]*?background: (#\w{6})", (STATIC / "portal.css").read_text()
    )
    assert contrast(colours[number], "#ffffff") >= 4.5
