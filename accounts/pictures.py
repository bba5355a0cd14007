"""Members' pictures: whatever is sent becomes a small square of our own making."""

from __future__ import annotations

from io import BytesIO
from typing import IO

from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps

from dao_portal.core.errors import DomainError

SIDE = 256  # pixels
MOST_BYTES = 2 * 1024 * 1024
MOST_PIXELS = 4096 * 4096  # unpacked they take four bytes each
FORMATS = ("PNG", "JPEG", "WEBP")  # the only decoders that ever see a stranger's file
DEEP_GREY = ("I;16", "I;16B", "I;16L", "I;16N", "I")


class NotAPicture(DomainError):
    message = _("This is no picture that we can read. Send a PNG, JPEG or WebP.")


class TooManyPixels(DomainError):
    message = _("This picture has too many pixels. Send one of at most 4096 by 4096.")


def square_picture(file: IO[bytes]) -> bytes:
    """``file`` as a WebP of SIDE by SIDE, its middle, upright; of a moving picture the first frame.

    Nothing of the file survives but its pixels: no place, no camera, no text, no colour profile.
    Raises NotAPicture, or TooManyPixels before a single one is unpacked.
    """
    try:
        with Image.open(file, formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise TooManyPixels
            pixels = _plain(ImageOps.exif_transpose(image))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as bomb:
        raise TooManyPixels from bomb
    except DomainError:
        raise
    except Exception as broken:  # what a decoder raises at a hostile file is anybody's guess
        raise NotAPicture from broken
    square = ImageOps.fit(pixels, (SIDE, SIDE), Image.Resampling.LANCZOS)
    output = BytesIO()
    square.save(output, "WEBP", quality=85)
    return output.getvalue()


def _plain(image: Image.Image) -> Image.Image:
    """``image`` in 8 bits of red, green and blue, with its transparency if it has one."""
    if image.mode in DEEP_GREY:  # convert() would cut 16 bits off at white
        image = image.point(lambda grey: grey / 256).convert("L")
    return image.convert("RGBA" if image.has_transparency_data else "RGB")
