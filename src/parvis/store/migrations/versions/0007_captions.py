"""Who captions a Space, and who may.

Columns are added in place, as in 0002. Spaces that were there before have no captions.

Revision: 0007, after 0006.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("spaces", sa.Column("captions", sa.String(16), nullable=False, server_default="off"))
    op.add_column("spaces", sa.Column("captioners", sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    op.drop_column("spaces", "captioners")
    op.drop_column("spaces", "captions")
