"""Runs migrations on the connection that `parvis.store.migrate` opened, in one transaction for all."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from parvis.store.tables import metadata

connection: Connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    compare_type=True,
    # SQLite can't alter much: Alembic then makes the table anew.
    render_as_batch=connection.dialect.name == "sqlite",
    # We begin transactions ourselves on SQLite, so its DDL is transactional too.
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
