"""Pictures made to do harm: each has its answer in time, and none costs the portal anything."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import BytesIO

import psutil
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from PIL import Image

from accounts import drawing, pictures
from accounts.models import Profile
from accounts.pictures import (
    MAX_BYTES,
    NotAPicture,
    TooManyPictures,
    TooManyPixels,
    TooMuchWork,
    square_picture,
)
from dao_portal.core.errors import DomainError
from dao_portal.embedded.processes import lock_file, try_lock
from tests.accounts.profile_form import FORM
from tests.pictures import costly, many_scans, moving, saved, with_exif

COSTLY = costly()
WITHIN = 5.0  # the limits add up to 4; starting and ending a program takes its time
JUST_A_PICTURE = saved("JPEG")


def outcome(data: bytes) -> str:
    """ "drawn", or the name of the refusal."""
    try:
        assert square_picture(data).startswith(b"RIFF")
    except DomainError as refusal:
        return type(refusal).__name__
    return "drawn"


@pytest.mark.parametrize("data", COSTLY.values(), ids=COSTLY)
def test_the_answer_is_there_in_time(data):
    assert len(data) <= MAX_BYTES * 1.1
    start = time.monotonic()

    outcome(data)

    assert time.monotonic() - start < WITHIN


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        (COSTLY["62,552 scans"], TooMuchWork),
        (COSTLY["header of a giant"], TooManyPixels),
        (COSTLY["frames without end"], TooMuchWork),
        (COSTLY["frames of an APNG"], TooMuchWork),
        (COSTLY["frames of a WebP"], TooMuchWork),
        (COSTLY["colour profile of 300 MB"], NotAPicture),
        (COSTLY["text of 300 MB"], NotAPicture),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else value.__name__,
)
def test_what_asks_too_much_is_refused(data, refusal):
    with pytest.raises(refusal):
        square_picture(data)


def test_scans_are_refused_by_their_number():
    """So few pixels that all of them are painted within the limit of CPU."""
    cheap = many_scans(100, size=(16, 16))
    with Image.open(BytesIO(cheap)) as image:
        image.load()

    with pytest.raises(TooMuchWork):
        square_picture(cheap)
    assert outcome(many_scans(40, size=(16, 16))) == "drawn"


def test_what_cameras_and_programs_write_is_taken(tmp_path):
    two = [Image.new("RGB", (90, 90)), Image.new("RGB", (90, 90))]
    file = tmp_path / "two.mpo"
    two[0].save(file, "MPO", save_all=True, append_images=two[1:])

    assert outcome(file.read_bytes()) == "drawn"
    assert outcome(saved("JPEG", size=(900, 900), progressive=True)) == "drawn"
    assert outcome(many_scans(40, size=(900, 900))) == "drawn"
    assert outcome(moving("WEBP", 100)) == "drawn"
    assert outcome(moving("PNG", 100)) == "drawn"


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "I;16"])
def test_the_largest_is_drawn_within_its_limits(mode, monkeypatch):
    """Of work and memory; a busy machine is no bug, so the clock on the wall is left out."""
    monkeypatch.setattr(pictures, "MAX_SECONDS", 60)
    assert outcome(saved("PNG", mode, (4096, 4096))) == "drawn"


OTHER_FORMATS = [
    "BMP",
    "DDS",
    "GIF",
    "ICNS",
    "ICO",
    "PCX",
    "PDF",
    "PPM",
    "SGI",
    "TGA",
    "TIFF",
]


@pytest.mark.parametrize("form", OTHER_FORMATS)
def test_no_other_decoder_sees_a_file(form):
    data = saved(form, size=(128, 128))

    assert outcome(data) == "NotAPicture"


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.98])
def test_half_a_file_is_no_picture(form, share):
    data = saved(form, size=(900, 900))

    assert outcome(data[: int(len(data) * share)]) in {"NotAPicture", "drawn"}


@given(st.sampled_from(["JPEG", "PNG", "WEBP"]), st.data())
@examples(max_examples=25)
def test_a_damaged_file_has_an_answer_in_words(form, choose):
    data = bytearray(saved(form, size=(64, 64)))
    for _ in range(choose.draw(st.integers(1, 6))):
        data[choose.draw(st.integers(0, len(data) - 1))] = choose.draw(st.integers(0, 255))

    outcome(bytes(data))


@pytest.mark.parametrize("exif", [b"", b"MM", b"II*\x00", b"MM\x00*\xff\xff\xff\xff", b"\x00" * 9])
def test_odd_exif_does_not_keep_a_picture_out(exif):
    assert outcome(with_exif(exif)) in {"drawn", "NotAPicture"}


# --- the program --------------------------------------------------------------------------------


def limited(code: str) -> subprocess.CompletedProcess[str]:
    """``code`` in a process with the limits of the program that draws."""
    begin = f"import os, runpy, socket; runpy.run_path({drawing.__file__!r})['set_limits']()\n"
    command = [sys.executable, "-I", "-c", begin + code]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def drawing_now() -> int:
    """How many of the programs this process has started and not yet seen end."""
    number = 0
    for child in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):
            number += drawing.__file__ in child.cmdline()
    return number


def test_a_limit_of_cpu_ends_it():
    assert limited("while True: pass").returncode in (-signal.SIGXCPU, -signal.SIGKILL)


@pytest.mark.parametrize(
    ("code", "refusal"),
    [
        ("bytearray(2**30)", "MemoryError"),
        ("open('/etc/hostname')", "Too many open files"),
        ("socket.socket()", "Too many open files"),
        ("os.pipe()", "Too many open files"),
    ],
)
def test_it_gets_no_more_memory_file_or_socket(code, refusal):
    assert refusal in limited(code).stderr


def test_it_does_not_know_django():
    loaded = subprocess.run(
        [
            *(sys.executable, "-I", "-c"),
            f"import runpy, sys; runpy.run_path({drawing.__file__!r}); print(*sys.modules)",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    assert "PIL.Image" in loaded
    assert {"django", "psycopg", "redis", "accounts"} & {
        name.split(".")[0] for name in loaded
    } == set()


@pytest.mark.django_db
def test_it_inherits_neither_secrets_nor_sockets(monkeypatch, tmp_path):
    """With the database's connection open: the probe stands where the program stands."""
    connection.ensure_connection()
    monkeypatch.setenv("SECRET_KEY", "not for a stranger's file")
    os.set_inheritable(os.open("/dev/null", os.O_RDONLY), True)  # as a careless library might do
    probe = tmp_path / "probe.py"
    probe.write_text(
        "import os, sys\n"
        "files = {os.readlink(f'/proc/self/fd/{n}').split(':')[0] for n in (0, 1, 2)}\n"
        "more = [n for n in range(3, 100) if os.path.exists(f'/proc/self/fd/{n}')]\n"
        "print(sorted(os.environ), sorted(files), more)\n"
    )
    monkeypatch.setattr(drawing, "__file__", str(probe))

    assert square_picture(b"").decode() in {
        "['LC_CTYPE'] ['/dev/null', 'pipe'] []\n",
        "[] ['/dev/null', 'pipe'] []\n",
    }


