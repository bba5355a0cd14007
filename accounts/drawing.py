"""A program of its own that draws a stranger's picture anew: the file on stdin, a WebP on stdout.

``accounts/pictures.py`` starts one for each picture and reads how it ended. A decoder that is led
astray takes this process with it and no more: it was given no secret and no socket, can open none
and no file, and the limits below end it. It knows nothing of Django: it starts in a tenth of a
second.
"""

from __future__ import annotations

import resource
import sys
from io import BytesIO

from PIL import Image, ImageOps, MpoImagePlugin, TiffImagePlugin, WebPImagePlugin

SIDE = 256  # pixels
MAX_PIXELS = 4096 * 4096  # unpacked they take four bytes each
# A progressive JPEG is painted over with each of its scans: programs write ten of them.
MAX_SCANS = 64
SCAN = b"\xff\xda"  # where it means nothing, one of 65,536 pairs of bytes is like it
MAX_FRAMES = 1_000  # only the first is drawn
MAX_SECONDS = 2  # of CPU; the largest picture takes one
MAX_MEMORY = 768 * 1024 * 1024
FORMATS = ("PNG", "JPEG", "WEBP")  # the only decoders that ever see a stranger's file
# Imported now, because later no file can be opened. Cameras write their JPEG with a second one
# behind it (MPO), and in the form of TIFF which side is up.
PLUGINS = (MpoImagePlugin, TiffImagePlugin, WebPImagePlugin)
Image.preinit()
DEEP_GREY = ("I;16", "I;16B", "I;16L", "I;16N", "I")

# How it ends; in any other way when a limit or the file itself ended it.
DRAWN, NOT_A_PICTURE, TOO_MANY_PIXELS, TOO_MUCH = 0, 10, 11, 12


class Refused(Exception):
    """``args[0]`` is the exit status."""


def main() -> int:
    set_limits()
    try:
        picture = draw(sys.stdin.buffer.read())
    except Refused as refusal:
        return int(refusal.args[0])
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return TOO_MANY_PIXELS
    except MemoryError:
        return TOO_MUCH
    except Exception:  # noqa: BLE001  # what a decoder raises at a hostile file is anybody's guess
        return NOT_A_PICTURE
    sys.stdout.buffer.write(picture)
    return DRAWN


def set_limits() -> None:
    """For whatever comes now: so much CPU and memory, no file, no socket, no process."""
    for what, most in {
        resource.RLIMIT_CPU: MAX_SECONDS,
        resource.RLIMIT_AS: MAX_MEMORY,
        resource.RLIMIT_NOFILE: 3,  # the three that are open
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_CORE: 0,
    }.items():
        resource.setrlimit(what, (most, most))


def draw(data: bytes) -> bytes:
    """``data`` as a WebP of SIDE by SIDE, its middle, upright; of a moving picture the first frame.

    Nothing survives but the pixels: no place, no camera, no text, no colour profile.
    """
    if data.count(SCAN) > MAX_SCANS and data.startswith(b"\xff\xd8"):
        raise Refused(TOO_MUCH)
    with Image.open(BytesIO(data), formats=FORMATS) as image:
        if image.width * image.height > MAX_PIXELS:
            raise Refused(TOO_MANY_PIXELS)
        if getattr(image, "n_frames", 1) > MAX_FRAMES:
            raise Refused(TOO_MUCH)
        image.draft(image.mode, (2 * SIDE, 2 * SIDE))  # a JPEG need not be unpacked in full
        pixels = plain(ImageOps.exif_transpose(image))
    pixels = pixels.reduce(max(min(pixels.size) // (2 * SIDE), 1))  # roughly and fast, then finely
    square = ImageOps.fit(pixels, (SIDE, SIDE), Image.Resampling.LANCZOS)
    output = BytesIO()
    square.save(output, "WEBP", quality=85)
    return output.getvalue()


def plain(image: Image.Image) -> Image.Image:
    """``image`` in 8 bits of red, green and blue, with its transparency if it has one."""
    if image.mode in DEEP_GREY:  # convert() would cut 16 bits off at white
        image = image.point(lambda grey: grey / 256).convert("L")
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


if __name__ == "__main__":
    sys.exit(main())
