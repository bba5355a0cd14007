"""How gunicorn serves the portal: ``gunicorn --config python:dao_portal.web dao_portal.wsgi``."""

import contextlib
import logging
import socket
from http import HTTPStatus
from typing import Any

from gunicorn import util
from gunicorn.http import errors
from gunicorn.workers.gthread import ThreadWorker

# What gunicorn answers by itself, as it cannot read the request; all else of the kind is a 400.
STATUSES: dict[type[Exception], HTTPStatus] = {
    errors.LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    errors.LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    errors.ExpectationFailed: HTTPStatus.EXPECTATION_FAILED,
    errors.UnsupportedTransferCoding: HTTPStatus.NOT_IMPLEMENTED,
}
OURS = (errors.InvalidResponseHeader, errors.InvalidResponseHeaderName)  # not the client's fault


class Worker(ThreadWorker):
    """gunicorn's threads, with the portal's page and headers on what gunicorn answers by itself."""

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: Exception) -> None:
        from dao_portal.core.web.bare import bare_headers, bare_page

        if isinstance(exc, errors.ParseException) and not isinstance(exc, OURS):
            status = STATUSES.get(type(exc), HTTPStatus.BAD_REQUEST)
        else:
            status = HTTPStatus.INTERNAL_SERVER_ERROR
            logging.getLogger(__name__).error("no answer to a request", exc_info=exc)
        page = bare_page(status).encode()
        headers = {
            **bare_headers(),
            "Content-Type": "text/html; charset=utf-8",
            "Content-Length": str(len(page)),
            "Connection": "close",
        }
        lines = [
            f"HTTP/1.1 {status.value} {status.phrase}",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        with contextlib.suppress(OSError):  # nobody listens any more
            util.write_nonblock(client, "\r\n".join([*lines, "", ""]).encode() + page)


# --- gunicorn's settings ------------------------------------------------------------------------

worker_class = Worker
workers = 2
threads = 4
preload_app = True
graceful_timeout = 10
# Longer than a browser or a proxy keeps an idle connection: who closes first loses what the other
# is just sending, and a browser does not dare to send a form twice.
keepalive = 400
# Nobody, not even a trusted proxy, sets WSGI variables through headers; one header tells https.
forwarder_headers = ""
secure_scheme_headers = {"X-FORWARDED-PROTO": "https"}
loglevel = "warning"
control_socket_disable = True
