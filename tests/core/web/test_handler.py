"""Whatever a stranger sends, the answer is one of ours: a status, a page, and all the headers.

The table goes through the real WSGI application, as gunicorn would call it, and through gunicorn.
"""

import io
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPResponse
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest
from django.conf import settings

from dao_portal.core.web.bare import bare_headers
from dao_portal.core.web.handler import PortalHandler, WholeBody, behind_front, speaks_utf8
from dao_portal.wsgi import application
from tests.looking import some
from tests.stress.parts import database_environment

pytestmark = pytest.mark.django_db(transaction=True)

FORM = "application/x-www-form-urlencoded"
LOGIN = "/accounts/login/"

# charset names that Python knows and that no form may have, and some that it does not know
CHARSETS = [
    *("bogus", "utf-7", "utf-16", "utf-32", "idna", "punycode", "undefined", "rot13", "zip"),
    *("base64", "hex", "bz2", "uu", "quopri", "unicode_escape", "raw_unicode_escape", "mbcs"),
    *("latin-1", "cp1252", "ascii", "\0", "a" * 3000, "../../x", '"', '""', "utf-8-sig"),
    *("\xff", "utf\x01", "{}", "%s", "string_escape", "oem", "charmap", "utf_8_sig"),
]
CONTENT_TYPES = [
    *(f"{FORM}; charset={name}" for name in CHARSETS),
    *(f"multipart/form-data; boundary=x; charset={name}" for name in CHARSETS),
    *(f"text/plain; charset={name}" for name in CHARSETS),
    f"{FORM}; charset*=bogus''x",
    f"{FORM}; charset*=zip''%ff%fe",
    f"{FORM}; charset*0=utf; charset*1=-7",
    f"{FORM}; charset*0*=bogus''utf",
    f"{FORM}; charset",
    f"{FORM};;;;=;=;",
    f"{FORM}; charset=utf-8; charset=zip",
    "multipart/form-data",
    "multipart/form-data; boundary=",
    "multipart/form-data; boundary=\xff",
    "multipart/form-data; boundary*=bogus''x",
    f"multipart/form-data; boundary={'x' * 5000}",
    "multipart/form-data; boundary=a b",
    'multipart/form-data; boundary="x',
    "multipart/mixed; boundary=x",
    ";",
    "; charset=zip",
    "\xe4\xf6",
    "a" * 5000,
]
PART = "--x\r\nContent-Disposition: form-data; name={}\r\n{}\r\nvalue\r\n--x--\r\n"
MULTIPARTS = [
    "",
    "--x",
    "--x\r\n",
    "no boundary at all",
    PART.format("a", "Content-Transfer-Encoding: base64\r\n"),
    PART.format("a", "Content-Transfer-Encoding: bogus\r\n"),
    PART.format("a", "Content-Type: text/plain; charset=bogus\r\n"),
    PART.format("a", "Content-Type: text/plain; charset=zip\r\n"),
    PART.format("a", "Content-Type: text/plain; charset*=bogus''x\r\n"),
    PART.format("a; filename=x", "Content-Type: text/plain; charset*=zip''x\r\n"),
    PART.format("a; filename*=bogus''x", ""),
    PART.format("a; filename*=zip''x", ""),
    PART.format("a; filename*=utf-7''+AAA", ""),
    PART.format("a; filename*=", ""),
    PART.format("a; filename*=utf-8''%ff%00", ""),
    PART.format("a; filename=../../../etc/passwd", ""),
    PART.format('a; filename="' + "x" * 5000 + '"', ""),
    PART.format("a; filename=\0", ""),
    PART.format("*=bogus''x", ""),
    PART.format("", ""),
    PART.format("csrfmiddlewaretoken; filename=x", ""),
    PART.format("a", "X" * 2000 + ": y\r\n"),
    PART.format("a", "Content-Length: -1\r\n"),
    "".join(f"--x\r\nContent-Disposition: form-data; name=a{n}\r\n\r\n\r\n" for n in range(1100)),
    "".join(
        f"--x\r\nContent-Disposition: form-data; name=f{n}; filename=f{n}\r\n\r\n\r\n"
        for n in range(150)
    ),
]
FORMS = [
    "%",
    "%ff=%ff",
    "\xff=\xfe",
    "a=%00",
    "&" * 5000,
    "&".join(f"a{n}=1" for n in range(1100)),
    "csrfmiddlewaretoken=%ed%a0%80",
    "=",
]
ADDRESSES = [
    "/%ff",
    "/%00",
    "/%ed%a0%80/",
    "/proposals/%ff/",
    "/members/%c0%af/",
    "/proposals/?q=%ff",
    "/proposals/?q=%00",
    "/proposals/?%ff=%ff",
    "/proposals/?page=%ed%a0%80",
    "/proposals/?" + "&".join(f"a{n}=1" for n in range(1100)),
    "//",
    "//evil.example/..",
    "/%2e%2e/%2e%2e/",
    "/accounts/login/?next=%0d%0aSet-Cookie:x",
    "/accounts/login/?next=//evil.example%ff",
    "/media/pictures/%ff.webp",
    "/admin/%ff/",
    "/dev/mail/%00/",
]
HEADERS = [
    ("Cookie", "session=\xff; csrf=\xfe"),
    ("Cookie", "session=\0"),
    ("Cookie", "=; ;;;=x; session"),
    ("Cookie", "session=" + "x" * 6000),
    ("Cookie", 'csrf="' + "\\377" * 50),
    ("Cookie", "theme=\xff; messages=\xff; django_language=\xff"),
    ("Accept-Language", "\xff"),
    ("Accept-Language", "x" * 600),
    ("Accept-Encoding", "\xff"),
    ("Host", "\xff"),
    ("Host", ""),
    ("Host", "a" * 300),
    ("Host", "localhost:99999999"),
    ("Host", "[::1"),
    ("Referer", "\xff"),
    ("Origin", "null"),
    ("User-Agent", "\xff\x00"),
    ("X-Forwarded-For", "\xff, ,,"),
    ("X-Forwarded-Host", "evil.example"),
    ("X-Request-Id", "\xff"),
    ("HX-Request", "\xff"),
    ("HX-Target", "\xff"),
    ("HX-Current-URL", "http://[::1"),
    ("HX-Current-URL-URI-AutoEncoded", "\xff"),
    ("If-Modified-Since", "\xff"),
    ("If-None-Match", "\xff"),
    ("Range", "bytes=999-0"),
    ("Content-Length", ""),
]
LENGTHS = ["-1", "x", "1e3", "\xb2", "+5", " 5", "0x5", "9" * 40, "16777217"]


