"""Succession, plans, handoffs, suspension and the log.

Columns are added in place: making a table anew would, on SQLite, take with it all rows that refer to it.

Spaces that were announced before this version do not go on air by themselves now.

Revision: 0002, after 0001.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ACCOUNT_COLUMNS = ("role", "suspended_at_ms", "suspended_reason", "suspended_by")
SPACE_COLUMNS = (
    "grace_s",
    "successors",
    "standby",
    "keep_open_s",
    "auto_start",
    "if_absent",
    "postpone_s",
    "recording",
    "acting_id",
    "host_away_since_ms",
    "acting_away_since_ms",
    "held_since_ms",
    "ends_at_ms",
    "postponed",
    "recorded",
    "standby_loop",
)


def upgrade() -> None:
    op.add_column("accounts", sa.Column("role", sa.String(16), nullable=False, server_default="member"))
    op.add_column("accounts", sa.Column("suspended_at_ms", sa.BigInteger()))
    op.add_column("accounts", sa.Column("suspended_reason", sa.String(200)))
    op.add_column("accounts", sa.Column("suspended_by", sa.String(30)))

    for column in (
        sa.Column("grace_s", sa.Integer(), nullable=False, server_default="10"),
        sa.Column("successors", sa.JSON(), nullable=False, server_default="[]"),
        sa.Column("standby", sa.String(16), nullable=False, server_default="silence"),
        sa.Column("keep_open_s", sa.Integer(), nullable=False, server_default="3600"),
        sa.Column("auto_start", sa.Boolean()),
        sa.Column("if_absent", sa.String(16), nullable=False, server_default="hold"),
        sa.Column("postpone_s", sa.Integer(), nullable=False, server_default="600"),
        sa.Column("recording", sa.String(16), nullable=False, server_default="off"),
        sa.Column("acting_id", sa.String(64)),
        sa.Column("host_away_since_ms", sa.BigInteger()),
        sa.Column("acting_away_since_ms", sa.BigInteger()),
        sa.Column("held_since_ms", sa.BigInteger()),
        sa.Column("ends_at_ms", sa.BigInteger()),
        sa.Column("postponed", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("recorded", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("standby_loop", sa.Integer(), nullable=False, server_default="0"),
    ):
        op.add_column("spaces", column)
    spaces = sa.table("spaces", sa.column("auto_start", sa.Boolean()))
    op.execute(sa.update(spaces).values(auto_start=False))

    op.create_table(
        "handoffs",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("from_id", sa.String(16), nullable=False),
        sa.Column("to_id", sa.String(16)),
        sa.Column("url", sa.String(500), nullable=False),
        sa.Column("title", sa.String(253), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("by", sa.String(30), nullable=False),
        sa.Column("asked_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.Boolean(), nullable=False),
        sa.Column("only_from", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("at_ms", sa.BigInteger()),
        sa.Column("decided_by", sa.String(30)),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_handoffs"),
        sa.ForeignKeyConstraint(["from_id"], ["spaces.id"], name="fk_handoffs_from_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["to_id"], ["spaces.id"], name="fk_handoffs_to_id"),
        sa.CheckConstraint(
            "state IN ('asked', 'made', 'declined', 'expired', 'withdrawn', 'returned')",
            name=op.f("ck_handoffs_state"),
        ),
    )
    op.create_index("ix_handoffs_from_id", "handoffs", ["from_id"])
    op.create_table(
        "handoff_codes",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("space_id", sa.String(16), nullable=False),
        sa.Column("code_hash", sa.String(64), nullable=False),
        sa.Column("created_by", sa.String(64), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("used_at_ms", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_handoff_codes"),
        sa.UniqueConstraint("code_hash", name="uq_handoff_codes_code_hash"),
        sa.ForeignKeyConstraint(
            ["space_id"], ["spaces.id"], name="fk_handoff_codes_space_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["created_by"], ["accounts.id"], name="fk_handoff_codes_created_by"),
    )
    op.create_table(
        "log",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("space_id", sa.String(16)),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(30)),
        sa.Column("act", sa.String(40), nullable=False),
        sa.Column("whom", sa.String(500)),
        sa.Column("reason", sa.String(200)),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_log"),
        sa.ForeignKeyConstraint(["space_id"], ["spaces.id"], name="fk_log_space_id", ondelete="CASCADE"),
    )
    op.create_index("ix_log_space_id_id", "log", ["space_id", "id"])


def downgrade() -> None:
    for table in ("log", "handoff_codes", "handoffs"):
        op.drop_table(table)
    for column in reversed(SPACE_COLUMNS):
        op.drop_column("spaces", column)
    for column in reversed(ACCOUNT_COLUMNS):
        op.drop_column("accounts", column)
