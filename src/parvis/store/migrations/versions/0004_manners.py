"""Hands, bans, the chat and polls; and what a Space says of them.

Columns are added in place, as in 0002. Spaces that were there before take hands and messages.

Revision: 0004, after 0003.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SPACE_COLUMNS = ("hands", "stage_locked", "chat_mode", "chat_slow_s", "chat_links", "pinned", "poll")


def upgrade() -> None:
    for column in (
        sa.Column("hands", sa.String(16), nullable=False, server_default="open"),
        sa.Column("stage_locked", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("chat_mode", sa.String(16), nullable=False, server_default="open"),
        sa.Column("chat_slow_s", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("chat_links", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("pinned", sa.JSON()),
        sa.Column("poll", sa.JSON()),
    ):
        op.add_column("spaces", column)
    op.create_table(
        "hands",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("space_id", sa.String(16), nullable=False),
        sa.Column("account_id", sa.String(64), nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("raised_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("screened", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("name_key", sa.String(300), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_hands"),
        sa.ForeignKeyConstraint(["space_id"], ["spaces.id"], name="fk_hands_space_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_hands_account_id"),
        sa.CheckConstraint(
            "state IN ('raised', 'called', 'declined', 'lowered')", name=op.f("ck_hands_state")
        ),
    )
    op.create_index("ix_hands_account_id", "hands", ["account_id"])
    op.create_index("ux_hands_space_id_account_id", "hands", ["space_id", "account_id"], unique=True)
    op.create_index("ix_hands_line", "hands", ["space_id", "state", "raised_at_ms", "id", "screened"])
    op.create_index("ix_hands_names", "hands", ["space_id", "state", "name_key", "id"])
    op.create_table(
        "bans",
        sa.Column("space_id", sa.String(16), nullable=False),
        sa.Column("account_id", sa.String(64), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("by", sa.String(30), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("space_id", "account_id", name="pk_bans"),
        sa.ForeignKeyConstraint(["space_id"], ["spaces.id"], name="fk_bans_space_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_bans_account_id"),
    )
    op.create_index("ix_bans_account_id", "bans", ["account_id"])
    op.create_table(
        "messages",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("space_id", sa.String(16), nullable=False),
        sa.Column("account_id", sa.String(64), nullable=False),
        sa.Column("role", sa.String(16)),
        sa.Column("text", sa.String(500), nullable=False),
        sa.Column("reply_to", sa.BigInteger()),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at_ms", sa.BigInteger()),
        sa.Column("deleted_by", sa.String(64)),
        sa.Column("forgotten", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
        sa.ForeignKeyConstraint(["space_id"], ["spaces.id"], name="fk_messages_space_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_messages_account_id"),
    )
    op.create_index("ix_messages_account_id", "messages", ["account_id"])
    op.create_index("ix_messages_space_id_id", "messages", ["space_id", "id"])
    op.create_index("ix_messages_space_id_account_id_id", "messages", ["space_id", "account_id", "id"])
    op.create_index("ix_messages_forgotten_deleted_at_ms", "messages", ["forgotten", "deleted_at_ms"])
    op.create_table(
        "polls",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("space_id", sa.String(16), nullable=False),
        sa.Column("question", sa.String(200), nullable=False),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("sources", sa.JSON(), nullable=False),
        sa.Column("opened_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("closes_at_ms", sa.BigInteger()),
        sa.Column("closed_at_ms", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_polls"),
        sa.ForeignKeyConstraint(["space_id"], ["spaces.id"], name="fk_polls_space_id", ondelete="CASCADE"),
    )
    op.create_index("ix_polls_closed_at_ms", "polls", ["closed_at_ms"])
    op.create_index("ix_polls_space_id_opened_at_ms", "polls", ["space_id", "opened_at_ms"])


def downgrade() -> None:
    for table in ("polls", "messages", "bans", "hands"):
        op.drop_table(table)
    for column in reversed(SPACE_COLUMNS):
        op.drop_column("spaces", column)
