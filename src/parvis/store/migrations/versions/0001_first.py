"""The first tables: accounts, sessions, Spaces, seats, invitations.

Revision: 0001, after none.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("handle", sa.String(30), nullable=False),
        sa.Column("display_name", sa.String(60), nullable=False),
        sa.Column("password_hash", sa.String(255), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
        sa.UniqueConstraint("handle", name="uq_accounts_handle"),
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("account_id", sa.String(64), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_sessions_account_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_sessions_account_id", "sessions", ["account_id"])
    op.create_index("ix_sessions_expires_at_ms", "sessions", ["expires_at_ms"])
    op.create_table(
        "spaces",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(120), nullable=False),
        sa.Column("description", sa.String(2000), nullable=False),
        sa.Column("language", sa.String(40), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("max_speakers", sa.Integer(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("starts_at_ms", sa.BigInteger()),
        sa.Column("started_at_ms", sa.BigInteger()),
        sa.Column("ended_at_ms", sa.BigInteger()),
        sa.Column("peak_listeners", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_spaces"),
        sa.CheckConstraint("state IN ('scheduled', 'live', 'held', 'ended')", name=op.f("ck_spaces_state")),
    )
    op.create_index("ix_spaces_state_created_at_ms", "spaces", ["state", "created_at_ms"])
    op.create_table(
        "seats",
        sa.Column("space_id", sa.String(16), nullable=False),
        sa.Column("account_id", sa.String(64), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("taken_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("muted_by_self", sa.Boolean(), nullable=False),
        sa.Column("muted_by_host", sa.Boolean(), nullable=False),
        sa.Column("left_at_ms", sa.BigInteger()),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("space_id", "account_id", name="pk_seats"),
        sa.ForeignKeyConstraint(["space_id"], ["spaces.id"], name="fk_seats_space_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_seats_account_id"),
        sa.CheckConstraint("role IN ('host', 'co-host', 'speaker')", name=op.f("ck_seats_role")),
    )
    op.create_index("ix_seats_account_id", "seats", ["account_id"])
    op.create_table(
        "invitations",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("space_id", sa.String(16), nullable=False),
        sa.Column("code_hash", sa.String(64), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("uses_left", sa.Integer(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_invitations"),
        sa.UniqueConstraint("code_hash", name="uq_invitations_code_hash"),
        sa.ForeignKeyConstraint(
            ["space_id"], ["spaces.id"], name="fk_invitations_space_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["created_by"], ["accounts.id"], name="fk_invitations_created_by"),
        sa.CheckConstraint("uses_left >= 0", name=op.f("ck_invitations_uses_left")),
    )
    op.create_index("ix_invitations_space_id", "invitations", ["space_id"])


def downgrade() -> None:
    for table in ("invitations", "seats", "spaces", "sessions", "accounts"):
        op.drop_table(table)
