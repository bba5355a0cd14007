"""A portal that only says who it thinks is asking, for the tests of what stands before it.

``gunicorn tests.echo:fronted`` behind the portal's own front, ``tests.echo:plain`` without it.
"""

import json

from dao_portal.core.web.handler import PortalRequest, behind_front
from dao_portal.core.web.http import client_ip
from tests.stress.site import application  # sets Django up

assert application


def plain(environ, start_response):
    from allauth.account.adapter import get_adapter

    request = PortalRequest(environ)
    try:
        limited = get_adapter().get_client_ip(request)
    except Exception as error:  # noqa: BLE001  (refused: the test shall see it)
        limited = type(error).__name__
    seen = {
        "client": client_ip(request),
        "limited": limited,
        "secure": request.is_secure(),
        "host": request.headers["Host"],
        "script": environ["SCRIPT_NAME"],
        "body": len(environ["wsgi.input"].read()),  # also a chunked one, which Django leaves
    }
    answer = json.dumps(seen).encode()
    kind = "application/json"
    if request.GET.get("large"):
        answer, kind = b"a word or two, " * 5000, "text/html"
    start_response("200 OK", [("Content-Type", kind), ("Content-Length", str(len(answer)))])
    return [answer]


fronted = behind_front(plain)
