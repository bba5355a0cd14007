"""The documents tell the truth about what can be set."""

import re
from pathlib import Path

from dao_portal.core.options import OPTIONS

ROOT = Path(__file__).parents[1]


def documented_options() -> dict[str, tuple[str, str]]:
    """Key -> (default, public) in the table of docs/settings.md."""
    text = (ROOT / "docs" / "settings.md").read_text()
    rows = re.findall(r"^\| `([a-z0-9._]+)` \| [^|]+ \| ([^|]+) \| (yes|no) \|", text, re.MULTILINE)
    return {key: (default, public) for key, default, public in rows}


def test_settings_page_lists_every_option_with_its_default() -> None:
    declared = {
        key: (
            str(option.default).lower()
            if isinstance(option.default, bool)
            else str(option.default),
            "yes" if option.public else "no",
        )
        for key, option in OPTIONS.items()
    }
    assert documented_options() == declared


def test_settings_page_lists_every_variable() -> None:
    source = (ROOT / "dao_portal" / "settings.py").read_text()
    read = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', source))
    documented = set(
        re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "docs/settings.md").read_text(), re.MULTILINE)
    )
    assert read <= documented