def test_who_takes_too_long_is_ended(monkeypatch):
    monkeypatch.setattr(pictures, "MAX_SECONDS", 0.01)

    with pytest.raises(TooMuchWork):
        square_picture(JUST_A_PICTURE)

    assert drawing_now() == 0


# --- a crowd --------------------------------------------------------------------------------------


@pytest.fixture
def all_turns_taken(settings):
    folder = settings.STATE_DIR / "turns"
    with (
        lock_file(folder / "picture-0") as first,
        lock_file(folder / "picture-1") as second,
    ):
        assert try_lock(first)
        assert try_lock(second)
        yield


def test_who_finds_no_turn_is_told_in_time(all_turns_taken):
    start = time.monotonic()

    with pytest.raises(TooManyPictures):
        square_picture(JUST_A_PICTURE)

    assert time.monotonic() - start < WITHIN


def test_turns_come_back_from_whatever_ended():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pictures, "MAX_SECONDS", 0.01)
        for _ in range(2 * pictures.MAX_AT_ONCE):
            assert outcome(JUST_A_PICTURE) == "TooMuchWork"

    assert outcome(b"no picture") == "NotAPicture"
    assert outcome(JUST_A_PICTURE) == "drawn"


def test_a_crowd_draws_no_more_than_its_turns(monkeypatch):
    """A turn is the machine's, not a process's or a thread's."""
    monkeypatch.setattr(pictures, "PATIENCE", 60)
    most = 0
    with ThreadPoolExecutor(8) as crowd:
        waiting = [crowd.submit(outcome, JUST_A_PICTURE) for _ in range(16)]
        while not all(one.done() for one in waiting):
            most = max(most, drawing_now())
    assert {one.result() for one in waiting} == {"drawn"}
    assert 0 < most <= pictures.MAX_AT_ONCE


def test_the_process_that_asks_does_not_grow():
    """The stress test has fifty of them and a real web process."""
    large = saved("JPEG", size=(4096, 4096), progressive=True)
    outcome(large)
    process = psutil.Process()
    before = process.memory_info().rss

    for _ in range(4):
        outcome(large)

    assert process.memory_info().rss - before < 16 * 1024 * 1024


