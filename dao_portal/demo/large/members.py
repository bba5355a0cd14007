"""Members ``m0000001``, ``m0000002``, ... with all that each of them has, set by set."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import connection, transaction
from django.utils.translation import gettext as _

from dao_portal.core.actions import Action
from dao_portal.core.db.base import database_now
from dao_portal.core.db.months import ensure_months
from dao_portal.core.errors import DomainError
from dao_portal.core.markdown import render_markdown
from treasury import power
from treasury.models import Token

from ..people import MAIL_DOMAIN, PASSWORD
from .texts import BIOS, DEPOSITS, FEE, FIRST_NAMES, LAST_NAMES, WITHDRAWAL

MAX_MEMBERS = 9_999_999  # seven digits in a name
YEAR = timedelta(days=365)
CHUNK = 20_000
NAMES = r"^m[0-9]{7}$"

# Chance without surprises: the same in every database. ``draw`` keeps one question from another.
CHANCE = """
CREATE OR REPLACE FUNCTION pg_temp.chance(n bigint, draw int) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (hashint8extended(n, draw) & ((1::bigint << 53) - 1)) / (1::bigint << 53)::float8;

CREATE OR REPLACE FUNCTION pg_temp.pick(texts text[], n bigint, draw int) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN texts[1 + floor(pg_temp.chance(n, draw) * cardinality(texts))::int];
"""
# Looks drawn by chance, and grows with n all the same: rows that go to the end of an index cost
# a fraction of those that go anywhere.
HEX = """
CREATE OR REPLACE FUNCTION pg_temp.growing_hex(n bigint, total bigint, kind text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '0x' || lpad(to_hex(n * 4294967295 / total), 8, '0')
            || encode(sha256((kind || n)::bytea), 'hex');
"""

# One row a member. They joined over the last year, faster and faster. Most hold little and a few
# hold much (Pareto, the largest a million); one in eight holds what is left of a division.
NEW_MEMBERS = """
CREATE TEMPORARY TABLE new_members ON COMMIT DROP AS
SELECT n, id, username, joined, held - staked AS balance, staked AS staked_balance,
       uuidv7(moved - clock_timestamp()) AS movement_id, currency, type, status, amount,
       CASE WHEN n %% 50 = 0 THEN amount ELSE 0 END AS fee
FROM generate_series(%(first)s::bigint, %(last)s) AS n,
LATERAL (
    SELECT 'm' || lpad(n::text, 7, '0') AS username,
           %(now)s::timestamptz - %(year)s::interval * (1 - sqrt(n / %(total)s::float8)) AS joined,
           least(round((10 / power(1 - pg_temp.chance(n, 1), 0.8))::numeric, 2), 1000000)
             + CASE WHEN n %% 8 = 0
                    THEN (hashint8extended(n, 2) & 4503599627370495) * 0.000000000000000001
                    ELSE 0 END AS held,
           CASE WHEN pg_temp.chance(n, 4) < 0.40 THEN %(token_symbol)s
                WHEN pg_temp.chance(n, 4) < 0.75 THEN 'USDC' ELSE 'ETH' END AS currency,
           CASE WHEN pg_temp.chance(n, 5) < 0.85 OR n %% 50 = 0
                THEN 'deposit' ELSE 'withdrawal' END AS type,
           CASE WHEN pg_temp.chance(n, 6) < 0.96 THEN 'confirmed'
                WHEN pg_temp.chance(n, 6) < 0.98 THEN 'failed'
                WHEN pg_temp.chance(n, 6) < 0.99 THEN 'cancelled' ELSE 'pending' END AS status
) AS member,
LATERAL (
    SELECT uuidv7(joined - clock_timestamp()) AS id,
           CASE WHEN pg_temp.chance(n, 3) < 0.3 THEN round(held * 0.4, 2) ELSE 0 END AS staked,
           least(joined + interval '30 days' * pg_temp.chance(n, 7), %(now)s) AS moved,
           CASE WHEN currency = 'ETH' THEN (hashint8extended(n, 8) & 72057594037927935)
                                           * 0.000000000000000001
                ELSE round((5 + 195 * pg_temp.chance(n, 8))::numeric, 2) END AS amount
) AS share
"""
# What follows from it, one statement a table.
ROWS = (
    """
    INSERT INTO users (id, created_at, username, email, first_name, last_name, password_hash,
                       email_verified)
    SELECT id, joined, username, username || '@' || %(domain)s,
           pg_temp.pick(%(first_names)s, n, 11), pg_temp.pick(%(last_names)s, n, 12),
           %(password)s, true
    FROM new_members
    """,
    """
    INSERT INTO account_emailaddress (email, verified, "primary", user_id)
    SELECT username || '@' || %(domain)s, true, true, id FROM new_members
    """,
    """
    INSERT INTO profiles (created_at, user_id, bio, bio_html)
    SELECT joined, id, pg_temp.pick(%(bios)s, n, 13), pg_temp.pick(%(bios_html)s, n, 13)
    FROM new_members
    """,
    """
    INSERT INTO wallets (created_at, user_id, address, is_primary)
    SELECT joined, id, left(pg_temp.growing_hex(n, %(total)s, 'wallet'), 42), true
    FROM new_members
    """,
    f"""
    INSERT INTO user_tokens (created_at, user_id, token_id, balance, staked_balance, voting_power)
    SELECT joined, id, %(token)s, balance, staked_balance, {power.POWER}
    FROM new_members
    """,  # noqa: S608  (our own words)
    # For one member in ten somebody who has as much and has not joined yet.
    """
    INSERT INTO waiting_holdings (created_at, token_id, holder, balance)
    SELECT joined, %(token)s, 'waiting-' || username || '@' || %(domain)s, balance
    FROM new_members WHERE n %% 10 = 0
    """,
    # Most move their own tokens; one in fifty pays a fee into the treasury.
    """
    INSERT INTO transactions (id, user_id, type, status, amount, currency, treasury_change,
                              description, transaction_hash)
    SELECT movement_id, id, type, status, amount, currency,
           fee,
           CASE WHEN fee > 0 THEN %(fee)s
                WHEN type = 'deposit' THEN pg_temp.pick(%(deposits)s, n, 14)
                ELSE %(withdrawal)s END,
           CASE WHEN status = 'confirmed' AND currency <> %(token_symbol)s
                THEN left(pg_temp.growing_hex(n, %(total)s, 'hash'), 66) ELSE '' END
    FROM new_members
    """,
    """
    INSERT INTO transaction_hashes (transaction_id, network, hash)
    SELECT movement_id, 'ethereum', left(pg_temp.growing_hex(n, %(total)s, 'hash'), 66)
    FROM new_members WHERE status = 'confirmed' AND currency <> %(token_symbol)s
    """,
    """
    INSERT INTO notifications (id, user_id, type, title, message, data, is_read)
    SELECT uuidv7(joined - clock_timestamp()), id, %(joining)s, %(welcome)s, %(welcome_message)s,
           %(welcome_data)s, pg_temp.chance(n, 15) < 0.7
    FROM new_members
    """,
    """
    INSERT INTO audit_logs (id, user_id, action, resource_type, resource_id)
    SELECT uuidv7(joined - clock_timestamp()), id, %(joining)s, 'user', id FROM new_members
    """,
    # There is exactly as much more of the token as was given out, or lies in the treasury.
    """
    UPDATE tokens SET
        circulating_supply = circulating_supply + given,
        total_supply = total_supply + given + kept,
        updated_at = now()
    FROM (
        SELECT sum(balance + staked_balance) AS given,
               coalesce(sum(balance) FILTER (WHERE n %% 10 = 0), 0) + coalesce(sum(fee) FILTER (
                   WHERE status = 'confirmed' AND currency = %(token_symbol)s), 0) AS kept
        FROM new_members
    ) AS sums
    WHERE id = %(token)s
    """,
    "DROP TABLE new_members",
)


class NameTaken(DomainError):
    """Somebody else has a name of the large community."""


def count_members() -> int:
    """How many members of the large community there are. Raises NameTaken."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(max(substr(username, 2)::int), 0),"
            " min(username) FILTER (WHERE email IS DISTINCT FROM username || '@' || %s)"
            " FROM users WHERE username LIKE 'm%%' AND username ~ %s",
            [MAIL_DOMAIN, NAMES],
        )
        count, stranger = cursor.fetchone()
    if stranger:
        raise NameTaken(_("@%(name)s is a member of another kind.") % {"name": stranger})
    return int(count)


