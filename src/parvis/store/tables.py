"""The tables. What they become over time is in `migrations/`; a test holds both together.

Portable types only: SQLite and PostgreSQL run the same statements. Times are Unix milliseconds in whole
numbers: they compare, sort and survive a dump alike everywhere.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
)

metadata: Final = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

accounts: Final = Table(
    "accounts",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("handle", String(30), nullable=False, unique=True),
    Column("display_name", String(60), nullable=False),
    Column("password_hash", String(255), nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
)

sessions: Final = Table(
    "sessions",
    metadata,
    Column("id", String(64), primary_key=True),
    Column(
        "account_id", String(64), ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("expires_at_ms", BigInteger, nullable=False, index=True),
)

spaces: Final = Table(
    "spaces",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("title", String(120), nullable=False),
    Column("description", String(2000), nullable=False),
    Column("language", String(40), nullable=False),
    Column("state", String(16), nullable=False),
    Column("max_speakers", Integer, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("starts_at_ms", BigInteger),
    Column("started_at_ms", BigInteger),
    Column("ended_at_ms", BigInteger),
    Column("peak_listeners", Integer, nullable=False),
    CheckConstraint("state IN ('scheduled', 'live', 'held', 'ended')", name="state"),
    Index("ix_spaces_state_created_at_ms", "state", "created_at_ms"),
)

seats: Final = Table(
    "seats",
    metadata,
    Column("space_id", String(16), ForeignKey("spaces.id", ondelete="CASCADE"), nullable=False),
    Column("account_id", String(64), ForeignKey("accounts.id"), nullable=False, index=True),
    Column("role", String(16), nullable=False),
    Column("taken_at_ms", BigInteger, nullable=False),
    Column("muted_by_self", Boolean, nullable=False),
    Column("muted_by_host", Boolean, nullable=False),
    Column("left_at_ms", BigInteger),
    Column("removed", Boolean, nullable=False),
    PrimaryKeyConstraint("space_id", "account_id"),
    CheckConstraint("role IN ('host', 'co-host', 'speaker')", name="role"),
)

invitations: Final = Table(
    "invitations",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("space_id", String(16), ForeignKey("spaces.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("code_hash", String(64), nullable=False, unique=True),
    Column("role", String(16), nullable=False),
    Column("uses_left", Integer, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("expires_at_ms", BigInteger, nullable=False),
    Column("created_by", String(64), ForeignKey("accounts.id"), nullable=False),
    CheckConstraint("uses_left >= 0", name="uses_left"),
)
