"""The adapter to the database: tables, migrations, the projector of the journal."""
