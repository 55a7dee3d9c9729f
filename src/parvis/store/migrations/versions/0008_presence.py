"""To whom a pass was handed, and how many have listened to a Space in all.

Columns are added in place, as in 0002. Passes that were there before are nobody's; of Spaces that were,
nobody has counted who came.

Revision: 0008, after 0007.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("passes", sa.Column("held_by", sa.String(64)))
    op.add_column("spaces", sa.Column("total_listeners", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("spaces", sa.Column("joined", sa.JSON(), nullable=False, server_default="{}"))


def downgrade() -> None:
    op.drop_column("spaces", "joined")
    op.drop_column("spaces", "total_listeners")
    op.drop_column("passes", "held_by")
