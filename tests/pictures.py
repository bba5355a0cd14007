"""Pictures that ask a decoder for far more than they are."""

import struct
import zlib
from io import BytesIO

from PIL import Image

PNG = b"\x89PNG\r\n\x1a\n"
SCAN = b"\xff\xda"


def saved(form: str, mode: str = "RGB", size=(300, 200), color=0, **options) -> bytes:
    """A picture of one colour."""
    file = BytesIO()
    Image.new(mode, size, color).save(file, form, **options)
    return file.getvalue()


def many_scans(number: int, size=(4096, 4096)) -> bytes:
    """A progressive JPEG whose last scan comes ``number`` times more: 62,552 of them are 2 MB."""
    data = saved("JPEG", size=size, progressive=True)
    last = data[data.rindex(SCAN) : -2]
    return data[:-2] + last * number + data[-2:]


def chunk(kind: bytes, data: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + checksum


def png(*chunks: bytes, width: int = 100, height: int = 100) -> bytes:
    """A black PNG with ``chunks`` before its pixels."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    shown = (3 * width + 1) * height if width * height <= 4096 * 4096 else 0
    pixels = chunk(b"IDAT", zlib.compress(bytes(shown)))
    return PNG + header + b"".join(chunks) + pixels + chunk(b"IEND", b"")


def deflated(megabytes: int) -> bytes:
    """So many MB of zeros in a thousandth of that."""
    packer = zlib.compressobj(9)
    parts = [packer.compress(bytes(1 << 20)) for _ in range(megabytes)]
    return b"".join([*parts, packer.flush()])


def moving(form: str, frames: int) -> bytes:
    file = BytesIO()
    pictures = [Image.new("RGB", (2, 2), (n % 2 * 255, n % 251, 0)) for n in range(frames)]
    pictures[0].save(file, form, save_all=True, append_images=pictures[1:], duration=20)
    return file.getvalue()


def with_exif(exif: bytes) -> bytes:
    """A JPEG with ``exif`` as it is, whatever that is."""
    data = saved("JPEG")
    segment = b"Exif\x00\x00" + exif
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + data[2:]


def costly() -> dict[str, bytes]:
    """Small files that would take long, or much memory, if somebody let them."""
    return {
        "62,552 scans": many_scans(62_552),
        "scans within the limit": many_scans(50),
        "pixels of the largest": png(width=4096, height=4096),
        "header of a giant": png(width=2**31 - 1, height=2**31 - 1),
        "colour profile of 300 MB": png(chunk(b"iCCP", b"x\x00\x00" + deflated(300))),
        "text of 300 MB": png(chunk(b"zTXt", b"x\x00\x00" + deflated(300))),
        "a hundred texts of 10 MB": png(chunk(b"zTXt", b"x\x00\x00" + deflated(10)) * 100),
        "pixels of 300 MB": PNG
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 9, 9, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", deflated(300))
        + chunk(b"IEND", b""),
        "fifty thousand empty chunks": png(chunk(b"tEXt", b"a\x00") * 50_000),
        "frames without end": png(chunk(b"acTL", struct.pack(">II", 2**31 - 1, 0))),
        "frames of an APNG": moving("PNG", 1_100),
        "frames of a WebP": moving("WEBP", 1_100),
        "directory of EXIF that leads to itself": with_exif(
            b"MM\x00*\x00\x00\x00\x08\x00\x01\x87\x69\x00\x04\x00\x00\x00\x01\x00\x00\x00\x08"
        ),
        "count of EXIF": with_exif(
            b"MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\xff\xff\xff\xff\x00\x00\x00\x08"
        ),
        "rubbish as EXIF": with_exif(b"\xff" * 60_000),
        "markers alone": b"\xff\xd8" + b"\xff\xe0\x00\x02" * 500_000,
        "restarts alone": b"\xff\xd8" + b"\xff\xd0" * 1_000_000,
    }
