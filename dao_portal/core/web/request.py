"""Who is asking, for the audit row, without a service ever seeing a request."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class RequestInfo:
    """What an audit row keeps of the request: nothing in a task or a command."""

    ip_address: str = ""
    user_agent: str = ""
    request_id: str = ""


NO_REQUEST = RequestInfo()

_current: ContextVar[RequestInfo] = ContextVar("request_info", default=NO_REQUEST)


def current_request() -> RequestInfo:
    """The request being answered, or an empty RequestInfo outside of one."""
    return _current.get()


@contextmanager
def request_scope(info: RequestInfo) -> Iterator[None]:
    """Make ``info`` the current request for the length of the block."""
    token = _current.set(info)
    try:
        yield
    finally:
        _current.reset(token)
