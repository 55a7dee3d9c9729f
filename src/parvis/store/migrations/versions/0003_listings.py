"""Visibility, topics and covers; lists with their search; passes.

Spaces that were there before are public, as the list of Spaces already showed them to everybody. Their words
are made here; what search needs is made as each database has it.

Revision: 0003, after 0002.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from parvis.spaces.folding import fold_all

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SPACE_COLUMNS = ("visibility", "topics", "cover", "end_reason")
WORDS_OF_SQLITE = (
    "CREATE VIRTUAL TABLE listings_words USING fts5(phase, words, content='listings', "
    "content_rowid='number', tokenize='unicode61 remove_diacritics 0', prefix='2 3')",
    "CREATE TRIGGER listings_words_added AFTER INSERT ON listings BEGIN "
    "INSERT INTO listings_words(rowid, phase, words) VALUES (new.number, new.phase, new.words); END",
    "CREATE TRIGGER listings_words_removed AFTER DELETE ON listings BEGIN "
    "INSERT INTO listings_words(listings_words, rowid, phase, words) "
    "VALUES ('delete', old.number, old.phase, old.words); END",
    "CREATE TRIGGER listings_words_changed AFTER UPDATE OF phase, words ON listings BEGIN "
    "INSERT INTO listings_words(listings_words, rowid, phase, words) "
    "VALUES ('delete', old.number, old.phase, old.words); "
    "INSERT INTO listings_words(rowid, phase, words) VALUES (new.number, new.phase, new.words); END",
)
WORDS_OF_POSTGRESQL = (
    "CREATE INDEX ix_listings_words ON listings USING gin (array_to_tsvector(string_to_array(words, ' ')))",
)
BEFORE = """
SELECT s.id, s.title, s.description, s.state, s.created_at_ms, s.starts_at_ms, s.started_at_ms, s.ended_at_ms,
       a.id AS host_id, a.handle, a.display_name
FROM spaces s
JOIN seats t ON t.space_id = s.id AND t.role = 'host' AND t.left_at_ms IS NULL
JOIN accounts a ON a.id = t.account_id
ORDER BY s.created_at_ms, s.id
"""


def upgrade() -> None:
    for column in (
        sa.Column("visibility", sa.String(16), nullable=False, server_default="public"),
        sa.Column("topics", sa.JSON(), nullable=False, server_default="[]"),
        sa.Column("cover", sa.String(64), nullable=False, server_default=""),
        sa.Column("end_reason", sa.String(16)),
    ):
        op.add_column("spaces", column)
    op.create_table(
        "listings",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("space_id", sa.String(16), nullable=False),
        sa.Column("host_id", sa.String(64), nullable=False),
        sa.Column("phase", sa.String(16), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_listings"),
        sa.UniqueConstraint("space_id", name="uq_listings_space_id"),
        sa.ForeignKeyConstraint(["space_id"], ["spaces.id"], name="fk_listings_space_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["host_id"], ["accounts.id"], name="fk_listings_host_id"),
    )
    op.create_index("ix_listings_phase_at_ms_number", "listings", ["phase", "at_ms", "number"])
    op.create_index(
        "ix_listings_host_id_phase_at_ms_number", "listings", ["host_id", "phase", "at_ms", "number"]
    )
    own = WORDS_OF_SQLITE if op.get_bind().dialect.name == "sqlite" else WORDS_OF_POSTGRESQL
    for statement in own:
        op.execute(statement)
    op.create_table(
        "passes",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("space_id", sa.String(16), nullable=False),
        sa.Column("label", sa.String(60), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger()),
        sa.Column("created_by", sa.String(64), nullable=False),
        sa.Column("void_at_ms", sa.BigInteger()),
        sa.Column("void_reason", sa.String(16)),
        sa.PrimaryKeyConstraint("id", name="pk_passes"),
        sa.ForeignKeyConstraint(["space_id"], ["spaces.id"], name="fk_passes_space_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["created_by"], ["accounts.id"], name="fk_passes_created_by"),
    )
    op.create_index("ix_passes_space_id", "passes", ["space_id"])
    _list_what_is_there()


def downgrade() -> None:
    op.drop_table("passes")
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE listings_words")
    op.drop_table("listings")
    for column in reversed(SPACE_COLUMNS):
        op.drop_column("spaces", column)


def _list_what_is_there() -> None:
    connection = op.get_bind()
    rows = connection.execute(sa.text(BEFORE)).all()
    listings = sa.table(
        "listings", *(sa.column(name) for name in ("space_id", "host_id", "phase", "at_ms", "words"))
    )
    for row in rows:
        phase, at_ms = _phase(row)
        words = fold_all((row.title, row.display_name, row.handle, row.description))
        connection.execute(
            sa.insert(listings).values(
                space_id=row.id, host_id=row.host_id, phase=phase, at_ms=at_ms, words=words
            )
        )


def _phase(row: sa.Row[tuple[object, ...]]) -> tuple[str, int]:
    if row.state in ("live", "held"):
        return "live", row.started_at_ms or row.created_at_ms
    if row.state == "ended":
        return ("cancelled" if row.started_at_ms is None else "past"), row.ended_at_ms or row.created_at_ms
    if row.starts_at_ms is None:
        return "none", row.created_at_ms
    return "upcoming", row.starts_at_ms