# --- the form -----------------------------------------------------------------------------------


def send(client, data: bytes, name: str = "me.png", **more):
    return client.post("/account/", FORM | {"picture": SimpleUploadedFile(name, data)} | more)


def assert_refused(response, complaint: str) -> None:
    assert response.status_code == 422
    assert complaint in response.text
    form = response.context["form"]
    assert {field: form[field].value() for field in FORM} == FORM
    assert not Profile.objects.exists()


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (COSTLY["62,552 scans"][:MAX_BYTES], "takes too long to read"),
        (COSTLY["header of a giant"], "too many pixels"),
        (COSTLY["colour profile of 300 MB"], "no picture that we can read"),
        (saved("TIFF"), "no picture that we can read"),
    ],
    ids=["scans", "pixels", "colour profile", "TIFF"],
)
def test_a_hostile_picture_is_refused_in_words(signed_in, ada, data, complaint):
    assert_refused(send(signed_in, data), complaint)


def test_a_crowd_is_told_in_words(signed_in, ada, all_turns_taken):
    assert_refused(send(signed_in, JUST_A_PICTURE), "Send yours again in a minute.")


NAMES = {
    "251 letters": "a" * 251,
    "255 letters": "a" * 251 + ".png",
    "an ending of 251 letters": "me." + "a" * 251,
    "an ending of 255 letters": "." + "é" * 255,
    "a path": "../../etc/passwd",
    "a path of Windows": "C:\\\\me.png",
    "letters from right to left": "\u202egnp.me",
    "characters that control": "me\x01\x1b[31m.png",
    "an entity": "&#46;&#46;&#47;me.png",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("size", [0, 2_700_000], ids=["kept in memory", "kept in a file"])
def test_any_name_will_do(signed_in, ada, name, size):
    response = send(signed_in, JUST_A_PICTURE + bytes(size), name)

    if size:
        assert_refused(response, "larger than 2 MB")
    else:
        assert response.status_code == 303
        assert Profile.objects.get(user=ada).picture.name.endswith(".webp")


PART = (
    b'--line\r\nContent-Disposition: form-data; name="picture"; filename=%s\r\n'
    b"Content-Type: %s\r\n\r\n%s\r\n"
)
RAW_NAMES = {
    "none": b'""',
    "a dot": b'"."',
    "two dots": b'".."',
    "NUL": b'"me\x00.png"',
    "a line's end": b'"me%0d%0a.png"',
    "no quotes": b"me.png",
    "half a quote": b'"me.png',
    "no UTF-8": b'"\xff\xfe.png"',
    "another charset": b"; filename*=utf-16''%ff%fe",
    "a charset that is none": b"; filename*=none''me.png",
    "2,000 letters": b'"' + b"a" * 2_000 + b'"',
}


def send_raw(client, *parts: bytes):
    fields = b"".join(
        f'--line\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in FORM.items()
    )
    body = fields + b"".join(parts) + b"--line--\r\n"
    return client.post("/account/", body, content_type="multipart/form-data; boundary=line")


@pytest.mark.parametrize("name", RAW_NAMES.values(), ids=RAW_NAMES)
def test_no_name_of_any_spelling_is_an_error_of_ours(signed_in, ada, name):
    """Django drops a part without a usable name, and says 400 to one that is no form."""
    response = send_raw(signed_in, PART % (name, b"image/png", JUST_A_PICTURE))

    assert response.status_code in {303, 400}


def test_of_several_files_one_is_taken(signed_in, ada):
    parts = [PART % (b'"a.png"', b"image/png", saved("PNG")) for _ in range(3)]

    assert send_raw(signed_in, *parts).status_code == 303
    assert Profile.objects.get(user=ada).picture


def test_more_files_than_a_form_has_are_a_bad_request(signed_in, ada):
    parts = [PART % (b'"a.png"', b"image/png", b"x")] * 101

    assert send_raw(signed_in, *parts).status_code == 400


@pytest.mark.parametrize("kind", [b"text/html", b"", b"image/svg+xml; charset=x", b"\xff"])
def test_what_a_file_says_it_is_does_not_matter(signed_in, ada, kind):
    assert send_raw(signed_in, PART % (b'"a.png"', kind, saved("PNG"))).status_code == 303


def test_a_picture_as_text_is_no_picture(signed_in, ada):
    assert signed_in.post("/account/", FORM | {"picture": "me.png"}).status_code == 303
    assert not Profile.objects.get(user=ada).picture
