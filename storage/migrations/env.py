"""Runs the migrations on the connection that `storage.migrate` hands over."""

from alembic import context

from storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,  # SQLite can, when the transaction is begun by us: a killed upgrade leaves nothing behind
)
with context.begin_transaction():
    context.run_migrations()
