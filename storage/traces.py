"""What the ledger tells of keys that were in use before, asked only while a file of keys is not there (rule 14)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, inspect, select
from sqlalchemy.exc import SQLAlchemyError

from calls.demand import StepKind
from storage.engine import driver_url, open_engine, reading
from storage.errors import LedgerUnavailableError
from storage.tables import audit, demand_step, owner, recording

_Ask = Callable[[Connection], str]


def of_sealed(url: str, ending: str) -> str:
    """A recording that was sealed, by the ending of its path. Empty: none. Raises LedgerUnavailableError."""
    query = select(recording.c.path).where(recording.c.path.endswith(ending, autoescape=True)).limit(1)
    return _told(url, lambda connection: connection.scalar(query) or "")


def of_signed(url: str, before_ms: int) -> str:
    """What must have been signed: a package, or an old audit log. Empty: nothing. Raises LedgerUnavailableError."""

    def told(connection: Connection) -> str:
        packed = select(demand_step.c.demand_id).where(demand_step.c.kind == StepKind.PACKAGED.value).limit(1)
        if found := connection.scalar(packed):
            return f"the package of {found} was signed"
        first_ms = connection.scalar(select(audit.c.at_ms).order_by(audit.c.seq).limit(1))
        return "the audit log was begun long ago" if first_ms is not None and first_ms < before_ms else ""

    return _told(url, told)


def of_owner(url: str) -> str:
    """Whose it is. Empty: nobody's. Raises LedgerUnavailableError."""

    def told(connection: Connection) -> str:
        place = connection.scalar(select(owner.c.place)) if inspect(connection).has_table(owner.name) else None
        return f"the ledger belongs to the hotline at {place}" if place else ""

    return _told(url, told)


def _told(url: str, ask: _Ask) -> str:
    """The answer of a ledger; empty where there is none yet."""
    if not url:
        return ""
    parsed = driver_url(url)
    if parsed.get_backend_name() == "sqlite" and not (parsed.database and Path(parsed.database).exists()):
        return ""
    engine = open_engine(url)
    try:
        with reading(engine).connect() as connection:
            return ask(connection) if inspect(connection).has_table(recording.name) else ""
    except SQLAlchemyError as error:
        raise LedgerUnavailableError(str(error.__cause__ or error)) from error
    finally:
        engine.dispose()
