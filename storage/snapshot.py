"""A copy of a database as it was at one moment, made while others write to it, and what a backup asks of that copy."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, create_engine, select
from sqlalchemy.exc import SQLAlchemyError

from calls.audit import Entry
from storage import audit
from storage.engine import sqlite_url
from storage.errors import LedgerUnavailableError
from storage.tables import recording


@dataclass(frozen=True, slots=True)
class Known:
    """What a ledger tells of itself."""

    end: Entry | None
    """Of its audit log."""
    kept: frozenset[str]
    """Paths of recordings that are in the archive."""
    gone: frozenset[str]
    """Files (without suffix) of those that are not, or not any more."""


@contextmanager
def opened(file: Path) -> Iterator[sqlite3.Connection]:
    """SQLite's file, its side files opened as whoever opens it here. Raises LedgerUnavailableError."""
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            yield connection
    except sqlite3.Error as error:
        raise LedgerUnavailableError(f"{file}: {error}") from error


def copy(source: sqlite3.Connection, target: Path) -> None:
    """Copy a database in one step: one moment of it, while others write on; a plain file, for its owner alone.

    Raises sqlite3.Error (which `opened` makes ours), LedgerUnavailableError for a damaged one, OSError.
    """
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    with closing(sqlite3.connect(target)) as made:
        source.backup(made)
        made.execute("PRAGMA journal_mode=DELETE")
        if (said := made.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            raise LedgerUnavailableError(f"the database is damaged: {' '.join(str(said).split())}")


def known_of_file(file: Path) -> Known:
    """What a copy tells. Raises LedgerUnavailableError."""
    engine = create_engine(sqlite_url(file))  # as it is: ours would make it a database that is written to
    try:
        with engine.connect() as connection:
            return known(connection)
    except SQLAlchemyError as error:
        raise LedgerUnavailableError(f"{file}: {error.__cause__ or error}") from error
    finally:
        engine.dispose()


def known(connection: Connection) -> Known:
    """What the ledger tells in this transaction."""
    rows = connection.execute(select(recording.c.file, recording.c.path)).all()
    kept = frozenset(path for _, path in rows if path)
    return Known(audit.last(connection), kept, frozenset(file for file, path in rows if not path))
