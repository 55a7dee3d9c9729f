"""Tables of what a Space is to those outside it: lists with their search, and passes.

`listings` holds what the lists need of each public Space, kept in the transaction that changes the Space, so
that a page of a list is one walk along one index. Its words have an index of their own, in each database its
own (`listings.py`, and the migration that makes it).
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text

from parvis.store.tables import metadata

listings: Final = Table(
    "listings",
    metadata,
    # SQLite numbers rows by itself only if the type is INTEGER.
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("space_id", String(16), ForeignKey("spaces.id", ondelete="CASCADE"), nullable=False, unique=True),
    Column("host_id", String(64), ForeignKey("accounts.id"), nullable=False),
    Column("phase", String(16), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("words", Text, nullable=False),
    Index("ix_listings_phase_at_ms_number", "phase", "at_ms", "number"),
    Index("ix_listings_host_id_phase_at_ms_number", "host_id", "phase", "at_ms", "number"),
)

passes: Final = Table(
    "passes",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("space_id", String(16), ForeignKey("spaces.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("label", String(60), nullable=False),
    Column("uses", Integer, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("expires_at_ms", BigInteger),
    Column("created_by", String(64), ForeignKey("accounts.id"), nullable=False),
    Column("void_at_ms", BigInteger),
    Column("void_reason", String(16)),
    Column("held_by", String(64)),
)

SEARCH_NAMES: Final = ("listings_words", "ix_listings_words")
"""Beginnings of the names of what a database makes for its search: these are in no metadata."""