def wanted_headers():
    return {**bare_headers(), "Content-Security-Policy": None}


def check(status: int, headers: dict[str, str], what: object) -> None:
    assert status < 500, (status, what)
    for name, value in wanted_headers().items():
        assert name in headers, (name, status, what)
        assert value is None or headers[name] == value, (name, status, what)
    assert set(headers["Content-Security-Policy"].split("; ")) == set(
        bare_headers()["Content-Security-Policy"].split("; ")
    )


# --- the WSGI application -----------------------------------------------------------------------


def call(
    method: str = "POST",
    address: str = LOGIN,
    body: bytes = b"",
    app=application,
    **changes: str,
) -> tuple[int, dict[str, str], bytes]:
    path, _, query = address.partition("?")
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "localhost",
        "CONTENT_TYPE": FORM,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        **changes,
    }
    given = {}

    def start_response(status, headers, _error=None):
        given.update(status=int(status.split()[0]), headers=dict(headers))

    answer = app(environ, start_response)
    page = b"".join(answer)
    getattr(answer, "close", lambda: None)()
    return given["status"], given["headers"], page


def test_every_content_type_has_an_answer():
    for content_type in CONTENT_TYPES:
        for method, address in (("POST", LOGIN), ("GET", "/help/voting/?q=\xe4")):
            status, headers, _page = call(
                method, address, b"a=1&login=x", CONTENT_TYPE=content_type
            )
            check(status, headers, (content_type, method, address))


# A token that fits its cookie: such a form is read to its end.
TOKEN = "a" * 32
COOKIE = f"csrf={TOKEN}"
MULTIPART = "multipart/form-data; boundary=x"
SIGNED = f"--x\r\nContent-Disposition: form-data; name=csrfmiddlewaretoken\r\n\r\n{TOKEN}\r\n"


