"""The ledger as the rest of the program asks it; each method is one look-up, in a thread unless `look_ups` asks it."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Connection, Engine, bindparam, exists, func, select

from calls.alarms import Alarm
from calls.callback import Callback
from calls.callback_figures import CallbackMade
from calls.ids import CallId
from calls.phone import ANONYMOUS
from calls.ratings import RatingGiven
from calls.recording import Recording
from calls.statistics import CallTimes
from calls.wait_history import Handled, SoFar
from storage import callbacks, rows, wait_history
from storage import recordings as book
from storage.audit import AuditLog
from storage.journal.operator_states import StateRow, present_states
from storage.journal.reader import Position
from storage.readers import Reader, ThreadReader, few
from storage.record import CallRecord, talked_in
from storage.recording_ledger import RecordingLedger
from storage.tables import alarm, call, caller_language, journal_position, rating, segment, step
from storage.transaction import in_transaction
from storage.wait_history import so_far

T = TypeVar("T")

_LANGUAGE = select(caller_language.c.language).where(caller_language.c.caller_key == bindparam("key"))
_ARRIVED = call.c.arrived_ms.between(bindparam("from_ms"), bindparam("last_ms"))
_asked = call.alias("asked")
_TIMES = (
    select(
        call.c.id,
        call.c.arrived_ms,
        call.c.queued_ms,
        call.c.answered_ms,
        call.c.ended_ms,
        call.c.group_first,
        call.c.callback_asked_ms,
        call.c.callback_of,
        call.c.callback_status,
        call.c.callback_reached_ms,
        _asked.c.arrived_ms,
        _asked.c.callback_asked_ms,
    )
    .select_from(call.outerjoin(_asked, _asked.c.id == call.c.callback_of))
    .where(_ARRIVED)
    .order_by(call.c.arrived_ms, call.c.id)
)
_RATINGS = (
    select(rating.c.call_id, rating.c.outcome, rating.c.score, rating.c.operator_id)
    .join(call, call.c.id == rating.c.call_id)
    .where(_ARRIVED, rating.c.outcome.is_not(None))
    .order_by(rating.c.call_id, rating.c.seq)
)
_TALKED = (
    select(segment.c.call_id, segment.c.operator_id, segment.c.also)
    .join(call, call.c.id == segment.c.call_id)
    .where(
        _ARRIVED,
        segment.c.answered_ms.is_not(None),
        exists().where(rating.c.call_id == segment.c.call_id, rating.c.outcome.is_not(None)),
    )
    .order_by(segment.c.call_id, segment.c.seq)
)
_ANSWERED = select(func.count(), func.sum(call.c.answered_ms - call.c.arrived_ms)).where(
    _ARRIVED, call.c.answered_ms.is_not(None), call.c.callback_of.is_(None)
)
_IDS = select(call.c.id).where(_ARRIVED).order_by(call.c.arrived_ms, call.c.id)
_OPEN = select(call.c.id).where(call.c.ended_ms.is_(None)).order_by(call.c.id)
_STEPS = (
    select(step.c.at_ms, step.c.step, step.c.detail).where(step.c.call_id == bindparam("id")).order_by(step.c.at_ms)
)
_ALARMS = (
    select(alarm.c.at_ms, alarm.c.kind, alarm.c.detail)
    .where(alarm.c.at_ms.between(bindparam("from_ms"), bindparam("last_ms")))
    .order_by(alarm.c.at_ms)
)


_COUNTED = (
    select(alarm.c.kind, func.count().label("times"))
    .where(alarm.c.at_ms.between(bindparam("from_ms"), bindparam("last_ms")))
    .group_by(alarm.c.kind)
    .order_by(alarm.c.kind)
)


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened in the menu, or a return from an offer."""

    at_ms: int
    step: str
    detail: str


@dataclass(frozen=True, slots=True)
class CallStory:
    """Everything on one call."""

    record: CallRecord
    steps: tuple[Step, ...]
    recordings: tuple[Recording, ...]


