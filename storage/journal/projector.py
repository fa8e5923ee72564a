"""The projector: journal lines into the ledger, each exactly once over any crash.

Rows and the new offsets are written in one transaction. If it fails, the offsets have not moved and the same lines
are read again; if we are killed, the next projector reads the offsets that were committed with the rows.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog
from sqlalchemy import Connection, Engine, bindparam, select, update
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from calls.journal import Entry
from calls.journal_lines import parse_line
from calls.ratings import ImpossibleRatingError, TakeRating
from storage import audit, rows
from storage.errors import JournalError, LedgerError, LedgerUnavailableError
from storage.journal import operator_states
from storage.journal.fold import Folded, call_ids, fold
from storage.journal.languages import remember
from storage.journal.reader import Portion, Position, drop_read, files_of, read_portion, rotate_if_large
from storage.record import CallRecord
from storage.tables import alarm, journal_position, step

log = structlog.get_logger(__name__)

KEPT_CALLS = 4000
"""Records kept in memory, the least recently touched go first: twice the calls of a burst, some 10 MB."""

BEHIND_LINES = 250
"""So many lines at once are more than any second of ordinary work brings: the next portion is taken without a pause."""

TIDY_EVERY_S = 60.0
LARGE_BYTES = 64 * 1024 * 1024
KEPT_MS = 2 * 24 * 3600_000
"""Journals put aside stay for two days, as a second source should the database have to come back from a backup."""

UNSTORABLE = (DataError, IntegrityError, ValueError, TypeError, LookupError, ArithmeticError)
"""What one bad line can cause. Anything else from the database means that it is unwell, and no line is passed over."""

_POSITION = journal_position.c
_MOVE = (
    update(journal_position)
    .where(
        _POSITION.source == bindparam("b_source"),
        _POSITION.inode == bindparam("b_inode"),
        _POSITION.head == bindparam("b_head"),
        _POSITION.offset == bindparam("b_offset"),
    )
    .values(head=bindparam("new_head"), offset=bindparam("new_offset"))
)


class _MovedError(Exception):
    """Another projector has moved an offset: what we remember is stale."""


class Projector:
    """Reads the journals of one node and keeps the ledger in step with them. One at a time does the work."""

    def __init__(
        self, engine: Engine, sources: Sequence[Path], take: TakeRating, alarm: Callable[[str, str, int], None]
    ) -> None:
        """`sources`: Asterisk's journal first, since a call begins there; the controller's own after it.

        `take`: what a rating is worth; one that cannot be is no row but an `alarm` (kind, detail, UTC epoch ms), told
        before the lines are taken in, so at least once.
        """
        self._engine = engine
        self._sources = tuple(sources)
        self._take = take
        self._alarm = alarm
        self._lock = threading.Lock()
        self._positions: dict[tuple[str, int], Position] | None = None
        self._records: OrderedDict[str, CallRecord] = OrderedDict()
        self._states: dict[str, operator_states.StateRow] = {}
        self.skipped = 0
        """Lines that were damaged or could not be stored, since the start."""
        self.in_step_ms = 0
        """UTC epoch ms: what the journals told before this instant is in the ledger. 0 until that is known."""
        self.away = ""
        """Why the ledger could not be written to when it was tried last; empty when it could."""

    async def project_once(self) -> int:
        """Take in the next portion of each journal; the number of lines, 0 when there is nothing more.

        Raises LedgerUnavailableError when the database fails and JournalError when a journal cannot be read; nothing
        is lost by either.
        """
        return await asyncio.to_thread(self.project_now)

    async def run(self, interval_s: float = 0.2, longest_pause_s: float = 5.0) -> None:
        """Keep the ledger in step, and the journals short, until cancelled.

        Whatever goes wrong is logged and tried again, ever more slowly: calls do not wait for the ledger.
        """
        pause_s, tidy_at = interval_s, time.monotonic()
        while True:
            try:
                while await self.project_once() >= BEHIND_LINES:
                    pass
                if time.monotonic() >= tidy_at:
                    await asyncio.to_thread(self.tidy, time.time_ns() // 1_000_000)
                    tidy_at = time.monotonic() + TIDY_EVERY_S
                pause_s, self.away = interval_s, ""
            except LedgerError as error:
                self.away = str(error)
                log.warning("the ledger is behind", error_id=error.error_id, error=str(error), again_in_s=pause_s)
                pause_s = min(2 * pause_s, longest_pause_s)
            except Exception:  # a fault of ours must not end the projector: the offsets have not moved
                log.exception("the ledger is behind", error_id="projector-fault", again_in_s=pause_s)
                pause_s = min(2 * pause_s, longest_pause_s)
            await asyncio.sleep(pause_s)

    def tidy(self, now_ms: int, limit_bytes: int = LARGE_BYTES, kept_ms: int = KEPT_MS) -> None:
        """Put large journals aside and delete those that were put aside long ago and read to their end.

        Raises JournalError.
        """
        with self._lock:
            positions = dict(self._positions or {})
        try:
            for source in self._sources:
                rotate_if_large(source, limit_bytes, now_ms)
                drop_read(source, positions, now_ms - kept_ms)
        except OSError as error:
            raise JournalError(f"{error.filename}: {error.strerror}" if error.filename else str(error)) from error

    def project_now(self) -> int:
        """The same as `project_once`, in this thread."""
        with self._lock:
            try:
                return self._project()
            except _MovedError:
                self._forget()
                return 0
            except OSError as error:
                raise JournalError(f"{error.filename}: {error.strerror}" if error.filename else str(error)) from error
            except SQLAlchemyError as error:
                self._forget()
                raise LedgerUnavailableError(str(error.__cause__ or error)) from error
            except BaseException:
                self._forget()
                raise

    def positions(self) -> dict[tuple[str, int], Position]:
        """How far each file has been read, by (source, inode)."""
        with self._lock:
            return dict(self._positions or {})

    def _project(self) -> int:
        began_ms = time.time_ns() // 1_000_000
        if self._positions is None:
            with self._engine.connect() as connection:
                self._positions = _positions(connection)
        portions = [portion for source in self._sources if (portion := self._next(source)) is not None]
        if not portions:
            self.in_step_ms = began_ms
            return 0
        lines = [line for portion in portions for line in portion.lines]
        entries = [entry for line in lines if (entry := parse_line(line)) is not None]
        try:
            with self._engine.begin() as connection:
                self._move(connection, portions)
                self._take_in(connection, entries)
        except UNSTORABLE as error:
            log.warning("journal line cannot be stored, taking lines one by one", error=type(error).__name__)
            self._forget_calls()
            with self._engine.begin() as connection:
                self._move(connection, portions)
                self._take_in_singly(connection, entries)
        for portion in portions:
            self._positions[portion.source, portion.inode] = portion.after
        damaged = len(lines) - len(entries)
        if damaged:
            self.skipped += damaged
            log.warning("damaged journal lines", count=damaged)
        if len(lines) < BEHIND_LINES:
            self.in_step_ms = began_ms
        return len(lines)

    def _next(self, source: Path) -> Portion | None:
        for path in files_of(source):
            portion = read_portion(source, path, self._positions or {})
            if portion is not None:
                return portion
        return None

    def _move(self, connection: Connection, portions: Sequence[Portion]) -> None:
        """Move the offsets first: of two projectors only one gets past here."""
        for portion in portions:
            if portion.before is None:
                values = {"head": portion.after.head, "offset": portion.after.offset}
                key = {"source": portion.source, "inode": portion.inode}
                moved = connection.execute(rows.insert_new(connection.dialect.name, journal_position), key | values)
            else:
                moved = connection.execute(
                    _MOVE,
                    {
                        "b_source": portion.source,
                        "b_inode": portion.inode,
                        "b_head": portion.before.head,
                        "b_offset": portion.before.offset,
                        "new_head": portion.after.head,
                        "new_offset": portion.after.offset,
                    },
                )
            if moved.rowcount != 1:
                raise _MovedError

    def _take_in(self, connection: Connection, entries: Sequence[Entry]) -> None:
        """Write what the lines say. What is kept in memory is trusted only while every transaction succeeds."""
        known = self._known(connection, call_ids(entries))
        folded = fold(entries, known, self._take)
        for at_ms, why in folded.impossible:
            self._alarm(ImpossibleRatingError.error_id, why, at_ms)
        if folded.notes:
            audit.take_turn(connection)  # before any row, as the finaliser does: else each waits for the other
        _save(connection, folded, known)
        for at_ms, note in folded.notes:
            audit.append_once(connection, note, at_ms)
        if folded.states:
            self._states = operator_states.save(connection, folded.states, self._states)
        for call_id, record in folded.records.items():
            self._records[call_id] = record
            self._records.move_to_end(call_id)
        while len(self._records) > KEPT_CALLS:
            self._records.popitem(last=False)

    def _take_in_singly(self, connection: Connection, entries: Sequence[Entry]) -> None:
        audit.take_turn(connection)
        for entry in entries:
            try:
                with connection.begin_nested():
                    self._take_in(connection, (entry,))
            except UNSTORABLE as error:
                self._forget_calls()
                self.skipped += 1
                log.warning("journal line passed over", kind=entry.type, fact=entry.name, error=type(error).__name__)

    def _known(self, connection: Connection, ids: set[str]) -> dict[str, CallRecord]:
        known = {call_id: self._records[call_id] for call_id in ids if call_id in self._records}
        missing = sorted(ids - known.keys())
        return known | rows.load(connection, missing) if missing else known

    def _forget_calls(self) -> None:
        self._records.clear()
        self._states = {}

    def _forget(self) -> None:
        self._forget_calls()
        self._positions = None


def _positions(connection: Connection) -> dict[tuple[str, int], Position]:
    columns = (_POSITION.source, _POSITION.inode, _POSITION.head, _POSITION.offset)
    return {
        (source, inode): Position(head, offset) for source, inode, head, offset in connection.execute(select(*columns))
    }


def _save(connection: Connection, folded: Folded, known: dict[str, CallRecord]) -> None:
    changed = [row for call_id, record in folded.records.items() for row in rows.changes(known.get(call_id), record)]
    rows.save(connection, changed)
    if folded.steps:
        connection.execute(rows.insert_new(connection.dialect.name, step), folded.steps)
    if folded.alarms:
        connection.execute(rows.insert_new(connection.dialect.name, alarm), folded.alarms)
    remember(connection, known, folded.records)
