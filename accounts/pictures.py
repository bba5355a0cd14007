"""Members' pictures: whatever is sent becomes a small square of our own making.

The drawing is done by a program of its own (``accounts/drawing.py``), so that no file holds a
thread of the web for long, fills its memory, or reaches what it knows. Whatever comes, the answer
is there within five seconds.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from dao_portal.core.errors import DomainError
from dao_portal.embedded.processes import lock_file, try_lock

from . import drawing

SIDE = drawing.SIDE
MAX_BYTES = 2 * 1024 * 1024
MAX_AT_ONCE = 2  # on this machine, whatever the number of its web processes
PATIENCE = 1.0  # seconds until one of them has ended
MAX_SECONDS = 3.0  # by the clock on the wall; the program has a limit of CPU beside it


class NotAPicture(DomainError):
    message = _("This is no picture that we can read. Send a PNG, JPEG or WebP.")


class TooManyPixels(DomainError):
    message = _("This picture has too many pixels. Send one of at most 4096 by 4096.")


class TooMuchWork(DomainError):
    message = _(
        "This picture takes too long to read. Open it in a picture program, save it as a plain"
        " JPEG or PNG, and send that."
    )


class TooManyPictures(DomainError):
    message = _("Many members are sending pictures right now. Send yours again in a minute.")


REFUSALS: dict[int, type[DomainError]] = {
    drawing.TOO_MANY_PIXELS: TooManyPixels,
    drawing.TOO_MUCH: TooMuchWork,
    -signal.SIGXCPU: TooMuchWork,
    -signal.SIGKILL: TooMuchWork,  # the same, or a machine without memory
}


def square_picture(data: bytes) -> bytes:
    """``data`` as a WebP of SIDE by SIDE; drawing.draw() says what of it.

    Raises NotAPicture, TooManyPixels, TooMuchWork, and TooManyPictures after PATIENCE.
    """
    with _turn():
        try:
            drawn = subprocess.run(
                [sys.executable, "-I", drawing.__file__],
                input=data,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={},  # no secret goes along; -I: nor does the environment say what is imported
                timeout=MAX_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as late:
            raise TooMuchWork from late
    if drawn.returncode != drawing.DRAWN:
        raise REFUSALS.get(drawn.returncode, NotAPicture)
    return drawn.stdout


@contextmanager
def _turn() -> Iterator[None]:
    """One of MAX_AT_ONCE turns; locks of files, so that it comes back from a killed process."""
    with ExitStack() as held:
        folder = settings.STATE_DIR / "turns"
        turns = [
            held.enter_context(lock_file(folder / f"picture-{number}"))
            for number in range(MAX_AT_ONCE)
        ]
        until = time.monotonic() + PATIENCE
        while not any(map(try_lock, turns)):
            if time.monotonic() > until:
                raise TooManyPictures
            time.sleep(0.02)
        yield
