"""Who the client is: one rule, and nothing that a client writes itself can bend it."""

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from dao_portal.core.web.http import (
    MAX_LONG_FILES,
    SHORT_LINES,
    TooManyLongFiles,
    client_ip,
    coarse_ip,
    in_turn,
    see_other,
)
from dao_portal.core.web.middleware import RequestInfoMiddleware
from dao_portal.core.web.request import RequestInfo, current_request

PROXY = "10.0.0.1"


def make_request(forwarded: str | None = None, remote: str = PROXY, **headers: str):
    if forwarded is not None:
        headers["X-Forwarded-For"] = forwarded
    return RequestFactory().get("/", REMOTE_ADDR=remote, headers=headers)


@pytest.mark.parametrize("forwarded", [None, "198.51.100.1", "1.1.1.1, 2.2.2.2", "rubbish"])
def test_without_a_proxy_the_header_is_ignored(settings, forwarded):
    settings.TRUSTED_PROXY_COUNT = 0

    assert client_ip(make_request(forwarded)) == PROXY


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (1, "203.0.113.7", "203.0.113.7"),
        (1, "198.51.100.1, 203.0.113.7", "203.0.113.7"),
        (1, "rubbish, <script>, 203.0.113.7", "203.0.113.7"),
        (2, "203.0.113.7, 10.0.0.2", "203.0.113.7"),
        (2, "198.51.100.1, 203.0.113.7, 10.0.0.2", "203.0.113.7"),
        # Fewer addresses than proxies: the request took another way, so nobody vouches for it.
        (2, "203.0.113.7", ""),
        (1, "", ""),
        (1, "rubbish", ""),
    ],
)
def test_what_a_client_writes_itself_changes_nothing(settings, proxies, forwarded, address):
    settings.TRUSTED_PROXY_COUNT = proxies

    assert client_ip(make_request(forwarded)) == address


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("2001:db8::7", "2001:db8::7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("", ""),
        ("unix:", ""),
    ],
)
def test_the_address_is_an_address_or_nothing(settings, remote, address):
    settings.TRUSTED_PROXY_COUNT = 0

    assert client_ip(make_request(remote=remote)) == address


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("203.0.113.77", "203.0.113.0"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
        ("", ""),
    ],
)
def test_coarse_ip_cuts(address, kept):
    assert coarse_ip(address) == kept


def test_see_other_asks_for_a_get():
    response = see_other("/proposals/")

    assert (response.status_code, response["Location"]) == (303, "/proposals/")


# --- the request, for the audit row -------------------------------------------------------------


def seen_through_the_middleware(request):
    """What a service sees, and the answer that the client gets."""
    seen = []

    def view(_request):
        seen.append(current_request())
        return HttpResponse()

    response = RequestInfoMiddleware(view)(request)
    return seen[0], response


def test_services_see_the_request_only_while_it_is_answered(settings):
    settings.TRUSTED_PROXY_COUNT = 0
    request = make_request(remote="203.0.113.7", **{"User-Agent": "Firefox"})

    seen, response = seen_through_the_middleware(request)

    assert (seen.ip_address, seen.user_agent) == ("203.0.113.7", "Firefox")
    assert response["X-Request-Id"] == seen.request_id
    assert current_request() == RequestInfo()


def test_the_scope_ends_with_an_error_too():
    def crash(_request):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        RequestInfoMiddleware(crash)(make_request(remote="203.0.113.7"))

    assert current_request() == RequestInfo()


@pytest.mark.parametrize("given", ["abcd-1234", "x" * 64, "0190.c1f2_77"])
def test_a_request_keeps_the_id_that_it_came_with(given):
    seen, _response = seen_through_the_middleware(make_request(**{"X-Request-Id": given}))

    assert seen.request_id == given


@pytest.mark.parametrize("given", ["", "short", "x" * 65, "line\nbreak-", "<script>alert(1)"])
def test_a_strange_id_is_replaced(given):
    seen, _response = seen_through_the_middleware(make_request(**{"X-Request-Id": given}))

    assert len(seen.request_id) == 32
    assert seen.request_id.isalnum()


LONG = ["one"] * SHORT_LINES


def test_long_files_are_sent_so_many_at_a_time_and_no_more():
    files = [in_turn(iter(LONG)) for _number in range(MAX_LONG_FILES)]
    with pytest.raises(TooManyLongFiles):
        in_turn(iter(LONG))
    assert list(in_turn(iter(LONG[1:]))) == LONG[1:]  # a short one waits for nobody

    assert list(files[0]) == LONG
    other = in_turn(iter(LONG))
    with pytest.raises(TooManyLongFiles):
        in_turn(iter(LONG))

    for file in (*files, other):
        file.close()
    assert [list(in_turn(iter(LONG))) for _number in range(9)] == 9 * [LONG]


def test_file_that_breaks_gives_its_turn_back():
    def breaking():
        yield from LONG
        raise ValueError

    for _number in range(9):
        with pytest.raises(ValueError):  # noqa: PT011  (its own)
            list(in_turn(breaking()))