class Ledger:
    """Look-ups of calls and of the day; recordings and the audit log apart. All may raise LedgerUnavailableError."""

    def __init__(self, engine: Engine, look_ups: Reader | None = None) -> None:
        """`look_ups`: asks the short ones, of few rows; without it they are asked in threads like all others."""
        self.engine = engine
        self.recordings = RecordingLedger(engine, look_ups)
        self.audit = AuditLog(engine)
        self._read = ThreadReader(engine).read
        self._look_up = self._read if look_ups is None else look_ups.read

    async def read(self, question: Callable[[Connection], T]) -> T:
        """Ask whatever else is to be known, in one read."""
        return await self._read(question)

    async def write(self, change: Callable[[Connection], T]) -> T:
        """Make a change, whole or not at all; durable when it returns."""
        return await in_transaction(self.engine, change)

    async def language_of(self, caller_key: str) -> str | None:
        """The language that this caller chose last; None for an anonymous or a new one."""
        if caller_key == ANONYMOUS:
            return None
        language: str | None = await self._read(lambda connection: connection.scalar(_LANGUAGE, {"key": caller_key}))
        return language

    async def calls_between(self, from_ms: int, to_ms: int) -> list[CallTimes]:
        """Calls that arrived from one instant (inclusive) to another, for the figures (rule 7), as they came."""
        return await self._read(lambda connection: _times(connection, from_ms, to_ms - 1))

    async def answered_between(self, from_ms: int, to_ms: int) -> tuple[int, float | None]:
        """How many of the calls that arrived in that time were answered, and their mean wait in seconds (rule 7)."""
        span = {"from_ms": from_ms, "last_ms": to_ms - 1}
        count, waited_ms = await self._look_up(lambda connection: connection.execute(_ANSWERED, span).one())
        return count, float(waited_ms) / count / 1000 if count else None

    async def call_ids_between(self, from_ms: int, to_ms: int) -> list[CallId]:
        """The ids of calls that arrived from one instant (inclusive) to another, as they came."""
        span = {"from_ms": from_ms, "last_ms": to_ms - 1}
        return await self._read(lambda connection: [CallId(key) for key in connection.scalars(_IDS, span)])

    async def open_calls(self) -> list[CallId]:
        """Calls whose end has not been read: after Asterisk died, those that no channel is left of are lost."""
        return await self._read(lambda connection: [CallId(key) for key in connection.scalars(_OPEN)])

    async def journal_positions(self) -> dict[tuple[str, int], Position]:
        """How far each journal file is taken in."""
        return await self._read(
            lambda connection: {
                (row.source, row.inode): Position(row.head, row.offset)
                for row in connection.execute(select(journal_position))
            }
        )

    async def call_story(self, call_id: str) -> CallStory | None:
        """Everything on one call; None if it is not known."""
        return await self._look_up(lambda connection: _story(connection, call_id))

    async def handled_between(self, from_ms: int, to_ms: int) -> list[Handled]:
        """Waits that ended in some span of time, for the running rates that an expected wait is made of."""
        return await self._read(lambda connection: wait_history.handled_between(connection, from_ms, to_ms))

    async def so_far(self, from_ms: int, now_ms: int, since_ms: int) -> SoFar:
        """The day's waits for each group, of calls that arrived from `from_ms` on, and who came since `since_ms`."""
        return await self._read(lambda connection: so_far(connection, from_ms, now_ms, since_ms))

    async def owed_callbacks(self, tries: int, keep_hours: int) -> list[Callback]:
        """Callbacks asked in the last hours that reached nobody yet and have tries left."""
        since_ms = time.time_ns() // 1_000_000 - keep_hours * 3_600_000
        return await self._read(lambda connection: callbacks.owed(connection, since_ms, tries))

    async def callbacks_dialled(self, since_ms: int) -> list[tuple[str, int]]:
        """The numbers called for callbacks since that instant (UTC epoch ms), each time with when."""
        return await self._read(lambda connection: callbacks.dialled(connection, since_ms))

    async def operators_now(self) -> list[StateRow]:
        """Each operator's present state, by operator."""
        return await self._read(present_states)

    async def alarms_between(self, from_ms: int, to_ms: int) -> list[Alarm]:
        """Alarms from one instant (inclusive) to another."""
        span = {"from_ms": from_ms, "last_ms": to_ms - 1}
        return await self._read(lambda connection: [Alarm(*row) for row in connection.execute(_ALARMS, span)])

    async def alarms_counted(self, from_ms: int, to_ms: int) -> dict[str, int]:
        """How many alarms of each kind from one instant (inclusive) to another."""
        span = {"from_ms": from_ms, "last_ms": to_ms - 1}
        return await self._look_up(
            lambda connection: {row.kind: row.times for row in connection.execute(_COUNTED, span)}
        )


def _times(connection: Connection, from_ms: int, last_ms: int) -> list[CallTimes]:
    span = {"from_ms": from_ms, "last_ms": last_ms}
    talks: dict[str, list[tuple[str | None, str | None]]] = defaultdict(list)
    for call_id, operator, also in connection.execute(_TALKED, span):
        talks[call_id].append((operator, also))
    ratings: dict[str, list[RatingGiven]] = defaultdict(list)
    for call_id, outcome, score, operator in connection.execute(_RATINGS, span):
        others = tuple(other for other in talked_in(talks[call_id]) if other != operator)
        ratings[call_id].append(RatingGiven(outcome, score, operator, others))
    return [
        CallTimes(
            arrived_ms,
            queued_ms,
            answered_ms,
            ended_ms,
            group,
            tuple(ratings.get(call_id, ())),
            callback_asked=asked_ms is not None,
            made_for=None if made_of is None else CallbackMade(made_of, came_ms, of_ms, status is not None, reached_ms),
        )
        for (
            call_id, arrived_ms, queued_ms, answered_ms, ended_ms, group, asked_ms, made_of, status, reached_ms,
            came_ms, of_ms,
        ) in connection.execute(_TIMES, span)
    ]  # fmt: skip


def _story(connection: Connection, call_id: str) -> CallStory | None:
    record = rows.load(connection, [call_id]).get(call_id)
    if record is None:
        return None
    steps = tuple(Step(*row) for row in few(connection, _STEPS, {"id": call_id}))
    return CallStory(record, steps, tuple(book.recordings_of(connection, call_id)))
