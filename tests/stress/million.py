"""Rows by the million, written by SQL: as many in each table as one asks for.

They meet every CHECK; triggers and foreign keys are off while they are written. What is rare lies
among the oldest, so that a list that walks back from the newest would have to pass all others.
"""

from datetime import UTC, datetime, timedelta

from django.db import connection

from dao_portal.core.db.months import ensure_months

TWO_YEARS = timedelta(days=700)

# key(n): the n-th key of any table, and at(n) the time in it. other(n): somebody else's key.
FUNCTIONS = """
CREATE OR REPLACE FUNCTION pg_temp.key(n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex({start} + n * {span} / {rows}), 12, '0')
            || '70008' || lpad(to_hex(n), 15, '0'))::uuid
$$;
CREATE OR REPLACE FUNCTION pg_temp.other(n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT pg_temp.key(1 + n * 7919 % {rows})
$$;
CREATE OR REPLACE FUNCTION pg_temp.hex(n bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT replace(pg_temp.key(n)::text, '-', '')
$$;
CREATE OR REPLACE FUNCTION pg_temp.at(n bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
    SELECT to_timestamp(({start} + n * {span} / {rows}) / 1000.0)
$$;
"""

# A thousandth of the rows is rare; a third of votes and comments are on one proposal.
TABLES = {
    "users": """
        INSERT INTO users (id, created_at, updated_at, password_hash, username, email, first_name,
                           last_name, role, is_active, email_verified,
                           username_skeleton, name_skeleton)
        SELECT pg_temp.key(n), pg_temp.at(n), pg_temp.at(n), '!', 'member' || n,
               'member' || n || '@example.org', 'Given' || n % 1000, 'Family' || n,
               CASE WHEN n <= 3 THEN 'admin' WHEN n <= {rare} THEN 'moderator' ELSE 'user' END,
               n > {rare}, n > {rare},
               skeleton('member' || n), skeleton('Given' || n % 1000 || 'Family' || n)
        FROM generate_series(1, {rows}) AS n""",
    "profiles": """
        INSERT INTO profiles (id, created_at, updated_at, user_id, bio)
        SELECT pg_temp.key(n), pg_temp.at(n), pg_temp.at(n), pg_temp.key(n), 'I am number ' || n
        FROM generate_series(1, {rows}) AS n""",
    "wallets": """
        INSERT INTO wallets (id, created_at, updated_at, user_id, address, network, type,
                             is_primary, is_verified)
        SELECT pg_temp.key(n), pg_temp.at(n), pg_temp.at(n), pg_temp.key(n),
               '0x' || lpad(to_hex(n), 40, '0'), 'ethereum', 'evm', TRUE, n <= {rare}
        FROM generate_series(1, {rows}) AS n""",
    "tokens": """
        INSERT INTO tokens (id, created_at, updated_at, symbol, name, contract_address, decimals,
                            total_supply, circulating_supply)
        SELECT pg_temp.key(n), pg_temp.at(n), pg_temp.at(n), 'T' || lpad(n::text, 9, '0'),
               'Token ' || n, '0x' || lpad(to_hex(n), 40, '0'), 18, 1000, 1000
        FROM generate_series(1, {rows}) AS n""",
    "user_tokens": """
        INSERT INTO user_tokens (id, created_at, updated_at, user_id, token_id, balance,
                                 staked_balance, voting_power)
        SELECT pg_temp.key(n), pg_temp.at(n), pg_temp.at(n), pg_temp.key(n),
               pg_temp.key(CASE WHEN n <= {half} THEN 2 ELSE 1 END), n, 0, n
        FROM generate_series(1, {rows}) AS n""",
    "waiting_holdings": """
        INSERT INTO waiting_holdings (id, created_at, updated_at, token_id, holder, balance)
        SELECT pg_temp.key(n), pg_temp.at(n), pg_temp.at(n),
               pg_temp.key(CASE WHEN n <= {half} THEN 2 ELSE 1 END),
               'waiting' || n || '@example.org', n
        FROM generate_series(1, {rows}) AS n""",
    "outgoing_mails": """
        INSERT INTO outgoing_mails (id, created_at, updated_at, recipient, message, sent_at)
        SELECT pg_temp.key(n), pg_temp.at(n), pg_temp.at(n), 'member' || n || '@example.org', '',
               pg_temp.at(n)
        FROM generate_series(1, {rows}) AS n""",
    "transactions": """
        INSERT INTO transactions (id, user_id, type, status, amount, currency, treasury_change,
                                  description, metadata, transaction_hash)
        SELECT pg_temp.key(n), pg_temp.other(n),
               CASE WHEN n <= {rare} THEN 'vote' WHEN n % 2 = 0 THEN 'deposit' ELSE 'transfer' END,
               CASE WHEN n <= {rare} THEN 'failed' ELSE 'confirmed' END,
               n, 'DPT', CASE WHEN n % 10 = 0 THEN n ELSE 0 END, 'Movement ' || n,
               CASE WHEN n % 100 = 0 THEN jsonb_build_object('proposal', n) ELSE '{{}}' END,
               '0x' || lpad(to_hex(n), 64, '0')
        FROM generate_series(1, {rows}) AS n""",
    "transaction_hashes": """
        INSERT INTO transaction_hashes (id, created_at, updated_at, transaction_id, network, hash)
        SELECT pg_temp.key(n), pg_temp.at(n), pg_temp.at(n), pg_temp.key(n),
               (ARRAY['ethereum', 'gnosis', 'polygon'])[1 + n % 3], '0x' || lpad(to_hex(n), 64, '0')
        FROM generate_series(1, {rows}) AS n""",
    "proposals": """
        INSERT INTO proposals (id, created_at, updated_at, number, proposer_id, title, description,
            description_html, status, voting_start, voting_end, published_at, token_id,
            quorum_mode, quorum_threshold, approval_numerator, approval_denominator,
            approval_threshold, total_power, rule_version, fingerprint, opened_at, closed_at,
            outcome_reason, yes_power, no_power, votes_digest)
        SELECT pg_temp.key(n), pg_temp.at(n), pg_temp.at(n), n, pg_temp.other(n),
            'Fund garden number ' || n,
            'Ten raised beds and a rain barrel for part ' || n || ' of the garden.',
            '<p>Ten raised beds and a rain barrel for part ' || n || ' of the garden.</p>',
            CASE WHEN n > {rows} - {rare} THEN 'active' WHEN n <= {rare} THEN 'expired'
                 WHEN n <= {half} THEN 'rejected' ELSE 'passed' END,
            pg_temp.at(n) + interval '1 day', pg_temp.at(n) + interval '4 days', pg_temp.at(n),
            pg_temp.key(1), 'for_abstain', 4, 1, 2, 0.5, 100, 1,
            'sha256:' || encode(sha256(n::text::bytea), 'hex'),
            pg_temp.at(n) + interval '1 day',
            CASE WHEN n <= {rows} - {rare} THEN pg_temp.at(n) + interval '4 days' END,
            CASE WHEN n > {rows} - {rare} THEN '' WHEN n <= {rare} THEN 'turnout'
                 WHEN n <= {half} THEN 'below_threshold' ELSE 'approved' END,
            CASE WHEN n > {rows} - {rare} THEN 0 WHEN n <= {rare} THEN 1
                 WHEN n <= {half} THEN 5 ELSE 9 END,
            CASE WHEN n > {rows} - {rare} OR n <= {rare} THEN 0 ELSE 7 END,
            CASE WHEN n > {rows} - {rare} THEN '' ELSE encode(sha256(n::text::bytea), 'hex') END
        FROM generate_series(1, {rows}) AS n""",
    "power_snapshots": """
        INSERT INTO power_snapshots (id, created_at, updated_at, proposal_id, user_id, own, power)
        SELECT pg_temp.key(n), pg_temp.at(n), pg_temp.at(n),
               pg_temp.key(CASE WHEN n % 3 = 0 THEN 1 ELSE n END), pg_temp.key(n), n, n
        FROM generate_series(1, {rows}) AS n""",
    "votes": """
        INSERT INTO votes (id, created_at, updated_at, proposal_id, voter_id, vote_type,
                           voting_power, reason_sha256, cast_at)
        SELECT pg_temp.key(n), pg_temp.at(n), pg_temp.at(n),
               pg_temp.key(CASE WHEN n % 3 = 0 THEN 1 ELSE n END), pg_temp.key(n),
               (ARRAY['yes', 'no', 'abstain'])[1 + n % 3], n,
               encode(sha256(''), 'hex'), pg_temp.at(n)
        FROM generate_series(1, {rows}) AS n""",
    "tally_slots": """
        INSERT INTO tally_slots (id, created_at, updated_at, proposal_id, slot)
        SELECT pg_temp.key(n), pg_temp.at(n), pg_temp.at(n), pg_temp.key(1 + n / 16), n % 16
        FROM generate_series(1, {rows}) AS n""",
    "comments": """
        INSERT INTO comments (id, created_at, updated_at, proposal_id, user_id, parent_id, root_id,
                              path, depth, content, content_html, is_deleted)
        SELECT pg_temp.key(n), pg_temp.at(n), pg_temp.at(n),
               pg_temp.key(CASE WHEN n % 9 < 3 THEN 1 ELSE 1 + n / 3 % {rows} END),
               pg_temp.other(n),
               CASE WHEN n % 3 > 0 THEN pg_temp.key(n - n % 3) END, pg_temp.key(n - n % 3),
               CASE WHEN n % 3 > 0 THEN pg_temp.hex(n - n % 3) || '.' ELSE '' END || pg_temp.hex(n),
               least(n % 3, 1), 'Remark number ' || n, '<p>Remark number ' || n || '</p>',
               n <= {rare}
        FROM generate_series(3, {rows} + 2) AS n""",
    "comment_reactions": """
        INSERT INTO comment_reactions (id, created_at, updated_at, proposal_id, comment_id,
                                       user_id, kind)
        SELECT pg_temp.key(n), pg_temp.at(n), pg_temp.at(n),
               pg_temp.key(CASE WHEN n % 9 < 3 THEN 1 ELSE 1 + n / 3 % {rows} END), pg_temp.key(n),
               pg_temp.other(n + 1), CASE WHEN n <= {rare} THEN -1 ELSE 1 END
        FROM generate_series(3, {rows} + 2) AS n""",
    "notifications": """
        INSERT INTO notifications (id, user_id, type, title, message, is_read)
        SELECT pg_temp.key(n), pg_temp.other(n), 'proposal.opened', 'Voting opened on #' || n,
               'You can vote now.', n > {rare}
        FROM generate_series(1, {rows}) AS n""",
    "audit_logs": """
        INSERT INTO audit_logs (id, user_id, action, resource_type, resource_id, old_values,
                                new_values, ip_address, user_agent, request_id)
        SELECT pg_temp.key(n), pg_temp.other(n),
               CASE WHEN n <= {rare} THEN 'proposal.cancelled' ELSE 'vote.changed' END,
               'proposal', pg_temp.other(n + 1),
               '{{"choice": "yes", "power": "1"}}', '{{"choice": "no", "power": "1"}}',
               '192.0.2.0', '', md5(n::text)
        FROM generate_series(1, {rows}) AS n""",
    "event_deliveries": """
        INSERT INTO event_deliveries (id, created_at, updated_at, event_id, subscriber, done_at)
        SELECT pg_temp.key(n), pg_temp.at(n), pg_temp.at(n), pg_temp.key(n), 'notifications',
               CASE WHEN n > {rare} THEN pg_temp.at(n) END
        FROM generate_series(1, {rows}) AS n""",
    "form_keys": """
        INSERT INTO form_keys (id, created_at, updated_at, form, key, user_id, sent, result)
        SELECT pg_temp.key(n), pg_temp.at(n), pg_temp.at(n), 'comment', pg_temp.key(n),
               pg_temp.other(n), '', pg_temp.key(n)
        FROM generate_series(1, {rows}) AS n""",
    "brakes": """
        INSERT INTO brakes (id, created_at, updated_at, act, user_id)
        SELECT pg_temp.key(n), pg_temp.at(n), pg_temp.at(n), 'comments', pg_temp.key(n)
        FROM generate_series(1, {rows}) AS n""",
    "settings": """
        INSERT INTO settings (id, created_at, updated_at, key, value, type, description, is_public)
        SELECT pg_temp.key(n), pg_temp.at(n), pg_temp.at(n), 'option.' || n, n::text, 'integer',
               'Option ' || n, n > {rare}
        FROM generate_series(1, {rows}) AS n""",
}


def fill(rows: int, *, span: timedelta = TWO_YEARS) -> list[str]:
    """``rows`` rows in each table of TABLES, which must be empty; the partitions that it made."""
    begin = datetime.now(UTC) - span
    made = ensure_months(since=begin)
    words = {
        "rows": rows,
        "rare": max(rows // 1000, 4),
        "half": rows // 2,
        "start": int(begin.timestamp() * 1000),
        "span": int(span.total_seconds() * 1000),
    }
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        try:
            cursor.execute(FUNCTIONS.format(**words))
            for insert in TABLES.values():
                cursor.execute(insert.format(**words))
        finally:
            cursor.execute("SET session_replication_role = origin")
    return made
