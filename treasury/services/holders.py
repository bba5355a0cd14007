"""A token's list of holders, brought in at once; and what waits for its owner."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from dao_portal.core.actions import Action
from dao_portal.core.audit.events import record
from dao_portal.core.errors import DomainError

from .. import power
from ..models import Token
from . import holdings

MAX_COMPLAINTS = 20


class DuplicateHolders(DomainError):
    """Two lines speak of the same member."""


@dataclass(frozen=True)
class HolderLine:
    """One line of the list: an address or an e-mail address in lower case, and two amounts."""

    number: int
    holder: str
    balance: Decimal
    staked: Decimal


@dataclass(frozen=True)
class HoldersImported:
    """How many holdings of members were written, and how many wait; what was so already is not."""

    given: int
    waiting: int


@transaction.atomic
def import_holders(
    *, actor: User | None, token: Token, lines: Iterable[HolderLine]
) -> HoldersImported:
    """Let the holders on the list hold exactly what it says; those it does not name keep theirs.

    An e-mail address means the member who verified it, an address the member who verified that
    wallet; anybody else's holding waits. Locks the token. A handful of statements for any number
    of lines. Raises DuplicateHolders when two lines mean one member, and then writes nothing.
    """
    holdings.lock_token(token.pk)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE holder_lines (number int, holder text, user_id uuid,"
            " balance numeric(78,18), staked_balance numeric(78,18)) ON COMMIT DROP"
        )
        columns = "holder_lines (number, holder, balance, staked_balance)"
        with cursor.copy(f"COPY {columns} FROM STDIN") as copy:
            for line in lines:
                copy.write_row((line.number, line.holder, line.balance, line.staked))
        cursor.execute("ANALYZE holder_lines")
        cursor.execute(FIND_OWNERS)
        _refuse_duplicates(cursor)
        cursor.execute(GIVE, {"token": token.pk, **power.weights()})
        given = cursor.rowcount
        cursor.execute(LET_WAIT, {"token": token.pk})
        waiting = cursor.rowcount
        cursor.execute(FORGET_GIVEN, {"token": token.pk})
        cursor.execute("DROP TABLE holder_lines")
    if given or waiting:
        counts = {"given": given, "waiting": waiting}
        record(Action.HOLDERS_IMPORTED, actor=actor, resource=token, new=counts)
    return HoldersImported(given=given, waiting=waiting)


FIND_OWNERS = """
UPDATE holder_lines SET user_id = owner.id
FROM (
    SELECT lower(email) AS holder, id FROM users WHERE email_verified AND is_active
    UNION ALL
    SELECT lower(address), user_id FROM wallets WHERE is_verified
) AS owner
WHERE owner.holder = holder_lines.holder
"""
DUPLICATES = """
SELECT number, first FROM (
    SELECT number,
           min(number) OVER (PARTITION BY coalesce(user_id::text, holder)) AS first
    FROM holder_lines
) AS lines
WHERE number > first ORDER BY number LIMIT %s
"""
GIVE = f"""
INSERT INTO user_tokens AS held
    (user_id, token_id, balance, staked_balance, voting_power, updated_at)
SELECT user_id, %(token)s, balance, staked_balance, {power.POWER}, now()
FROM holder_lines WHERE user_id IS NOT NULL
ON CONFLICT (user_id, token_id) DO UPDATE SET
    balance = excluded.balance,
    staked_balance = excluded.staked_balance,
    voting_power = excluded.voting_power,
    last_updated = now(),
    updated_at = now()
WHERE (held.balance, held.staked_balance, held.voting_power)
    IS DISTINCT FROM (excluded.balance, excluded.staked_balance, excluded.voting_power)
"""  # noqa: S608  (our own words)
LET_WAIT = """
INSERT INTO waiting_holdings AS held (token_id, holder, balance, staked_balance)
SELECT %(token)s, holder, balance, staked_balance FROM holder_lines WHERE user_id IS NULL
ON CONFLICT (token_id, holder) DO UPDATE SET
    balance = excluded.balance,
    staked_balance = excluded.staked_balance,
    updated_at = now()
WHERE (held.balance, held.staked_balance)
    IS DISTINCT FROM (excluded.balance, excluded.staked_balance)
"""
FORGET_GIVEN = """
DELETE FROM waiting_holdings USING holder_lines
WHERE waiting_holdings.token_id = %(token)s
  AND waiting_holdings.holder = holder_lines.holder AND holder_lines.user_id IS NOT NULL
"""


def _refuse_duplicates(cursor: Any) -> None:
    cursor.execute(DUPLICATES, [MAX_COMPLAINTS])
    duplicates = cursor.fetchall()
    if duplicates:
        raise DuplicateHolders(
            "\n".join(
                _("Line %(number)s means the same holder as line %(first)s.")
                % {"number": number, "first": first}
                for number, first in duplicates
            )
        )
