"""Profile pictures: what comes in, what is kept of it, and who gets to see it."""

import struct
import zlib
from io import BytesIO

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from PIL import Image, ImageCms, PngImagePlugin

from accounts.models import Profile, User
from accounts.pictures import MAX_BYTES, NotAPicture, TooManyPixels, square_picture
from accounts.services.profiles import remove_picture
from dao_portal.core.models import AuditLog
from tests.accounts.profile_form import FORM
from tests.factories import UserFactory, cast, comment_on, open_proposal_with

RED, BLUE = (200, 30, 30), (30, 30, 200)


def drawing(form: str = "PNG", mode: str = "RGB", size=(300, 200), color=RED, **options) -> bytes:
    """A picture of one colour."""
    file = BytesIO()
    Image.new(mode, size, color).save(file, form, **options)
    return file.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data))


def redraw(data: bytes) -> Image.Image:
    return opened(square_picture(data))


def is_like(pixel, color) -> bool:
    """Lossy WebP may be a shade off."""
    return all(abs(one - other) <= 6 for one, other in zip(pixel, color, strict=False))


def png_header(width: int, height: int) -> bytes:
    """A PNG that says how large it is, and little else."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", size)
        + chunk(b"IDAT", zlib.compress(bytes(100)))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_picture_becomes_a_small_square(form):
    picture = redraw(drawing(form))

    assert (picture.format, picture.size, picture.mode) == ("WEBP", (256, 256), "RGB")
    assert is_like(picture.getpixel((128, 128)), RED)


def test_the_middle_is_kept():
    file = BytesIO()
    wide = Image.new("RGB", (600, 200), BLUE)
    wide.paste(RED, (200, 0, 400, 200))
    wide.save(file, "PNG")

    picture = redraw(file.getvalue())

    assert is_like(picture.getpixel((4, 128)), RED)
    assert is_like(picture.getpixel((251, 128)), RED)


@pytest.mark.parametrize("size", [(1, 1), (1, 4000), (4000, 1)])
def test_tiny_and_narrow_ones_fit_too(size):
    assert redraw(drawing(size=size)).size == (256, 256)


def test_it_stands_upright():
    """The camera was turned: its file lies on its side and says so."""
    lying = Image.new("RGB", (200, 200), RED)
    lying.paste(BLUE, (0, 0, 200, 100))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it a quarter clockwise
    file = BytesIO()
    lying.save(file, "JPEG", exif=exif)

    picture = redraw(file.getvalue())

    assert is_like(picture.getpixel((20, 128)), RED)
    assert is_like(picture.getpixel((235, 128)), BLUE)


def test_nothing_but_the_pixels_survives():
    exif = Image.Exif()
    exif[0x8825] = {1: "N", 2: (60.0, 10.0, 0.0)}  # where it was taken
    exif[0x010E] = "SECRET"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    text = PngImagePlugin.PngInfo()
    text.add_text("comment", "SECRET")
    text.add_itxt("XML:com.adobe.xmp", "<x:xmpmeta>SECRET</x:xmpmeta>")

    data = square_picture(drawing("PNG", exif=exif, icc_profile=profile, pnginfo=text))

    assert b"SECRET" not in data
    assert set(opened(data).info) <= {"loop", "background", "timestamp", "duration"}
    chunks = {data[at : at + 4] for at in range(len(data) - 4)}
    assert not chunks & {b"EXIF", b"ICCP", b"XMP "}


@pytest.mark.parametrize(
    ("mode", "color", "expected"),
    [
        ("CMYK", (0, 255, 255, 0), (255, 0, 0)),
        ("L", 90, (90, 90, 90)),
        ("LA", (90, 255), (90, 90, 90)),
        ("1", 1, (255, 255, 255)),
    ],
)
def test_other_kinds_of_colour(mode, color, expected):
    form = "JPEG" if mode == "CMYK" else "PNG"

    assert is_like(
        redraw(drawing(form, mode, color=color)).convert("RGB").getpixel((9, 9)), expected
    )


def test_sixteen_bits_are_scaled_not_cut():
    picture = redraw(drawing(mode="I;16", color=0x8000))

    assert is_like(picture.getpixel((9, 9)), (128, 128, 128))


def test_transparency_stays():
    picture = redraw(drawing(mode="RGBA", color=(200, 30, 30, 0)))

    assert picture.mode == "RGBA"
    assert picture.getpixel((9, 9))[3] == 0


def test_palette_with_transparency():
    file = BytesIO()
    Image.new("P", (9, 9), 0).save(file, "PNG", transparency=0)

    assert redraw(file.getvalue()).getpixel((9, 9))[3] == 0


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_of_a_moving_picture_the_first_frame_stays(form):
    file = BytesIO()
    frames = [Image.new("RGB", (50, 50), color) for color in (RED, BLUE, BLUE)]
    frames[0].save(file, form, save_all=True, append_images=frames[1:], duration=100)

    picture = redraw(file.getvalue())

    assert getattr(picture, "n_frames", 1) == 1
    assert is_like(picture.getpixel((128, 128)), RED)


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"
HOSTILE = {
    "svg": SVG,
    "html": HTML,
    "gif": drawing("GIF", "P", color=0),
    "bmp": drawing("BMP"),
    "tiff": drawing("TIFF"),
    "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
    "pdf": b"%PDF-1.7\n",
    "nothing": b"",
    "only a signature": b"\x89PNG\r\n\x1a\n",
    "cut off": drawing("JPEG", size=(900, 900))[:2000],
    "cut off png": drawing(size=(900, 900))[:500],
    "cut off webp": drawing("WEBP")[:60],
    "not enough pixels": png_header(500, 500),
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_picture_is_refused(data):
    with pytest.raises(NotAPicture):
        square_picture(data)


@pytest.mark.parametrize("size", [(20_000, 20_000), (10_000, 10_000), (4097, 4096), (65_000, 300)])
def test_too_many_pixels_are_refused_before_they_are_unpacked(size):
    with pytest.raises(TooManyPixels):
        square_picture(png_header(*size))


def test_the_largest_that_is_let_in():
    assert redraw(drawing("JPEG", "L", size=(4096, 4096), color=9)).size == (256, 256)


def test_what_is_hidden_behind_a_picture_is_gone():
    """A file that is a picture to Pillow and a page or an archive to others."""
    data = square_picture(drawing() + HTML + b"PK\x03\x04")

    assert b"script" not in data
    assert b"PK\x03\x04" not in data


# --- on the pages ---------------------------------------------------------------------------


def upload(client, data: bytes, name: str = "me.png", **fields):
    return client.post("/account/", FORM | {"picture": SimpleUploadedFile(name, data)} | fields)


def picture_of(member: User) -> str:
    return Profile.objects.get(user=member).picture.name


def test_upload_is_shown_and_served(signed_in, ada, django_assert_num_queries):
    assert upload(signed_in, drawing()).status_code == 303

    address = f"/media/{picture_of(ada)}"
    assert (
        signed_in.get("/account/").text.count(f'src="{address}"') == 2
    )  # the page and the top bar
    signed_in.logout()
    with django_assert_num_queries(0):
        response = signed_in.get(address)
    assert response.status_code == 200
    assert response["Content-Type"] == "image/webp"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "default-src 'none'" in response["Content-Security-Policy"]
    assert not response.has_header("Vary") or "Cookie" not in response["Vary"]
    assert opened(response.getvalue()).size == (256, 256)


def test_picture_is_audited_by_name_only(signed_in, ada):
    upload(signed_in, drawing())
    signed_in.post("/account/picture/remove/")

    events = AuditLog.objects.filter(action="profile.changed").order_by("id")
    assert [event.new_values["changed"][-1] for event in events] == ["picture", "picture"]


def test_names_cannot_be_guessed_and_are_never_used_twice(signed_in, ada):
    names = set()
    for _ in range(2):
        upload(signed_in, drawing())
        names.add(picture_of(ada))

    assert len(names) == 2
    assert all(len(name) == len("pictures/") + 32 + len(".webp") for name in names)


def test_form_without_a_picture_keeps_the_old_one(signed_in, ada):
    upload(signed_in, drawing())
    name = picture_of(ada)

    signed_in.post("/account/", FORM)

    assert picture_of(ada) == name
    assert default_storage.exists(name)


@pytest.mark.parametrize("replaced", [True, False])
def test_old_file_goes_after_the_commit(
    signed_in, ada, django_capture_on_commit_callbacks, replaced
):
    upload(signed_in, drawing())
    name = picture_of(ada)

    with django_capture_on_commit_callbacks() as callbacks:
        if replaced:
            upload(signed_in, drawing(color=BLUE))
        else:
            assert signed_in.post("/account/picture/remove/").status_code == 303
    assert default_storage.exists(name)
    for callback in callbacks:
        callback()

    assert not default_storage.exists(name)
    assert bool(picture_of(ada)) == replaced
    assert ('<img class="av' in signed_in.get("/account/").text) == replaced


def test_first_picture_replaces_no_file(
    signed_in, ada, django_capture_on_commit_callbacks, caplog, settings, tmp_path
):
    """Real files: their storage refuses to delete what has no name."""
    kept = {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    settings.STORAGES = settings.STORAGES | {"default": kept | {"OPTIONS": {"location": tmp_path}}}
    with django_capture_on_commit_callbacks(execute=True):
        upload(signed_in, drawing())

    assert default_storage.exists(picture_of(ada))
    assert [each.message for each in caplog.records if each.levelname == "ERROR"] == []


def test_old_file_stays_when_the_change_fails(ada, django_capture_on_commit_callbacks, signed_in):
    upload(signed_in, drawing())
    name = picture_of(ada)

    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        remove_picture(actor=ada)
        transaction.set_rollback(True)

    assert picture_of(ada) == name
    assert default_storage.exists(name)


def test_removing_nothing_changes_nothing(signed_in, ada):
    assert signed_in.post("/account/picture/remove/").status_code == 303

    assert not AuditLog.objects.filter(action="profile.changed").exists()


REFUSALS = {
    "svg": ("me.svg", SVG, "no picture that we can read"),
    "html": ("me.png", HTML, "no picture that we can read"),
    "bomb": ("me.png", png_header(20_000, 20_000), "too many pixels"),
    "heavy": ("me.png", drawing() + bytes(MAX_BYTES), "larger than 2 MB"),
    "empty": ("me.png", b"", "This file is empty"),
}


@pytest.mark.parametrize(("name", "data", "complaint"), REFUSALS.values(), ids=REFUSALS)
def test_refused_picture_keeps_what_was_typed(signed_in, ada, name, data, complaint):
    response = upload(signed_in, data, name)

    assert response.status_code == 422
    assert complaint in response.text
    assert "<title>Error: Profile" in response.text
    form = response.context["form"]
    assert {field: form[field].value() for field in FORM} == FORM
    assert not Profile.objects.exists()


def test_picture_of_a_refused_form_has_to_be_chosen_again(signed_in, ada):
    response = upload(signed_in, drawing(), website="not an address")

    assert response.status_code == 422
    assert "Choose the picture again" in response.text
    assert default_storage.listdir("")[0] in ([], ["pictures"])
    assert not Profile.objects.exists()


def test_monstrous_request_is_not_read(signed_in, ada):
    response = signed_in.post("/account/", FORM, headers={"Content-Length": str(33 * 1024 * 1024)})

    assert response.status_code == 413


@pytest.mark.parametrize(
    "name", ["..%2F..%2Fsecrets%2Fsecret_key", "..", "a/b", "%00", "x.webp%00.png"]
)
def test_only_pictures_are_served(client, name, db):
    assert client.get(f"/media/pictures/{name}.webp").status_code in (400, 404)


@pytest.mark.parametrize("item_count", [1, 3])
@pytest.mark.parametrize(
    ("path", "queries"),
    [
        ("/members/", 11),
        ("/proposals/{number}/", 11),
        ("/proposals/{number}/votes/", 11),
        ("/tokens/DPT/", 10),
    ],
)
def test_faces_cost_no_queries(
    signed_in, ada, django_assert_num_queries, path, queries, item_count
):
    members = [UserFactory() for _ in range(item_count)]
    proposal = open_proposal_with(dict.fromkeys(members, 5), proposer=members[0])
    for member in members:
        cast(proposal, member, "yes", "It pays for itself.")
        comment_on(proposal, author=member)
        profile = Profile(user=member)
        profile.picture.save("", BytesIO(drawing()))
    signed_in.get("/help/voting/")  # the settings are read

    with django_assert_num_queries(queries):
        response = signed_in.get(path.format(number=proposal.number))

    assert response.text.count('<img class="av') >= item_count