def test_every_multipart_has_an_answer():
    read = (SIGNED + PART.format("login", "")).encode()
    assert call(body=read, CONTENT_TYPE=MULTIPART, HTTP_COOKIE=COOKIE)[0] == 200
    for multipart in MULTIPARTS:
        for first in ("", SIGNED):
            status, headers, _page = call(
                body=(first + multipart).encode("latin-1"),
                CONTENT_TYPE=MULTIPART,
                HTTP_COOKIE=COOKIE,
            )
            check(status, headers, multipart[:200])


def test_every_form_has_an_answer():
    for form in FORMS:
        body = f"csrfmiddlewaretoken={TOKEN}&login=x&password=y&{form}".encode("latin-1")
        status, headers, _page = call(body=body, HTTP_COOKIE=COOKIE)
        check(status, headers, form[:200])


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_address_has_an_answer(address):
    for method in ("GET", "HEAD", "POST", "DELETE", "BOGUS"):
        status, headers, _page = call(method, address)
        check(status, headers, (address, method))


@pytest.mark.parametrize(("name", "value"), HEADERS)
def test_every_header_has_an_answer(name, value):
    key = name.upper().replace("-", "_")
    key = key if key == "CONTENT_LENGTH" else f"HTTP_{key}"
    for method in ("GET", "POST"):
        for address in (LOGIN, "/help/voting/"):
            status, headers, _page = call(method, address, **{key: value})
            check(status, headers, (name, value, address))


@pytest.mark.parametrize("length", LENGTHS)
def test_every_length_has_an_answer(length):
    status, headers, _page = call(body=b"login=x", CONTENT_LENGTH=length)

    check(status, headers, length)
    assert status in (400, 403, 413)


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf-8"', "utf8"])
def test_a_form_in_utf8_is_read(charset):
    assert speaks_utf8(f"{FORM}; charset={charset}")
    assert speaks_utf8(FORM)
    assert speaks_utf8("")


@pytest.mark.parametrize("charset", ["utf-7", "bogus", "zip", "\0"])
def test_a_form_in_another_charset_is_a_bad_request(charset):
    status, headers, page = call(CONTENT_TYPE=f"{FORM}; charset={charset}")

    assert status == 400
    assert b"That request made no sense to us" in page
    check(status, headers, charset)


def test_a_request_that_is_too_large_is_told_so():
    status, headers, page = call(CONTENT_LENGTH=str(64 * 1024 * 1024))

    assert (status, b"larger than the portal takes" in page) == (413, True)
    check(status, headers, "large")


def test_a_form_that_ends_early_is_no_shorter_form(client):
    """The voter's machine went away while it was sending: half a reason is not their reason."""
    body = f"csrfmiddlewaretoken={TOKEN}&theme=dark&next=/".encode()
    whole = call("POST", "/theme/", body, HTTP_COOKIE=COOKIE)
    cut = call("POST", "/theme/", body, HTTP_COOKIE=COOKIE, CONTENT_LENGTH=str(len(body) + 1))
    assert whole[0] == 303
    assert cut[0] in (400, 403)
    check(cut[0], cut[1], "cut")


@pytest.mark.parametrize("size", [-1, 10])
def test_a_body_is_whole_or_an_error(size):
    assert WholeBody(io.BytesIO(b"0123456789"), "10").read(size) == b"0123456789"
    with pytest.raises(ConnectionError):
        WholeBody(io.BytesIO(b"01234"), "10").read(size)
    cut = WholeBody(io.BytesIO(b"0\n1"), "10")
    assert [cut.readline(), cut.readline()] == [b"0\n", b"1"]
    with pytest.raises(ConnectionError):
        cut.readline()


def test_a_refused_form_is_read_to_its_end():
    """Who answers and hangs up while the other still sends, resets the connection."""
    body = io.BytesIO(b"a" * 3_000_000)
    status, _headers, _page = call(
        "POST", "/nowhere/", b"", CONTENT_LENGTH="3000000", **{"wsgi.input": body}
    )
    assert (status, body.tell()) == (404, 3_000_000)


