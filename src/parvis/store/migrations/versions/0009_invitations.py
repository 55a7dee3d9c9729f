"""To which account an invitation is, if to one alone.

The column is added in place, as in 0002. Invitations that were there before are links, and stay so. Down,
those to an account go: without it anybody could spend them.

Revision: 0009, after 0008.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("invitations", sa.Column("for_account", sa.String(64)))
    op.create_index("ix_invitations_for_account", "invitations", ["for_account"])


def downgrade() -> None:
    op.execute("DELETE FROM invitations WHERE for_account IS NOT NULL")
    op.drop_index("ix_invitations_for_account", "invitations")
    op.drop_column("invitations", "for_account")
