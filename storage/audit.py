"""The audit log in the ledger: appended to within the transaction of what it tells of, never changed (rule 14)."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, Engine, insert, select, text

from calls.audit import Entry, Note, canonical, chained
from storage.readers import ThreadReader
from storage.tables import audit
from storage.transaction import in_transaction

_COLUMNS = tuple(audit.c)
_LAST = select(*_COLUMNS).order_by(audit.c.seq.desc()).limit(1)
_LOCK = text("SELECT pg_advisory_xact_lock(1414)")
_PORTION = 5_000


def append(connection: Connection, notes: Iterable[Note], at_ms: int) -> Entry | None:
    """Add notes to the chain's end, durable with the transaction; returns the last entry of the chain.

    Writers take turns, see `take_turn`.
    """
    take_turn(connection)
    end = last(connection)
    for note in notes:
        end = chained(note, at_ms, end)
        connection.execute(insert(audit), dict(zip(audit.c.keys(), _values(end), strict=True)))
    return end


def take_turn(connection: Connection) -> None:
    """Wait until no other transaction may write what is entered in the log; held until this one ends.

    Whoever looks whether something may be done and then does it must look after this, or another does the opposite in
    between. SQLite's write lock is held since the transaction began, PostgreSQL's is taken here.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(_LOCK)


def append_once(connection: Connection, note: Note, at_ms: int) -> None:
    """Add what a journal tells, unless it is there: journals may be read anew (their lines carry the instant)."""
    take_turn(connection)
    same = (audit.c.at_ms == at_ms) & (audit.c.kind == note.kind) & (audit.c.actor == note.actor)
    there = select(audit.c.seq).where(audit.c.subject == note.subject, same, audit.c.detail == canonical(note.detail))
    if connection.scalar(there.limit(1)) is None:
        append(connection, (note,), at_ms)


def last(connection: Connection) -> Entry | None:
    """The chain's end; None for an empty one."""
    row = connection.execute(_LAST).one_or_none()
    return None if row is None else Entry(*row)


def entry_of(connection: Connection, seq: int) -> Entry | None:
    """The entry with this number."""
    row = connection.execute(select(*_COLUMNS).where(audit.c.seq == seq)).one_or_none()
    return None if row is None else Entry(*row)


def entries(connection: Connection, after: int = 0) -> Iterator[Entry]:
    """The chain from one number (exclusive) on, in portions, so that a long one costs no memory."""
    while True:
        query = select(*_COLUMNS).where(audit.c.seq > after).order_by(audit.c.seq).limit(_PORTION)
        rows = connection.execute(query).all()
        for row in rows:
            yield Entry(*row)
        if len(rows) < _PORTION:
            return
        after = rows[-1].seq


def about(connection: Connection, subject: str) -> list[Entry]:
    """What was done with one recording or demand, as it was done."""
    query = select(*_COLUMNS).where(audit.c.subject == subject).order_by(audit.c.seq)
    return [Entry(*row) for row in connection.execute(query)]


def _values(entry: Entry) -> tuple[str | int, ...]:
    return (
        *(entry.seq, entry.at_ms, entry.actor, entry.kind),
        *(entry.subject, entry.detail, entry.previous, entry.digest),
    )


class AuditLog:
    """The log as the rest of the program asks it; each method is one look-up. All may raise LedgerUnavailableError."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._read = ThreadReader(engine).read

    async def note(self, *notes: Note) -> None:
        """Add to the audit log; durable when it returns (rule 14: before a byte of audio leaves)."""
        now_ms = time.time_ns() // 1_000_000
        await in_transaction(self._engine, lambda connection: append(connection, notes, now_ms))

    async def end(self) -> Entry | None:
        """The audit log's last entry."""
        return await self._read(last)

    async def entry(self, seq: int) -> Entry | None:
        """One entry of the audit log."""
        return await self._read(lambda connection: entry_of(connection, seq))

    async def after(self, seq: int) -> list[Entry]:
        """The audit log after an entry; for a short stretch."""
        return await self._read(lambda connection: list(entries(connection, seq)))

    async def of(self, subject: str) -> list[Entry]:
        """What was done with one recording or demand, as it was done."""
        return await self._read(lambda connection: about(connection, subject))
