"""The schema that the portal promises: what ``manage.py check_schema`` holds the database against.

Written by hand from the agreed schema, and on purpose not derived from the models: when a model and
this table disagree, one of them is wrong. Each entry names the least that must be there. What the
database has beyond it, and why, is told in docs/schema.md.

How it is read (dao_portal/core/db/schema_check.py):

- ``columns``: name -> the schema's word for the type. A "string" may be varchar or text; a
  "decimal" keeps exactly 18 decimals; a "datetime" knows its time zone; "json" is jsonb.
- The primary key is ``id``, a UUID. PostgreSQL wants the column of a hash partition in it as well.
- ``unique``: exactly these columns, in any order, in a unique index over all rows.
- ``allowed``: a CHECK that lets through exactly these values.
- ``indexes``: a B-tree over all rows that *begins* with these columns. "Indexes: proposal_id" means
  that rows are found by it; a wider index that begins with it finds them too, and a second one
  would only cost writes. Unique and primary keys count.
- ``foreign_keys``: column -> the table whose ``id`` it refers to; each has its index above, as the
  schema asks. A composite key that contains the pair counts: it is stricter.
- ``json_indexes``: a GIN index, where a page filters by what is in the JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class HashBy:
    """Spread over hash partitions by ``column``, none missing."""

    column: str

    def __str__(self) -> str:
        return f"by hash of {self.column}"


@dataclass(frozen=True)
class ByMonth:
    """One range partition for each calendar month in UTC, by the time in the UUIDv7 ``id``."""

    def __str__(self) -> str:
        return "by month"


@dataclass(frozen=True)
class Table:
    """What one table must have. Several columns together are written "one, two"."""

    columns: Mapping[str, str]
    foreign_keys: Mapping[str, str] = field(default_factory=dict)
    unique: tuple[str, ...] = ()
    allowed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    indexes: tuple[str, ...] = ()
    json_indexes: tuple[str, ...] = ()
    partitions: HashBy | ByMonth | None = None


CONTRACT: dict[str, Table] = {
    "users": Table(
        columns={
            "id": "uuid",
            "email": "string",
            "password_hash": "string",
            "first_name": "string",
            "last_name": "string",
            "username": "string",
            "role": "string",
            "is_active": "boolean",
            "email_verified": "boolean",
            "two_factor_secret": "string",
            "created_at": "datetime",
            "updated_at": "datetime",
            "last_login": "datetime",
        },
        unique=("email", "username"),
        allowed={"role": ("user", "moderator", "admin")},
        indexes=("email", "username", "role", "created_at"),
    ),
    "profiles": Table(
        columns={
            "id": "uuid",
            "user_id": "uuid",
            "bio": "string",
            "avatar_url": "string",
            "website": "string",
            "twitter": "string",
            "discord": "string",
            "telegram": "string",
            "preferences": "json",
            "created_at": "datetime",
            "updated_at": "datetime",
        },
        foreign_keys={"user_id": "users"},
        unique=("user_id",),  # users to profiles is one to one
        indexes=("user_id", "created_at"),
    ),
    "wallets": Table(
        columns={
            "id": "uuid",
            "user_id": "uuid",
            "address": "string",
            "network": "string",
            "type": "string",
            "is_primary": "boolean",
            "is_verified": "boolean",
            "created_at": "datetime",
            "updated_at": "datetime",
        },
        foreign_keys={"user_id": "users"},
        unique=("address",),
        indexes=("address", "user_id", "created_at"),
    ),
    "tokens": Table(
        columns={
            "id": "uuid",
            "symbol": "string",
            "name": "string",
            "contract_address": "string",
            "network": "string",
            "total_supply": "decimal",
            "circulating_supply": "decimal",
            "description": "string",
            "image_url": "string",
            "is_active": "boolean",
            "created_at": "datetime",
            "updated_at": "datetime",
        },
        unique=("symbol", "contract_address"),
        indexes=("symbol", "contract_address", "created_at"),
    ),
    "user_tokens": Table(
        columns={
            "id": "uuid",
            "user_id": "uuid",
            "token_id": "uuid",
            "balance": "decimal",
            "staked_balance": "decimal",
            "voting_power": "decimal",
            "last_updated": "datetime",
            "created_at": "datetime",
            "updated_at": "datetime",
        },
        foreign_keys={"user_id": "users", "token_id": "tokens"},
        unique=("user_id, token_id",),  # users to tokens is many to many: one row a pair
        indexes=("user_id, token_id", "user_id", "token_id", "voting_power", "created_at"),
    ),
    "proposals": Table(
        columns={
            "id": "uuid",
            "proposer_id": "uuid",
            "title": "string",
            "description": "text",
            "type": "string",
            "status": "string",
            "metadata": "json",
            "voting_start": "datetime",
            "voting_end": "datetime",
            "quorum_threshold": "decimal",
            "approval_threshold": "decimal",
            "total_votes": "integer",
            "yes_votes": "integer",
            "no_votes": "integer",
            "abstain_votes": "integer",
            "created_at": "datetime",
            "updated_at": "datetime",
        },
        foreign_keys={"proposer_id": "users"},
        allowed={"status": ("draft", "active", "passed", "rejected", "expired")},
        indexes=("proposer_id", "status", "voting_start", "voting_end", "created_at"),
        json_indexes=("metadata",),
    ),
    "votes": Table(
        columns={
            "id": "uuid",
            "proposal_id": "uuid",
            "voter_id": "uuid",
            "vote_type": "string",
            "voting_power": "decimal",
            "reason": "string",
            "created_at": "datetime",
            "updated_at": "datetime",
        },
        foreign_keys={"proposal_id": "proposals", "voter_id": "users"},
        unique=("proposal_id, voter_id",),  # users to proposals is many to many: one vote each
        allowed={"vote_type": ("yes", "no", "abstain")},
        indexes=("proposal_id, voter_id", "proposal_id", "voter_id", "created_at"),
        partitions=HashBy("proposal_id"),
    ),
    "comments": Table(
        columns={
            "id": "uuid",
            "proposal_id": "uuid",
            "user_id": "uuid",
            "parent_id": "uuid",
            "content": "text",
            "likes": "integer",
            "dislikes": "integer",
            "is_deleted": "boolean",
            "created_at": "datetime",
            "updated_at": "datetime",
        },
        foreign_keys={"proposal_id": "proposals", "user_id": "users", "parent_id": "comments"},
        indexes=("proposal_id, created_at", "proposal_id", "user_id", "parent_id", "created_at"),
        partitions=HashBy("proposal_id"),
    ),
    "notifications": Table(
        columns={
            "id": "uuid",
            "user_id": "uuid",
            "type": "string",
            "title": "string",
            "message": "text",
            "data": "json",
            "is_read": "boolean",
            "created_at": "datetime",
            "updated_at": "datetime",
        },
        foreign_keys={"user_id": "users"},
        indexes=("user_id, is_read", "user_id", "is_read", "created_at"),
        partitions=ByMonth(),
    ),
    "transactions": Table(
        columns={
            "id": "uuid",
            "user_id": "uuid",
            "type": "string",
            "status": "string",
            "amount": "decimal",
            "currency": "string",
            "description": "string",
            "metadata": "json",
            "transaction_hash": "string",
            "created_at": "datetime",
            "updated_at": "datetime",
        },
        foreign_keys={"user_id": "users"},
        allowed={"type": ("deposit", "withdrawal", "transfer", "vote")},
        indexes=("user_id", "type", "status", "created_at"),
        json_indexes=("metadata",),
        partitions=ByMonth(),
    ),
    "audit_logs": Table(  # append-only: the schema gives it no updated_at
        columns={
            "id": "uuid",
            "user_id": "uuid",
            "action": "string",
            "resource_type": "string",
            "resource_id": "uuid",
            "old_values": "json",
            "new_values": "json",
            "ip_address": "string",
            "user_agent": "string",
            "created_at": "datetime",
        },
        foreign_keys={"user_id": "users"},
        indexes=("user_id", "action", "created_at"),
        partitions=ByMonth(),
    ),
    "settings": Table(
        columns={
            "id": "uuid",
            "key": "string",
            "value": "text",
            "type": "string",
            "description": "string",
            "is_public": "boolean",
            "created_at": "datetime",
            "updated_at": "datetime",
        },
        unique=("key",),
        indexes=("key", "is_public", "created_at"),
    ),
}
