"""The table of monitors: who may listen at stage delay in which Space. `place` keeps the host's order."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Integer, PrimaryKeyConstraint, String, Table

from parvis.store.tables import metadata

monitors: Final = Table(
    "monitors",
    metadata,
    Column("space_id", String(16), ForeignKey("spaces.id", ondelete="CASCADE"), nullable=False),
    Column(
        "account_id", String(64), ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    Column("place", Integer, nullable=False),
    PrimaryKeyConstraint("space_id", "account_id"),
)
