"""Monitors: who may listen at stage delay.

Revision: 0006, after 0005.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "monitors",
        sa.Column("space_id", sa.String(16), nullable=False),
        sa.Column("account_id", sa.String(64), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["space_id"], ["spaces.id"], name="fk_monitors_space_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_monitors_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("space_id", "account_id", name="pk_monitors"),
    )
    op.create_index("ix_monitors_account_id", "monitors", ["account_id"])


def downgrade() -> None:
    op.drop_index("ix_monitors_account_id", table_name="monitors")
    op.drop_table("monitors")
