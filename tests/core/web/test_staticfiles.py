import gzip
from pathlib import Path
from typing import Any

from django.core.management import call_command

from dao_portal.core.web.staticfiles import without_comments

SOURCE = Path(__file__).parents[3] / "static/portal"


def test_comments_and_indentation_go_and_words_in_quotes_stay() -> None:
    css = '/* why */\n.a {\n  color: red; /* because */\n  content: "/* kept */  x";\n\n}\n'
    assert without_comments(css) == '.a {\ncolor: red;\ncontent: "/* kept */  x";\n}\n'


def test_what_is_served_is_slim_hashed_and_small_enough(settings: Any, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "dao_portal.core.web.staticfiles.PortalStaticFilesStorage"}
    }
    call_command("collectstatic", interactive=False, verbosity=0)

    (served,) = (tmp_path / "portal").glob("portal.????????????.css")
    assert "/*" not in served.read_text()
    assert "/*" in (SOURCE / "portal.css").read_text()
    # the budgets of the whole portal: 16 KB of style, 4 KB of our own script
    assert len(gzip.compress(served.read_bytes())) <= 16_000
    assert len(gzip.compress((SOURCE / "portal.js").read_bytes())) <= 4_000
