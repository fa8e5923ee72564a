"""Can the database be worked with? Tried out by `bailanys check`, before a start finds it away."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from storage.engine import driver_url, open_engine

_TABLES_THERE = text("SELECT to_regclass('alembic_version') IS NOT NULL")
_MAY_CREATE = text("SELECT has_schema_privilege(current_schema(), 'CREATE')")


def unreached(url: str) -> str:
    """Why the ledger cannot be kept there, in one line without a password; empty when it can, or will be made."""
    parsed = driver_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _file_unfit(Path(parsed.database or ""))
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            return _server_unfit(connection, parsed.username or "")
    except SQLAlchemyError as error:
        # What the driver says names the server and the user, and never the password.
        said = " ".join(str(getattr(error, "orig", None) or error.__cause__ or error).split())
        return f"the database does not let us in: {said.removeprefix('connection failed: ')}"
    finally:
        engine.dispose()


def _server_unfit(connection: Connection, user: str) -> str:
    if connection.execute(_TABLES_THERE).scalar() or connection.execute(_MAY_CREATE).scalar():
        return ""
    return f"the user {user} may make no tables there: GRANT CREATE ON SCHEMA public TO {user}"


def _file_unfit(path: Path) -> str:
    if path.is_dir():
        return f"{path} is a folder: name a file"
    if not path.exists():
        return ""  # made at the start, in a folder that is looked at apart
    with path.open("rb") as file:
        if (begins := file.read(16)) and begins != b"SQLite format 3\0":
            return f"{path} is no database of SQLite"
    try:
        with path.open("r+b"):
            return ""
    except OSError as error:
        return f"{path}: {error.strerror}"
