"""Can the database be worked with? Tried out by `bailanys check`, before a start finds it away."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from storage.engine import driver_url, open_engine

_TABLES_THERE = text("SELECT to_regclass('alembic_version') IS NOT NULL")
_MAY_CREATE = text("SELECT has_schema_privilege(current_schema(), 'CREATE')")


LOOK_S = 2.0
"""So long a file is looked through for pages that are damaged or cut off; a large one is not finished."""


def unreached(url: str, begun: Callable[[], str] = str) -> str:
    """Why the ledger cannot be kept there, in one line without a password; empty when it can, or will be made.

    `begun`: what tells that there was one, so that none is made where there is nothing; empty for nothing.
    """
    parsed = driver_url(url)
    if parsed.get_backend_name() == "sqlite":
        path = Path(parsed.database or "")
        if not (path.exists() and path.stat().st_size) and (why := begun()):
            return f"{path} is not there or empty, though {why}: mount its disk, or put its backup in place"
        return _file_unfit(path)
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
    try:
        with path.open("r+b") as file:
            if (begins := file.read(16)) and begins != b"SQLite format 3\0":
                return f"{path} is no database of SQLite: put its backup in place"
    except OSError as error:
        return f"{path}: {error.strerror}"
    return f"{path} is damaged ({why}): put its backup in place" if (why := damage(path)) else ""


def damage(path: Path, *, ours_alone: bool = False) -> str:
    """What SQLite finds wrong with a file in a moment. Nothing is made beside it, and a hotline may be writing to it.

    `ours_alone`: nobody has it open, so that what was begun before a death can be taken back first.
    """
    begun = any(path.with_name(f"{path.name}-{ending}").exists() for ending in ("wal", "journal"))
    how = "mode=rw" if ours_alone else "mode=ro" if begun else "mode=ro&immutable=1"
    end_s = time.monotonic() + LOOK_S
    try:
        uri = f"{path.absolute().as_uri()}?{how}"
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            connection.set_progress_handler(lambda: time.monotonic() > end_s, 10_000)
            said = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.OperationalError:
        return ""  # the time was over, or somebody holds it: no sign of damage
    except sqlite3.DatabaseError as error:
        return str(error)
    return "" if said == "ok" else " ".join(said.split())
