"""Style sheets are written to be read, and served to be fetched."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import rcssmin
from whitenoise.storage import CompressedManifestStaticFilesStorage

OURS = "portal/"


class PortalStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Hashed names and compressed copies; our own style sheets without what no browser reads."""

    def post_process(
        self, paths: dict[str, Any], dry_run: bool = False, **options: Any
    ) -> Iterator[Any]:
        """Slim our style sheets in STATIC_ROOT, then hash and compress everything."""
        for name, (storage, path) in paths.items():
            if name.startswith(OURS) and name.endswith(".css") and not dry_run:
                with storage.open(path) as source:
                    Path(self.path(name)).write_text(rcssmin.cssmin(source.read().decode()))
                paths[name] = (self, name)
        yield from super().post_process(paths, dry_run=dry_run, **options)
