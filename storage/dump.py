"""A ledger in PostgreSQL at one moment, in a file, and back: by the server's own `pg_dump` and `pg_restore`."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from storage.engine import driver_url
from storage.errors import LedgerUnavailableError
from storage.snapshot import Known, known
from storage.tables import recording

_SNAPSHOT = text("SELECT pg_export_snapshot()")


def dump(url: str, target: Path) -> Known:
    """Write the whole database to a file; what it tells, of the same moment. Raises LedgerUnavailableError, OSError."""
    engine = create_engine(driver_url(url), isolation_level="REPEATABLE READ")
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    try:
        with engine.connect() as connection:
            moment = connection.scalar(_SNAPSHOT)
            told = known(connection)
            _run(url, "pg_dump", "--format=custom", f"--snapshot={moment}", f"--file={target}")
            return told
    except SQLAlchemyError as error:
        raise LedgerUnavailableError(str(error.__cause__ or error)) from error
    finally:
        engine.dispose()


def is_empty(url: str) -> bool:
    """Whether there is no ledger in the database yet. Raises LedgerUnavailableError."""
    engine = create_engine(driver_url(url))
    try:
        with engine.connect() as connection:
            return not inspect(connection).has_table(recording.name)
    except SQLAlchemyError as error:
        raise LedgerUnavailableError(str(error.__cause__ or error)) from error
    finally:
        engine.dispose()


def bring_back(url: str, dumped: Path) -> None:
    """Fill an empty database from such a file, whole or not at all. Raises LedgerUnavailableError."""
    _run(url, "pg_restore", "--single-transaction", "--no-owner", "--no-privileges", str(dumped))


def without_password(url: str) -> tuple[str, str]:
    """The URL for libpq and the password apart, whether it stood before the @ or behind the ?; empty for none."""
    parsed = driver_url(url).set(drivername="postgresql")
    asked = parsed.query.get("password", "")
    password = parsed.password or (asked if isinstance(asked, str) else asked[-1])
    plain = parsed._replace(password=None).difference_update_query(["password"])
    return plain.render_as_string(hide_password=False), password


def _run(url: str, program: str, *options: str) -> None:
    """The password goes by the environment, where other accounts do not see it."""
    plain, password = without_password(url)
    if shutil.which(program) is None:
        raise LedgerUnavailableError(f"there is no {program} here: apt-get install postgresql-client")
    environment = os.environ | ({"PGPASSWORD": password} if password else {})
    command = (program, *options[:-1], "--dbname", plain, options[-1])
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = " ".join((done.stderr.strip().splitlines() or ["it said nothing"])[-1].split())
        raise LedgerUnavailableError(f"{program}: {said}")
