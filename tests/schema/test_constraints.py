"""Each constraint of each table of ours is broken through SQL, past every form and trigger.

A constraint without an attack here makes the last tests fail: add one when you add a constraint.
(Primary keys are left out: an attack on one would test PostgreSQL.)
"""

import pytest

from tests.schema.rows import MODELS, change, copy_row, refused_by
from tests.sql import sql

pytestmark = pytest.mark.django_db

# A result that is whole: PostgreSQL asks constraints by name, and an earlier one must not answer.
OVER = "closed_at = voting_end, votes_digest = repeat('0', 64)"
MISSED = "status = 'expired', outcome_reason = 'turnout'"
NOBODY = "status = 'expired', outcome_reason = 'no_votes'"

# Constraint -> what breaks it: the assignments of an UPDATE of the table's valid row.
CHANGES = {
    "brakes_count_ck": "count = 0",
    "comment_reactions_kind_ck": "kind = 2",
    "comments_content_ck": "content = ''",
    "comments_content_html_ck": "content_html = repeat('x', 20 * length(content) + 2001)",
    "comments_counters_ck": "likes = -1",
    "comments_depth_check": "depth = -1",
    "comments_depth_ck": "depth = 0",
    "comments_root_ck": "parent_id = NULL, depth = 0",
    "profiles_bio_html_ck": "bio_html = repeat('x', 20 * length(bio) + 2001)",
    "power_snapshots_own_ck": "own = -1",
    "power_snapshots_staked_ck": "staked = -1",
    "power_snapshots_delegated_ck": "delegated = -1",
    "power_snapshots_power_ck": "power = -1",
    "proposals_abstain_power_ck": "abstain_power = -1",
    "proposals_abstain_votes_ck": "abstain_votes = -1, total_votes = -1",
    "proposals_decided_after_voting_ck": "status = 'passed', closed_at = voting_start,"
    " outcome_reason = 'approved'",
    "proposals_decided_has_reason_ck": "status = 'passed', closed_at = voting_end",
    "proposals_description_html_ck": "description_html ="
    " repeat('x', 20 * length(description) + 2001)",
    "proposals_foreign_ck": "source = 'snapshot'",
    "proposals_no_power_ck": "no_power = -1",
    "proposals_no_votes_ck": "no_votes = -1, total_votes = -1",
    "proposals_note_ck": "outcome_note = 'Because.'",
    "proposals_opened_has_rule_ck": "approval_numerator = approval_denominator + 1",
    "proposals_published_has_window_ck": "voting_end = NULL",
    "proposals_result_ck": "yes_power = 1",
    "proposals_rule_version_check": "opened_at = NULL, rule_version = -1",
    "proposals_source_ck": "source = 'hearsay', status = 'draft'",
    "proposals_status_ck": f"{OVER}, status = 'vetoed', outcome_reason = 'veto'",
    "proposals_total_votes_ck": "yes_votes = 1",
    "proposals_unopened_ck": "opened_at = NULL",
    "proposals_verdict_ck": f"{OVER}, status = 'passed', outcome_reason = 'approved'",
    "proposals_window_ck": "voting_end = voting_start",
    "outgoing_mails_attempts_check": "attempts = -1",
    "outgoing_mails_erased_ck": "sent_at = now()",
    "outgoing_mails_one_end_ck": "sent_at = now(), given_up_at = now(), message = ''",
    "proposals_yes_power_ck": f"{OVER}, {MISSED}, yes_power = -1",
    "proposals_yes_votes_ck": f"{OVER}, {NOBODY}, yes_votes = -1, total_votes = -1",
    "tally_slots_slot_check": "slot = -1",
    "tokens_circulating_supply_ck": "circulating_supply = -1",
    "tokens_contract_not_empty_ck": "contract_address = ''",
    "tokens_decimals_check": "decimals = -1",
    "tokens_decimals_ck": "decimals = 19",
    "tokens_total_supply_ck": "total_supply = -1",
    "transaction_hashes_ordinal_check": "ordinal = -1",
    "transactions_amount_ck": "amount = -0.000000000000000001",
    "transactions_status_ck": "status = 'lost'",
    "transactions_type_ck": "type = 'gift'",
    "user_tokens_balance_ck": "balance = -0.000000000000000001",
    "user_tokens_staked_balance_ck": "staked_balance = -1",
    "user_tokens_voting_power_ck": "voting_power = -1",
    "users_email_not_empty_ck": "email = ''",
    "users_role_ck": "role = 'king'",
    "votes_reason_ck": "reason = 'I never said this.'",
    "votes_reason_sha256_ck": "reason = '', reason_sha256 = ''",
    "votes_vote_type_ck": "vote_type = 'maybe'",
    "votes_voting_power_ck": "voting_power = -1",
    "waiting_holdings_balance_ck": "balance = -1",
    "waiting_holdings_lower_ck": "holder = 'Tomo@example.org'",
    "waiting_holdings_staked_balance_ck": "staked_balance = -1",
}

