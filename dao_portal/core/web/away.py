"""Is the database away? Then the answer is "in a moment", and no error of ours."""

from collections.abc import Iterator

import psycopg
from django.db.utils import Error, InterfaceError, OperationalError

# SQLSTATE: connection exceptions, no resources (also: too many connections), terminated by an
# administrator, a crash, starting up or recovering, and a standby where the primary should be.
AWAY_CLASSES = ("08", "53")
AWAY = {"57P01", "57P02", "57P03", "57P05", "25006"}
NO_ANSWER = (
    *(InterfaceError, OperationalError),
    *(psycopg.InterfaceError, psycopg.OperationalError),
)


def database_is_away(error: BaseException | None) -> bool:
    """Did ``error``, or what led to it, come from a PostgreSQL that cannot be had right now?

    A transaction that lost its connection fails once more on its way out: the first failure counts.
    """
    return any(_is_away(link) for link in _chain(error))


def _is_away(error: BaseException) -> bool:
    # Django wraps psycopg's errors, but not that of a cursor which it closes.
    if isinstance(error, psycopg.Error):
        state = error.sqlstate
    elif isinstance(error, Error):
        state = getattr(error.__cause__, "sqlstate", None)
    else:
        return False
    if state is None:  # no answer from a server: it was not reached, or has hung up
        return isinstance(error, NO_ANSWER)
    return state in AWAY or state.startswith(AWAY_CLASSES)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
