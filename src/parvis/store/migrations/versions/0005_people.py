"""Profiles, devices of sessions, follows, blocks, passkeys, identities, retired handles.

Sessions that were there before were last seen when they began.

Revision: 0005, after 0004.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ACCOUNT_COLUMNS = ("bio", "avatar", "deleted_at_ms")
SESSION_COLUMNS = ("device", "last_seen_at_ms")


def upgrade() -> None:
    op.add_column("accounts", sa.Column("bio", sa.String(300), nullable=False, server_default=""))
    op.add_column("accounts", sa.Column("avatar", sa.String(64)))
    op.add_column("accounts", sa.Column("deleted_at_ms", sa.BigInteger()))
    op.add_column("sessions", sa.Column("device", sa.String(100), nullable=False, server_default=""))
    op.add_column(
        "sessions", sa.Column("last_seen_at_ms", sa.BigInteger(), nullable=False, server_default="0")
    )
    sessions = sa.table(
        "sessions", sa.column("created_at_ms", sa.BigInteger()), sa.column("last_seen_at_ms", sa.BigInteger())
    )
    op.execute(sa.update(sessions).values(last_seen_at_ms=sessions.c.created_at_ms))

    for table, one, other in (
        ("follows", "follower_id", "followed_id"),
        ("blocks", "blocker_id", "blocked_id"),
    ):
        op.create_table(
            table,
            sa.Column(one, sa.String(64), nullable=False),
            sa.Column(other, sa.String(64), nullable=False),
            sa.Column("at_ms", sa.BigInteger(), nullable=False),
            sa.PrimaryKeyConstraint(one, other, name=f"pk_{table}"),
            _account_key(table, one),
            _account_key(table, other),
        )
        op.create_index(f"ix_{table}_{other}", table, [other])
    op.create_table(
        "passkeys",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("account_id", sa.String(64), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("credential_id", sa.String(1400), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("transports", sa.JSON(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("last_used_at_ms", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_passkeys"),
        sa.UniqueConstraint("credential_id", name="uq_passkeys_credential_id"),
        _account_key("passkeys", "account_id"),
    )
    op.create_index("ix_passkeys_account_id", "passkeys", ["account_id"])
    op.create_table(
        "identities",
        sa.Column("issuer", sa.String(300), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("account_id", sa.String(64), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("issuer", "subject", name="pk_identities"),
        _account_key("identities", "account_id"),
    )
    op.create_index("ix_identities_account_id", "identities", ["account_id"])
    op.create_table(
        "retired_handles",
        sa.Column("handle_hash", sa.String(64), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("handle_hash", name="pk_retired_handles"),
    )


def downgrade() -> None:
    for table in ("retired_handles", "identities", "passkeys", "blocks", "follows"):
        op.drop_table(table)
    for column in reversed(SESSION_COLUMNS):
        op.drop_column("sessions", column)
    for column in reversed(ACCOUNT_COLUMNS):
        op.drop_column("accounts", column)


def _account_key(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], ["accounts.id"], name=f"fk_{table}_{column}", ondelete="CASCADE")