# Unique constraint or index -> what a second row has in place of the first one's values.
COPIES = {
    "brakes_user_act_uniq": {"count": "2"},
    "comment_reactions_once_uniq": {"kind": "-kind"},
    "event_deliveries_once_uniq": {"done_at": "now()"},
    "form_keys_once_uniq": {"result": "uuidv7()"},
    "power_snapshots_proposal_user_uniq": {"power": "power + 1"},
    "profiles_user_id_key": {},
    "proposals_number_key": {"source_id": "''"},
    "proposals_source_id_uniq": {"number": "number + 1"},
    "settings_key_key": {"value": "'Another'"},
    "tally_slots_proposal_slot_uniq": {"yes_votes": "0"},
    "tokens_contract_address_key": {"symbol": "'OTHER'"},
    "tokens_symbol_key": {"contract_address": "NULL"},
    "transaction_hashes_once_uniq": {},
    "user_tokens_user_token_uniq": {"balance": "1"},
    "users_email_ci_uniq": {"username": "'other'", "email": "upper(email)"},
    "users_email_key": {"username": "'other'"},
    "users_username_ci_uniq": {"username": "upper(username)", "email": "NULL"},
    "users_username_key": {"email": "NULL"},
    "users_username_skeleton_uniq": {
        "username": "'\N{CYRILLIC SMALL LETTER A}d_a'",
        "email": "NULL",
    },
    "votes_proposal_voter_uniq": {"vote_type": "'no'"},
    "waiting_holdings_token_holder_uniq": {"balance": "2"},
    "wallets_address_ci_uniq": {"address": "lower(address)", "is_primary": "false"},
    "wallets_address_key": {"is_primary": "false"},
    "wallets_one_primary_uniq": {"address": "'0x01'"},
}

CHECKS_SQL = """
    SELECT conname, conrelid::regclass::text
    FROM pg_constraint
    WHERE conrelid = ANY(%(tables)s::regclass[]) AND contype = 'c' AND conparentid = 0
"""
UNIQUE_SQL = """
    SELECT indexrelid::regclass::text, indrelid::regclass::text
    FROM pg_index
    WHERE indrelid = ANY(%(tables)s::regclass[]) AND indisunique AND NOT indisprimary
"""


def table_of(constraint: str) -> str:
    """Its name begins with that of its table: comment_reactions_kind_ck, comments_depth_ck."""
    return max((table for table in MODELS if constraint.startswith(f"{table}_")), key=len)


@pytest.mark.parametrize("constraint", CHANGES)
def test_check_refuses(rows, constraint):
    table = table_of(constraint)
    with refused_by(constraint):
        change(table, rows[table], CHANGES[constraint])


@pytest.mark.parametrize("constraint", COPIES)
def test_second_row_is_refused(rows, constraint):
    table = table_of(constraint)
    with refused_by(constraint):
        copy_row(table, rows[table], **COPIES[constraint])


def test_every_check_has_its_attack(rows):
    found = sql(CHECKS_SQL, tables=list(MODELS))
    assert sorted(found) == sorted((name, table_of(name)) for name in CHANGES)


def test_every_unique_has_its_attack(rows):
    found = sql(UNIQUE_SQL, tables=list(MODELS))
    assert sorted(found) == sorted((name, table_of(name)) for name in COPIES)


def test_nothing_is_kept_apart_by_other_means(rows):
    """An EXCLUDE constraint would need attacks of another kind."""
    kinds = sql(
        "SELECT DISTINCT contype::text FROM pg_constraint"
        " WHERE conrelid = ANY(%(tables)s::regclass[]) ORDER BY 1",
        tables=list(MODELS),
    )
    assert kinds == [("c",), ("f",), ("n",), ("p",), ("u",)]
