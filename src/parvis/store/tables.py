"""The tables. What they become over time is in `migrations/`; a test holds both together.

Portable types only: SQLite and PostgreSQL run the same statements. Times are Unix milliseconds in whole
numbers: they compare, sort and survive a dump alike everywhere.
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
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    false,
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
    Column("role", String(16), nullable=False, server_default="member"),
    Column("suspended_at_ms", BigInteger),
    Column("suspended_reason", String(200)),
    Column("suspended_by", String(30)),
    Column("bio", String(300), nullable=False, server_default=""),
    Column("avatar", String(64)),
    Column("deleted_at_ms", BigInteger),
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
    Column("device", String(100), nullable=False, server_default=""),
    Column("last_seen_at_ms", BigInteger, nullable=False, server_default="0"),
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
    Column("grace_s", Integer, nullable=False, server_default="10"),
    Column("successors", JSON, nullable=False, server_default="[]"),
    Column("standby", String(16), nullable=False, server_default="silence"),
    Column("keep_open_s", Integer, nullable=False, server_default="3600"),
    Column("auto_start", Boolean),
    Column("if_absent", String(16), nullable=False, server_default="hold"),
    Column("postpone_s", Integer, nullable=False, server_default="600"),
    Column("recording", String(16), nullable=False, server_default="off"),
    Column("acting_id", String(64)),
    Column("host_away_since_ms", BigInteger),
    Column("acting_away_since_ms", BigInteger),
    Column("held_since_ms", BigInteger),
    Column("ends_at_ms", BigInteger),
    Column("postponed", Integer, nullable=False, server_default="0"),
    Column("recorded", Boolean, nullable=False, server_default=false()),
    Column("standby_loop", Integer, nullable=False, server_default="0"),
    Column("visibility", String(16), nullable=False, server_default="public"),
    Column("topics", JSON, nullable=False, server_default="[]"),
    Column("cover", String(64), nullable=False, server_default=""),
    Column("end_reason", String(16)),
    Column("hands", String(16), nullable=False, server_default="open"),
    Column("stage_locked", Boolean, nullable=False, server_default=false()),
    Column("chat_mode", String(16), nullable=False, server_default="open"),
    Column("chat_slow_s", Integer, nullable=False, server_default="0"),
    Column("chat_links", Boolean, nullable=False, server_default=false()),
    Column("captions", String(16), nullable=False, server_default="off"),
    Column("captioners", JSON, nullable=False, server_default="[]"),
    Column("total_listeners", Integer, nullable=False, server_default="0"),
    Column("joined", JSON, nullable=False, server_default="{}"),
    Column("pinned", JSON(none_as_null=True)),
    Column("poll", JSON(none_as_null=True)),
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
    Column("for_account", String(64), index=True),
    CheckConstraint("uses_left >= 0", name="uses_left"),
)

handoffs: Final = Table(
    "handoffs",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("from_id", String(16), ForeignKey("spaces.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("to_id", String(16), ForeignKey("spaces.id")),
    Column("url", String(500), nullable=False),
    Column("title", String(253), nullable=False),
    Column("reason", String(200), nullable=False),
    Column("by", String(30), nullable=False),
    Column("asked_at_ms", BigInteger, nullable=False),
    Column("end", Boolean, nullable=False),
    Column("only_from", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("at_ms", BigInteger),
    Column("decided_by", String(30)),
    Column("place", Integer, nullable=False),
    CheckConstraint(
        "state IN ('asked', 'made', 'declined', 'expired', 'withdrawn', 'returned')", name="state"
    ),
)
"""`place` is the order in which a Space made or asked for its handoffs."""

handoff_codes: Final = Table(
    "handoff_codes",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("space_id", String(16), ForeignKey("spaces.id", ondelete="CASCADE"), nullable=False),
    Column("code_hash", String(64), nullable=False, unique=True),
    Column("created_by", String(64), ForeignKey("accounts.id"), nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("expires_at_ms", BigInteger, nullable=False),
    Column("used_at_ms", BigInteger),
)

log: Final = Table(
    "log",
    metadata,
    # SQLite numbers rows by itself only if the type is INTEGER.
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("space_id", String(16), ForeignKey("spaces.id", ondelete="CASCADE")),
    Column("at_ms", BigInteger, nullable=False),
    Column("by", String(30)),
    Column("act", String(40), nullable=False),
    Column("whom", String(500)),
    Column("reason", String(200)),
    Column("details", JSON, nullable=False),
    Index("ix_log_space_id_id", "space_id", "id"),
)
