"""Caddy before the portal, really run: who asks, what is served, what is refused, and with which
headers. Behind it stands tests/echo.py, or a portal with the test's database."""

import gzip
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from pathlib import Path

import psutil
import pytest
from django.conf import settings
from django.test import Client

from dao_portal.core.web.bare import bare_headers, bare_page
from dao_portal.core.web.middleware import MAX_BYTES
from dao_portal.embedded.programs import caddy_program
from dao_portal.front import PAGES, Front
from dao_portal.operations.portal import UnixConnection, front_of
from tests.portal import free_port
from tests.stress.parts import wait_for

HOST = "dao.example.org"
PRODUCTION = {
    "PORTAL_URL": f"https://{HOST}",
    "SECRET_KEY": "correct-horse-battery-staple-0123456789-abcdefghijk",
    "FIELD_ENCRYPTION_KEYS": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
}
NAMES = (
    *("Content-Security-Policy", "X-Frame-Options", "X-Content-Type-Options"),
    *("Referrer-Policy", "Cross-Origin-Opener-Policy"),
)


@contextmanager
def short_folder() -> Iterator[Path]:
    """Not pytest's: a unix socket's path ends at about 104 bytes."""
    path = Path(tempfile.mkdtemp(prefix="dao-front-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def folder() -> Iterator[Path]:
    with short_folder() as path:
        yield path


@pytest.fixture
def started() -> Iterator[ExitStack]:
    """What a test starts, it ends."""
    with ExitStack() as stack:
        yield stack


@contextmanager
def running(command: list[str], environment: dict[str, str], log: Path) -> Iterator[psutil.Process]:
    with log.open("ab") as output:
        process = psutil.Popen(
            command,
            cwd=settings.BASE_DIR,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(60)


def start_web(stack: ExitStack, folder: Path, bind: str, app: str, **environment: str) -> None:
    command = [
        *(sys.executable, "-m", "gunicorn", "--config=python:dao_portal.web", "--workers=1"),
        *(f"--bind={bind}", "--log-level=info", app),
    ]
    log = folder / "web.log"
    web = stack.enter_context(running(command, {**os.environ, **environment}, log))
    wait_for(lambda: "Booting worker" in log.read_text() or web.poll() is not None, "gunicorn")
    assert web.poll() is None, log.read_text()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def start_front(stack: ExitStack, folder: Path, **changes: object) -> Front:
    front = front_of("127.0.0.1")
    front = replace(
        front, folder=folder / "front", web=folder / "web.sock", port=free_port(), **changes
    )
    front.write({status: bare_page(status) for status in PAGES})
    environment = {**os.environ, **front.environment()}
    caddy = stack.enter_context(running(front.command(), environment, folder / "front.log"))
    wait_for(lambda: listens(front.port) or caddy.poll() is not None, "the front")
    assert caddy.poll() is None, (folder / "front.log").read_text()
    return front


def start_echo(stack: ExitStack, folder: Path, trusted: str = "0", **changes: object) -> Front:
    """A front, and behind it a web that says who asks."""
    bind = f"unix:{folder / 'web.sock'}"
    start_web(stack, folder, bind, "tests.echo:fronted", TRUSTED_PROXY_COUNT=trusted)
    return start_front(stack, folder, **changes)


@pytest.fixture(scope="module")
def echo() -> Iterator[Front]:
    """As on one's own machine, with a static file and a picture."""
    with short_folder() as folder, ExitStack() as stack:
        yield start_echo(stack, folder, **make_files(folder))


def ask(
    port: int, path: str = "/", method: str = "GET", body: bytes | None = None, **headers: str
) -> tuple[HTTPResponse, bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, {"Host": f"localhost:{port}", **named})
    answer = connection.getresponse()
    page = answer.read()
    connection.close()
    return answer, page


def seen(port: int, **headers: str) -> dict[str, object]:
    return json.loads(ask(port, **headers)[1])


def check_headers(answer: HTTPResponse) -> None:
    for name in NAMES:
        assert len(answer.headers.get_all(name, [])) == 1, name
    assert answer.headers["Server"] in (None, "gunicorn")
    assert answer.headers["Via"] is None


# --- who asks -----------------------------------------------------------------------------------

SPOOFED = {
    "X_Forwarded_For": "198.51.100.66",
    "X_Forwarded_Proto": "https",
    "X_Forwarded_Host": "evil.example",
    "X_Real_IP": "198.51.100.66",
    "Forwarded": "for=198.51.100.66;proto=https",
    "X_Forwarded_Ssl": "on",
    "X_Forwarded_Protocol": "ssl",
    "True_Client_IP": "198.51.100.66",
}


def test_nothing_that_a_client_writes_changes_who_it_is(echo):
    for headers in ({}, SPOOFED, {"X_Forwarded_For": "a, b, ,127.0.0.9"}):
        assert seen(echo.port, **headers) == {
            "client": "127.0.0.1",
            "limited": "127.0.0.1",
            "secure": False,
            "host": f"localhost:{echo.port}",
            "script": "",
            "body": 0,
        }
    # Names as no library writes them: to WSGI they would be the same as those with a hyphen.
    with socket.create_connection(("127.0.0.1", echo.port), timeout=60) as line:
        line.sendall(
            b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            b"SCRIPT_NAME: /x\r\nX_Forwarded_For: 6.6.6.6\r\nX_Forwarded_Proto: https\r\n\r\n"
        )
        answer = HTTPResponse(line)
        answer.begin()
        found = json.loads(answer.read())
    assert (found["script"], found["client"], found["secure"]) == ("", "127.0.0.1", False)


def test_behind_another_proxy_the_client_is_whom_that_proxy_names(folder, started):
    front = start_echo(started, folder, trusted="1", behind=True)

    found = seen(front.port, X_Forwarded_For="203.0.113.7", X_Forwarded_Proto="http")
    assert (found["client"], found["limited"]) == ("203.0.113.7", "203.0.113.7")
    # What the client wrote into it stands further left.
    found = seen(front.port, X_Forwarded_For="198.51.100.66, 203.0.113.7")
    assert (found["client"], found["limited"]) == ("203.0.113.7", "203.0.113.7")


def test_behind_two_proxies_a_request_that_went_around_one_is_nobodys(folder, started):
    front = start_echo(started, folder, trusted="2", behind=True)

    found = seen(front.port, X_Forwarded_For="203.0.113.7, 10.0.0.1")
    assert (found["client"], found["limited"]) == ("203.0.113.7", "203.0.113.7")
    found = seen(front.port, X_Forwarded_For="203.0.113.7")
    assert (found["client"], found["limited"]) == ("", "0.0.0.0")


def test_without_the_front_the_header_is_ignored(folder, started):
    port = free_port()
    start_web(started, folder, f"127.0.0.1:{port}", "tests.echo:plain", TRUSTED_PROXY_COUNT="0")

    found = seen(port, **{**SPOOFED, "X_Forwarded_Proto": "http"})
    assert (found["client"], found["limited"]) == ("127.0.0.1", "127.0.0.1")


# --- TLS ----------------------------------------------------------------------------------------


class OverTLS(HTTPSConnection):
    """To this machine, for a name that lies elsewhere."""

    def __init__(self, port: int, authority: Path) -> None:
        context = ssl.create_default_context(cafile=str(authority))
        super().__init__("127.0.0.1", port, timeout=60, context=context)
        self.context = context

    def connect(self) -> None:
        line = socket.create_connection((self.host, self.port), 60)
        self.sock = self.context.wrap_socket(line, server_hostname=HOST)


@pytest.fixture
def secure(folder: Path, started: ExitStack) -> tuple[Front, Path]:
    start_web(
        started,
        folder,
        f"unix:{folder / 'web.sock'}",
        "tests.echo:fronted",
        TRUSTED_PROXY_COUNT="0",
        **PRODUCTION,
    )
    front = start_front(
        started,
        folder,
        tls="internal",
        names=[HOST],
        address=f"https://{HOST}",
        redirect_port=free_port(),
        headers={**bare_headers(), "Strict-Transport-Security": "max-age=31536000"},
    )
    authority = front.folder / "certificates/pki/authorities/local/root.crt"
    wait_for(authority.exists, "the certificate")
    wait_for(lambda: any(front.folder.glob(f"certificates/**/{HOST}.crt")), "the certificate")
    return front, authority


def test_tls_ends_at_the_front(secure):
    front, authority = secure
    connection = OverTLS(front.port, authority)
    connection.request("GET", "/", headers={"Host": HOST, "X-Forwarded-Proto": "http"})
    answer = connection.getresponse()
    found = json.loads(answer.read())
    connection.close()

    assert (found["client"], found["secure"], found["host"]) == ("127.0.0.1", True, HOST)
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    check_headers(answer)


def test_a_host_that_is_not_ours_is_the_portals_to_refuse(secure):
    """Not Caddy's empty 200."""
    front, authority = secure
    connection = OverTLS(front.port, authority)
    connection.request("GET", "/nowhere", headers={"Host": "evil.example"})
    answer = connection.getresponse()
    page = answer.read()
    connection.close()

    assert json.loads(page)["host"] == "evil.example"  # the echo refuses nobody; Django does
    check_headers(answer)


def test_plain_http_is_sent_to_https_and_to_no_other_host(secure):
    front, _authority = secure
    for host in (HOST, "evil.example", f"{HOST}:8080"):
        answer, _page = ask(front.redirect_port, "/proposals/?page=2", Host=host)
        assert answer.status == 308
        assert answer.headers["Location"] == f"https://{HOST}/proposals/?page=2"
        check_headers(answer)


def test_caddy_keeps_everything_in_its_folder(secure):
    front, _authority = secure
    caddy = next(
        process
        for process in psutil.process_iter(["cmdline"])
        if str(front.config) in (process.info["cmdline"] or [])
    )
    outside = [
        file.path
        for file in caddy.open_files()
        if not file.path.startswith((str(front.folder.parent), "/sys/", "/proc/"))
    ]
    assert outside == []
    remote = [
        connection.raddr
        for connection in caddy.net_connections("inet")
        if connection.raddr and connection.raddr.ip not in ("127.0.0.1", "::1")
    ]
    assert remote == []
    listening = {
        connection.laddr.port
        for connection in caddy.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {front.port, front.redirect_port}  # no administration


# --- what it serves itself, and how it compresses -----------------------------------------------


def make_files(folder: Path) -> dict[str, Path]:
    static, media = folder / "static", folder / "media"
    (static / "portal").mkdir(parents=True)
    (media / "pictures").mkdir(parents=True)
    style = b"body { color: black }\n" * 500
    (static / "portal/portal.0123456789ab.css").write_bytes(style)
    (static / "portal/portal.0123456789ab.css.gz").write_bytes(gzip.compress(style))
    (static / "portal/portal.css").write_bytes(b"not hashed")
    (static / "staticfiles.json").write_text("{}")
    (media / "pictures/abc-DEF_1.webp").write_bytes(b"RIFF....WEBP")
    (media / "secret.webp").write_bytes(b"secret")
    (folder / "secret.0123456789ab.css").write_bytes(b"secret")
    return {"static": static, "media": media}


def test_hashed_files_are_served_for_good_and_compressed_once(echo):
    path = "/static/portal/portal.0123456789ab.css"
    plain, style = ask(echo.port, path)
    zipped, packed = ask(echo.port, path, Accept_Encoding="gzip")

    assert (plain.status, plain.headers["Content-Encoding"]) == (200, None)
    assert zipped.headers.get_all("Content-Encoding") == ["gzip"]
    assert gzip.decompress(packed) == style
    for answer in (plain, zipped):
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
        check_headers(answer)


@pytest.mark.parametrize(
    "path",
    [
        "/static/portal/portal.css",
        "/static/staticfiles.json",
        "/static/../secret.0123456789ab.css",
        "/static/%2e%2e/secret.0123456789ab.css",
        "/static/..%2fsecret.0123456789ab.css",
        "/static/portal/../../secret.0123456789ab.css",
        "/static/portal/",
        "/media/secret.webp",
        "/media/pictures/",
        "/media/pictures/../secret.webp",
        "/media/pictures/..%2fsecret.webp",
        "/media/pictures/%2e%2e/secret.webp",
        "/media/pictures/abc-DEF_1.webp/",
        "/media/pictures/a.b.webp",
    ],
)
def test_everything_else_is_asked_of_the_portal(echo, path):
    answer, page = ask(echo.port, path)
    assert b"secret" not in page
    assert "client" in json.loads(page) or answer.status == 404


def test_a_file_that_is_not_there_is_a_page_of_ours(echo):
    for path in ("/static/portal/gone.0123456789ab.css", "/media/pictures/gone.webp"):
        answer, page = ask(echo.port, path)
        assert (answer.status, b"There is no page here" in page) == (404, True)
        assert answer.headers["Cache-Control"] == "no-store"
        check_headers(answer)


@pytest.mark.django_db(transaction=True)
def test_a_picture_has_the_headers_that_the_portal_gives_it(echo, settings):
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    }
    settings.MEDIA_ROOT = echo.media
    path = "/media/pictures/abc-DEF_1.webp"
    ours, picture = ask(echo.port, path)
    portals = Client().get(path)

    assert picture == b"".join(portals.streaming_content)
    for name in (*NAMES, "Content-Type", "Cache-Control", "Content-Length"):
        theirs = portals.headers[name]
        assert set(re.split("[;,] ", ours.headers[name])) == set(re.split("[;,] ", theirs)), name
    answer, _page = ask(echo.port, path, "POST", b"")
    assert answer.status == 200  # the echo's: only reading is the front's


def test_pages_are_compressed(echo):
    for encoding in ("gzip", "zstd"):
        answer, page = ask(echo.port, "/?large=1", Accept_Encoding=encoding)
        assert answer.headers.get_all("Content-Encoding") == [encoding]
        assert len(page) < 5000
        assert "Accept-Encoding" in answer.headers["Vary"]
    answer, page = ask(echo.port, "/?large=1")
    assert (answer.headers["Content-Encoding"], len(page)) == (None, 75_000)


# --- what it refuses ----------------------------------------------------------------------------


def test_a_body_that_is_too_large_is_refused_and_never_passed_on_cut(echo):
    answer, page = ask(echo.port, method="POST", body=b"a" * 3_000_000)
    assert json.loads(page)["body"] == 3_000_000
    for head in (
        f"Content-Length: {MAX_BYTES + 1}\r\n\r\n".encode(),
        b"Transfer-Encoding: chunked\r\n\r\n" + f"{MAX_BYTES + 9:x}\r\n".encode(),
    ):
        with socket.create_connection(("127.0.0.1", echo.port), timeout=60) as line:
            line.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\n" + head)
            if b"chunked" in head:
                line.sendall(b"a" * (MAX_BYTES + 9) + b"\r\n0\r\n\r\n")
            answer = HTTPResponse(line)
            answer.begin()
            page = answer.read()
        assert (answer.status, b"larger than the portal takes" in page) == (413, True)
        check_headers(answer)


def test_a_web_that_is_away_is_back_in_a_moment(folder, started):
    front = start_front(started, folder)
    begin = time.monotonic()
    answer, page = ask(front.port, "/proposals/")

    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    assert b"We will be back in a moment" in page
    assert answer.headers["Cache-Control"] == "no-store"
    assert time.monotonic() - begin > 2  # it was waited for
    check_headers(answer)


def test_a_web_that_is_just_starting_is_waited_for(folder, started):
    front = start_front(started, folder)
    with socket.create_connection(("127.0.0.1", front.port), timeout=60) as line:
        line.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        server = socket.socket(socket.AF_UNIX)
        started.callback(server.close)
        server.bind(str(front.web))
        server.listen()
        inner, _address = server.accept()
        inner.recv(4096)
        inner.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        inner.close()
        answer = HTTPResponse(line)
        answer.begin()
        assert (answer.status, answer.read()) == (200, b"ok")


def test_a_body_that_does_not_come_is_told_so_and_reaches_nobody(folder, started, monkeypatch):
    monkeypatch.setattr("dao_portal.front.BODY_SECONDS", 1)
    front = start_echo(started, folder)
    for head in (
        b"Content-Length: 1000",
        b"Content-Length: 3000000",
        b"Transfer-Encoding: chunked",
    ):
        with socket.create_connection(("127.0.0.1", front.port), timeout=30) as line:
            line.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\n" + head + b"\r\n\r\n")
            answer = HTTPResponse(line)
            answer.begin()
            page = answer.read()
            assert (answer.status, b"did not arrive in time" in page) == (408, True), head
        check_headers(answer)
    log = (front.folder.parent / "web.log").read_text()
    assert "POST" not in log
    assert "Traceback" not in log


def test_a_head_that_does_not_come_is_hung_up_on(folder, started, monkeypatch):
    monkeypatch.setattr("dao_portal.front.HEADER_SECONDS", 1)
    front = start_front(started, folder)
    with socket.create_connection(("127.0.0.1", front.port), timeout=30) as line:
        line.sendall(b"GET / HTTP/1.1\r\nHost: ")
        assert line.recv(100) == b""


def test_a_head_that_is_too_large_is_refused(echo):
    answer, _page = ask(echo.port, X="a" * 40_000)
    assert answer.status == 431


def test_an_unreadable_head_is_gunicorns_to_refuse_and_has_our_headers(echo):
    for path, headers in (("/" + "a" * 6000, {}), ("/", {"X": "a" * 9000})):
        answer, page = ask(echo.port, path, **headers)
        assert answer.status in (414, 431)
        assert b"made no sense" in page
        check_headers(answer)


def test_a_pause_between_forms_never_meets_a_closed_line(echo):
    """gunicorn's two seconds were what a voter needs to think: the next form hit a closed line."""
    web = UnixConnection(echo.web)
    connection = HTTPConnection("127.0.0.1", echo.port, timeout=60)
    sockets = []
    for _form in range(3):
        for line in (connection, web):
            line.request("POST", "/", b"a=1", {"Host": "localhost", "Connection": "keep-alive"})
            assert line.getresponse().read()
            sockets.append(line.sock)
        time.sleep(2.5)  # the pause is what is tested
    assert len(set(sockets)) == 2
    connection.close()
    web.close()


# --- a proxy of one's own -----------------------------------------------------------------------

DEPLOY = Path(settings.BASE_DIR) / "deploy"


def test_the_caddyfile_for_ones_own_proxy_works(folder, started):
    web, port, files = free_port(), free_port(), make_files(folder)
    start_web(
        started,
        folder,
        f"127.0.0.1:{web}",
        "tests.echo:plain",
        TRUSTED_PROXY_COUNT="1",
        **PRODUCTION,
    )
    environment = {
        **os.environ,
        **dict.fromkeys(("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"), str(folder)),
        "DAO_HOST": f"http://localhost:{port}",
        "DAO_STATIC": str(files["static"]),
        "DAO_WEB": f"127.0.0.1:{web}",
    }
    text = (DEPLOY / "Caddyfile").read_text().replace("{\n\tgrace", "{\n\tadmin off\n\tgrace")
    (folder / "Caddyfile").write_text(text)
    command = [str(caddy_program()), "run", "--config", str(folder / "Caddyfile")]
    started.enter_context(running(command, environment, folder / "proxy.log"))
    wait_for(lambda: listens(port), (folder / "proxy.log").read_text)

    check_ones_own(port)


@pytest.mark.skipif(not shutil.which("nginx"), reason="no nginx: apt-get install nginx-light")
def test_the_nginx_conf_for_ones_own_proxy_works(folder, started):
    web, port, files = free_port(), free_port(), make_files(folder)
    start_web(
        started,
        folder,
        f"127.0.0.1:{web}",
        "tests.echo:plain",
        TRUSTED_PROXY_COUNT="1",
        **PRODUCTION,
    )
    make_key = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    make_key += ["-subj", f"/CN={HOST}", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run(make_key, cwd=folder, check=True, capture_output=True)
    site = (DEPLOY / "nginx.conf").read_text()
    for before, after in {
        "/etc/letsencrypt/live/dao.example.org/fullchain.pem": f"{folder}/cert.pem",
        "/etc/letsencrypt/live/dao.example.org/privkey.pem": f"{folder}/key.pem",
        "/srv/dao-portal/.local/static": str(files["static"]),
        "/srv/dao-portal/.local/media": str(files["media"]),
        "server 127.0.0.1:8000": f"server 127.0.0.1:{web}",
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "    listen [::]:443 ssl;\n": "",
        "listen 80": f"listen 127.0.0.1:{free_port()}",
        "    listen [::]:80;\n": "",
    }.items():
        assert before in site
        site = site.replace(before, after)
    (folder / "site.conf").write_text(site)
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;"
        " events {} http { include /etc/nginx/mime.types; access_log off;"
        f" client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;"
        f" fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;"
        f" include {folder}/site.conf; }}"
    )
    command = [shutil.which("nginx"), "-c", str(folder / "nginx.conf"), "-p", str(folder)]
    started.enter_context(running(command, dict(os.environ), folder / "proxy.log"))
    wait_for(lambda: listens(port), "nginx")

    check_ones_own(port, folder / "cert.pem")


def check_ones_own(port: int, authority: Path | None = None) -> None:
    def get(path: str, **headers: str) -> tuple[HTTPResponse, bytes]:
        connection = (
            OverTLS(port, authority) if authority else HTTPConnection("127.0.0.1", port, timeout=60)
        )
        if authority:
            connection.context.check_hostname = False
        host = HOST if authority else f"localhost:{port}"
        connection.request("GET", path, headers={"Host": host, **headers})
        answer = connection.getresponse()
        page = answer.read()
        connection.close()
        return answer, page

    _answer, page = get("/", **{"X-Forwarded-For": "198.51.100.66", "X-Real-IP": "6.6.6.6"})
    found = json.loads(page)
    assert (found["client"], found["limited"]) == ("127.0.0.1", "127.0.0.1")
    assert found["secure"] is bool(authority)
    answer, page = get("/?large=1", **{"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip" or authority  # the echo has no such type
    answer, page = get("/static/portal/portal.0123456789ab.css", **{"Accept-Encoding": "gzip"})
    assert answer.headers.get_all("Content-Encoding") == ["gzip"]
    assert "immutable" in answer.headers["Cache-Control"]
    assert get("/static/..%2fsecret.0123456789ab.css")[1] != b"secret"
