"""Tables of hands, bans, the chat and polls.

`hands` keeps one row for each account and Space. What is searched and sorted is kept folded beside it, so
that fifty thousand hands are one walk along one index in either database.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)

from parvis.store.tables import metadata

hands: Final = Table(
    "hands",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("space_id", String(16), ForeignKey("spaces.id", ondelete="CASCADE"), nullable=False),
    Column("account_id", String(64), ForeignKey("accounts.id"), nullable=False, index=True),
    Column("note", String(200), nullable=False),
    Column("raised_at_ms", BigInteger, nullable=False),
    Column("screened", Boolean, nullable=False),
    Column("state", String(16), nullable=False),
    Column("name_key", String(300), nullable=False),
    Column("words", Text, nullable=False),
    CheckConstraint("state IN ('raised', 'called', 'declined', 'lowered')", name="state"),
    Index("ux_hands_space_id_account_id", "space_id", "account_id", unique=True),
    Index("ix_hands_line", "space_id", "state", "raised_at_ms", "id", "screened"),
    Index("ix_hands_names", "space_id", "state", "name_key", "id"),
)

bans: Final = Table(
    "bans",
    metadata,
    Column("space_id", String(16), ForeignKey("spaces.id", ondelete="CASCADE"), nullable=False),
    Column("account_id", String(64), ForeignKey("accounts.id"), nullable=False, index=True),
    Column("reason", String(200), nullable=False),
    Column("by", String(30), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    PrimaryKeyConstraint("space_id", "account_id"),
)

messages: Final = Table(
    "messages",
    metadata,
    # SQLite numbers rows by itself only if the type is INTEGER.
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("space_id", String(16), ForeignKey("spaces.id", ondelete="CASCADE"), nullable=False),
    Column("account_id", String(64), ForeignKey("accounts.id"), nullable=False, index=True),
    Column("role", String(16)),
    Column("text", String(500), nullable=False),
    Column("reply_to", BigInteger),
    Column("at_ms", BigInteger, nullable=False),
    Column("deleted_at_ms", BigInteger),
    Column("deleted_by", String(64)),
    Column("forgotten", Boolean, nullable=False),
    Index("ix_messages_space_id_id", "space_id", "id"),
    Index("ix_messages_space_id_account_id_id", "space_id", "account_id", "id"),
    Index("ix_messages_forgotten_deleted_at_ms", "forgotten", "deleted_at_ms"),
)

polls: Final = Table(
    "polls",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("space_id", String(16), ForeignKey("spaces.id", ondelete="CASCADE"), nullable=False),
    Column("question", String(200), nullable=False),
    Column("choices", JSON, nullable=False),
    Column("counts", JSON, nullable=False),
    Column("sources", JSON, nullable=False),
    Column("opened_at_ms", BigInteger, nullable=False),
    Column("closes_at_ms", BigInteger),
    Column("closed_at_ms", BigInteger, index=True),
    Index("ix_polls_space_id_opened_at_ms", "space_id", "opened_at_ms"),
)
