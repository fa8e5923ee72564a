"""The audit log in the ledger: appended to within the transaction of what it tells of, never changed (rule 14)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, insert, select, text

from calls.audit import Entry, Note, canonical, chained
from storage.tables import audit

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
