"""The tables around accounts: follows, blocks, passkeys, identities, handles that nobody gets again.

What a foreign key to `accounts` says is what deleting an account does to the row (`departed.py`): `CASCADE`
takes it away, anything else leaves it with the account's empty shell. A table's rows are in the export of
every account that it refers to, but for `SECRETS` and `ANOTHERS`.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ForeignKey,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
)

from parvis.store.tables import metadata


def _account(name: str, *, index: bool = False) -> Column[str]:
    key = ForeignKey("accounts.id", ondelete="CASCADE")
    return Column(name, String(64), key, nullable=False, index=index)


follows: Final = Table(
    "follows",
    metadata,
    _account("follower_id"),
    _account("followed_id", index=True),
    Column("at_ms", BigInteger, nullable=False),
    PrimaryKeyConstraint("follower_id", "followed_id"),
)

blocks: Final = Table(
    "blocks",
    metadata,
    _account("blocker_id"),
    _account("blocked_id", index=True),
    Column("at_ms", BigInteger, nullable=False),
    PrimaryKeyConstraint("blocker_id", "blocked_id"),
)

passkeys: Final = Table(
    "passkeys",
    metadata,
    Column("id", String(64), primary_key=True),
    _account("account_id", index=True),
    Column("name", String(60), nullable=False),
    Column("credential_id", String(1400), nullable=False, unique=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("transports", JSON, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("last_used_at_ms", BigInteger),
)

identities: Final = Table(
    "identities",
    metadata,
    Column("issuer", String(300), nullable=False),
    Column("subject", String(255), nullable=False),
    _account("account_id", index=True),
    Column("at_ms", BigInteger, nullable=False),
    PrimaryKeyConstraint("issuer", "subject"),
)

retired_handles: Final = Table(
    "retired_handles",
    metadata,
    Column("handle_hash", String(64), primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
)
"""SHA-256 of handles whose accounts were deleted: nobody takes them again."""

SECRETS: Final = frozenset(
    {
        ("accounts", "password_hash"),
        ("invitations", "code_hash"),
        ("handoff_codes", "code_hash"),
        ("passkeys", "public_key"),
    }
)
"""Columns that no export shows."""

ANOTHERS: Final = frozenset({("blocks", "blocked_id")})
"""References that put no row into the export: who has blocked somebody is the blocker's own affair."""