def test_what_even_django_does_not_catch_has_our_headers(caplog):
    class Broken(PortalHandler):
        def get_response(self, request):
            raise ZeroDivisionError

    status, headers, page = call(app=Broken())

    assert (status, b"Something broke on our side" in page) == (500, True)
    for name in some(wanted_headers()):
        assert name in headers
    assert "ZeroDivisionError" in caplog.text


# --- behind the front ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("forwarded", "proto", "seen"),
    [
        ("203.0.113.7", "https", ("203.0.113.7", None, "https")),
        ("1.1.1.1, 203.0.113.7", "http", ("203.0.113.7", "1.1.1.1", "http")),
        ("1.1.1.1, 2.2.2.2,203.0.113.7", "ftp", ("203.0.113.7", "1.1.1.1, 2.2.2.2", "http")),
        ("", "", ("", None, "http")),
    ],
)
def test_the_front_is_believed_and_forgotten(forwarded, proto, seen):
    found = []

    def inner(environ, _start):
        found.append(
            (
                environ["REMOTE_ADDR"],
                environ.get("HTTP_X_FORWARDED_FOR"),
                environ["wsgi.url_scheme"],
            )
        )
        return []

    behind_front(inner)(
        {
            "REMOTE_ADDR": "",
            "HTTP_X_FORWARDED_FOR": forwarded,
            "HTTP_X_FORWARDED_PROTO": proto,
            "wsgi.url_scheme": "http",
        },
        lambda *_: None,
    )
    assert found == [seen]


# --- gunicorn -----------------------------------------------------------------------------------


@pytest.fixture
def gunicorn(tmp_path: Path) -> Iterator[int]:
    """The port of a gunicorn with the portal's settings, on the test's database."""
    log = (tmp_path / "web.log").open("w+")
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "gunicorn", "--config=python:dao_portal.web", "--workers=1"),
            *("--bind=127.0.0.1:0", "--log-level=info", "tests.stress.site"),
        ],
        cwd=settings.BASE_DIR,
        env=database_environment(),
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    give_up = time.monotonic() + 60
    try:
        while "Booting worker" not in Path(log.name).read_text():
            assert server.poll() is None, Path(log.name).read_text()
            assert time.monotonic() < give_up
            time.sleep(0.05)
        yield int(re.search(r"Listening at: http://127.0.0.1:(\d+)", Path(log.name).read_text())[1])
    finally:
        server.terminate()
        server.wait(60)
        log.close()


def exchange(port: int, request: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send these bytes, end, and read the answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as line:
        line.sendall(request)
        line.shutdown(socket.SHUT_WR)
        answer = HTTPResponse(line)
        answer.begin()
        return answer.status, dict(answer.getheaders()), answer.read()


def post(content_type: str, body: bytes = b"a=1", extra: str = "") -> bytes:
    head = f"POST {LOGIN} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}\r\n{extra}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode("latin-1") + body


RAW = [
    b"nonsense\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET /%ff?%ff HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: other\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nBad Header: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\n: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nX: \0\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nSCRIPT_NAME: /x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nExpect: bogus\r\n\r\n",
    b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 9000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: a\r\n" * 200 + b"\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Proto: x\r\nX-Forwarded-Ssl: on\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: bogus\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    *(post(content_type) for content_type in CONTENT_TYPES if "\0" not in content_type),
    *(
        post("multipart/form-data; boundary=x", multipart.encode("latin-1"))
        for multipart in MULTIPARTS
    ),
]


def test_through_gunicorn_every_answer_has_our_headers(gunicorn):
    for request in RAW:
        status, headers, page = exchange(gunicorn, request)
        what = request[:200]
        assert (status < 500 or status == 501, b"Traceback" in page) == (True, False), what
        for name in some(wanted_headers()):
            assert name in headers, (name, status, what)


def test_a_refused_upload_gets_its_page_and_no_reset(gunicorn):
    """Three megabytes for an address that never reads them, many times over."""
    for address in ("/nowhere/", "/account/", LOGIN, "/healthz"):
        for content_type in (FORM, "multipart/form-data; boundary=x"):
            head = (
                f"POST {address} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}\r\n"
                f"Content-Length: 3000000\r\n\r\n"
            ).encode()
            for _time in range(5):
                assert exchange(gunicorn, head + b"a" * 3_000_000)[0] in (400, 403, 404, 405)
