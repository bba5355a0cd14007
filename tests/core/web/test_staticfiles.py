import gzip
from pathlib import Path
from typing import Any

from django.core.management import call_command

SOURCE = Path(__file__).parents[3] / "static/portal"


def test_what_is_served_is_hashed_and_small_enough(settings: Any, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "dao_portal.core.web.staticfiles.PortalStaticFilesStorage"}
    }
    call_command("collectstatic", interactive=False, verbosity=0)

    served = {file.name.split(".")[0]: file for file in (tmp_path / "portal").glob("*.css.gz")}
    assert set(served) == {"admin", "portal", "tokens"}
    assert "/*" in (SOURCE / "portal.css").read_text()
    (portal,) = (tmp_path / "portal").glob("portal.????????????.css")
    assert "/*" not in portal.read_text()
    # the budgets of the whole portal: 16 KB of style, 4 KB of our own script
    style = sum(served[name].stat().st_size for name in ("portal", "tokens"))
    assert style <= 16_000
    assert len(gzip.compress((SOURCE / "portal.js").read_bytes())) <= 4_000
