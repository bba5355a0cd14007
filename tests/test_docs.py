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


OURS = (
    "accounts",
    "dao_portal",
    "governance",
    "social",
    "static",
    "templates",
    "tests",
    "treasury",
)
PATH = re.compile(r"\w[\w/]*/\w+\.(?:py|sql|html|css|js)\b")


def test_documents_name_files_that_exist() -> None:
    """Paths of our own source, as ``governance/outcome.py``. (Recipes name some that are made.)"""
    files = [path.as_posix() for folder in OURS for path in (ROOT / folder).rglob("*.*")]
    documents = [ROOT / "ARCHITECTURE.md", ROOT / "README.md", *ROOT.glob("docs/**/*.md")]
    named = {(each.name, path) for each in documents for path in PATH.findall(each.read_text())}
    assert len(named) > 50
    gone = {
        (where, path) for where, path in named if not any(f.endswith(f"/{path}") for f in files)
    }
    assert gone == set()