def username(number: int) -> str:
    return f"m{number:07d}"


def add_members(*, token: Token, total: int, progress: Callable[[int], None]) -> None:
    """Bring them up to ``total``, one transaction a chunk. Makes the months that it needs."""
    here = count_members()
    if here >= total:
        return
    now = database_now()
    ensure_months(since=now - YEAR)
    values = _values(token, total=total, now=now)
    for first in range(here + 1, total + 1, CHUNK):
        last = min(first + CHUNK - 1, total)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(CHANCE)
            cursor.execute(HEX)
            cursor.execute(NEW_MEMBERS, values | {"first": first, "last": last})
            for statement in ROWS:
                cursor.execute(statement, values)
        progress(last - first + 1)


def _values(token: Token, *, total: int, now: datetime) -> dict[str, Any]:
    return {
        "total": total,
        "now": now,
        "year": YEAR,
        "token": token.pk,
        "token_symbol": token.symbol,
        **power.weights(),
        "domain": MAIL_DOMAIN,
        "password": make_password(PASSWORD),  # slow by design, so once for all of them
        "first_names": FIRST_NAMES,
        "last_names": LAST_NAMES,
        "bios": list(BIOS),
        "bios_html": [render_markdown(bio) for bio in BIOS],
        "fee": FEE,
        "deposits": list(DEPOSITS),
        "withdrawal": WITHDRAWAL,
        "joining": Action.MEMBER_JOINED.value,
        "welcome": _("Welcome to Commons"),
        "welcome_message": _("Look at what is open, and at what was decided before you came."),
        "welcome_data": json.dumps({"url": "/"}),
    }
