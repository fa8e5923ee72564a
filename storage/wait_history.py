"""The ledger's segments as work: each wait that ended, or sums for each half-hour.

Segments are looked for by their call's arrival, which has an index, up to a day before the span: no call is longer.
"""

from __future__ import annotations

from sqlalchemy import Connection, Engine, and_, bindparam, case, func, select
from sqlalchemy.exc import SQLAlchemyError

from calls.ids import GroupId
from calls.wait_history import HALF_HOUR_MS, HalfHour, Handled
from storage.engine import reading
from storage.errors import LedgerUnavailableError
from storage.tables import call, segment

LONGEST_CALL_MS = 24 * 3_600_000

_QUEUED = and_(
    call.c.arrived_ms.between(bindparam("from_ms") - LONGEST_CALL_MS, bindparam("last_ms")),
    segment.c.queued_ms.between(bindparam("from_ms"), bindparam("last_ms")),
    segment.c.group_id.is_not(None),
    segment.c.ended_ms.is_not(None),
)
_OF_CALL = segment.join(call, call.c.id == segment.c.call_id)
_HANDLED = (
    select(segment.c.group_id, segment.c.queued_ms, segment.c.answered_ms, segment.c.ended_ms)
    .select_from(_OF_CALL)
    .where(_QUEUED)
    .order_by(segment.c.ended_ms)
)
_HALF_HOUR = segment.c.queued_ms - segment.c.queued_ms % HALF_HOUR_MS
_TALKED = segment.c.answered_ms.is_not(None)
_FIRST = call.c.queued_ms == segment.c.queued_ms
_HALF_HOURS = (
    select(
        segment.c.group_id,
        _HALF_HOUR.label("from_ms"),
        func.count().label("calls"),
        func.sum(case((_TALKED, 1), else_=0)).label("talks"),
        func.sum(case((_TALKED, segment.c.ended_ms - segment.c.answered_ms), else_=0)).label("talk_ms"),
        func.sum(func.coalesce(segment.c.answered_ms, segment.c.ended_ms) - segment.c.queued_ms).label("waited_ms"),
        func.sum(case((_FIRST, 1), else_=0)).label("first_waits"),
        func.sum(case((_FIRST, segment.c.queued_ms - call.c.arrived_ms), else_=0)).label("menu_ms"),
    )
    .select_from(_OF_CALL)
    .where(_QUEUED)
    .group_by(segment.c.group_id, _HALF_HOUR)
    .order_by(_HALF_HOUR, segment.c.group_id)
)


def handled_between(connection: Connection, from_ms: int, to_ms: int) -> list[Handled]:
    """The ended waits that began from one instant (inclusive) to another, in the order in which they ended."""
    rows = connection.execute(_HANDLED, {"from_ms": from_ms, "last_ms": to_ms - 1})
    return [Handled(GroupId(row.group_id), row.queued_ms, row.answered_ms, row.ended_ms) for row in rows]


def half_hours_between(connection: Connection, from_ms: int, to_ms: int) -> list[HalfHour]:
    """The same summed up for each group and half-hour of UTC, which is one of every zone that we serve."""
    rows = connection.execute(_HALF_HOURS, {"from_ms": from_ms, "last_ms": to_ms - 1})
    return [
        HalfHour(
            group=GroupId(row.group_id),
            from_ms=row.from_ms,
            calls=row.calls,
            talks=int(row.talks),
            talk_s=float(row.talk_ms) / 1000,
            waited_s=float(row.waited_ms) / 1000,
            gave_up=row.calls - int(row.talks),
            first_waits=int(row.first_waits),
            menu_s=float(row.menu_ms) / 1000,
        )
        for row in rows
    ]


def read_half_hours(engine: Engine, from_ms: int, to_ms: int) -> list[HalfHour]:
    """The same from the ledger behind this engine. Raises LedgerUnavailableError."""
    try:
        with reading(engine).begin() as connection:
            return half_hours_between(connection, from_ms, to_ms)
    except SQLAlchemyError as error:
        raise LedgerUnavailableError(str(error.__cause__ or error)) from error
