"""The ledger's segments as work: the waits that ended, sums for each half-hour, a day so far, a past day whole.

Segments are looked for by their call's arrival, which has an index, up to a day before the span: no call is longer.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Engine, and_, bindparam, case, func, or_, select

from calls.ids import CallId, GroupId, OperatorId
from calls.search import LONGEST_CALL_MS
from calls.wait_history import HALF_HOUR_MS, HalfHour, Handled, PastState, PastWait, SoFar, Waited
from storage.engine import reading
from storage.tables import call, offer, operator_state, segment
from storage.transaction import transact

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
LATE_TRANSFER_MS = 3_600_000
"""A call that comes to a group later than so long after its arrival is not counted among those who came lately."""

_ANSWERED = call.c.answered_ms.is_not(None)
_LEFT = and_(call.c.answered_ms.is_(None), call.c.ended_ms.is_not(None), call.c.callback_asked_ms.is_(None))
_WAITED = (
    select(
        call.c.group_first,
        func.count(call.c.answered_ms).label("answered"),
        func.sum(case((_ANSWERED, call.c.answered_ms - call.c.arrived_ms), else_=0)).label("waited_ms"),
        func.sum(case((_ANSWERED, call.c.queued_ms - call.c.arrived_ms), else_=0)).label("menu_ms"),
        func.sum(case((_LEFT, 1), else_=0)).label("abandoned"),
    )
    .where(
        call.c.arrived_ms.between(bindparam("from_ms"), bindparam("last_ms")),
        call.c.group_first.is_not(None),
        call.c.callback_of.is_(None),
    )
    .group_by(call.c.group_first)
)
_CAME = (
    select(segment.c.group_id, func.count().label("calls"))
    .select_from(segment.join(call, call.c.id == segment.c.call_id))
    .where(
        call.c.arrived_ms.between(bindparam("since_ms") - LATE_TRANSFER_MS, bindparam("last_ms")),
        segment.c.queued_ms.between(bindparam("since_ms"), bindparam("last_ms")),
        segment.c.group_id.is_not(None),
    )
    .group_by(segment.c.group_id)
)
_OFFER_ANSWERED = and_(
    offer.c.call_id == segment.c.call_id, offer.c.seq == segment.c.seq, offer.c.offer == segment.c.offer
)
_WAITS = (
    select(
        segment.c.call_id,
        segment.c.group_id,
        segment.c.language,
        segment.c.rank_ms,
        segment.c.queued_ms,
        segment.c.answered_ms,
        segment.c.ended_ms,
        segment.c.operator_id,
        offer.c.offered_ms,
        call.c.queued_ms.label("first_queued_ms"),
        call.c.arrived_ms,
        call.c.callback_asked_ms,
        call.c.callback_of,
    )
    .select_from(segment.join(call, call.c.id == segment.c.call_id).outerjoin(offer, _OFFER_ANSWERED))
    .where(
        call.c.arrived_ms.between(bindparam("from_ms") - LONGEST_CALL_MS, bindparam("last_ms")),
        segment.c.queued_ms.between(bindparam("from_ms"), bindparam("last_ms")),
        segment.c.group_id.is_not(None),
        segment.c.ended_ms.is_not(None),
    )
    .order_by(segment.c.queued_ms, segment.c.call_id, segment.c.seq)
)
_STATES = (
    select(operator_state.c.operator_id, operator_state.c.from_ms, operator_state.c.state, operator_state.c.to_ms)
    .where(
        operator_state.c.from_ms <= bindparam("last_ms"),
        or_(operator_state.c.to_ms.is_(None), operator_state.c.to_ms > bindparam("from_ms")),
    )
    .order_by(operator_state.c.operator_id, operator_state.c.from_ms)
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
    return transact(reading(engine), lambda connection: half_hours_between(connection, from_ms, to_ms))


def so_far(connection: Connection, from_ms: int, now_ms: int, since_ms: int) -> SoFar:
    """Sum up calls that arrived from one instant until now, and those that came to a group since another instant."""
    waited = connection.execute(_WAITED, {"from_ms": from_ms, "last_ms": now_ms})
    came = connection.execute(_CAME, {"since_ms": since_ms, "last_ms": now_ms})
    return SoFar(
        now_ms,
        {
            GroupId(row.group_first): Waited(
                row.answered,
                max(0.0, float(row.waited_ms) / 1000),
                max(0.0, float(row.menu_ms or 0) / 1000),
                int(row.abandoned),
            )
            for row in waited
        },
        {GroupId(row.group_id): row.calls for row in came},
    )


@dataclass(frozen=True, slots=True)
class PastDay:
    """What the ledger holds of a span: waits that began in it and have ended, states that reach into it."""

    waits: tuple[PastWait, ...]
    states: tuple[PastState, ...]


def past_day(connection: Connection, from_ms: int, to_ms: int, default_language: str) -> PastDay:
    """Read from one instant (inclusive) to another; `default_language`: for waits of which none is known."""
    span = {"from_ms": from_ms, "last_ms": to_ms - 1}
    waits = tuple(
        PastWait(
            call=CallId(row.call_id),
            group=GroupId(row.group_id),
            language=row.language or default_language,
            rank_ms=row.arrived_ms if row.rank_ms is None else row.rank_ms,
            queued_ms=row.queued_ms,
            answered_ms=row.answered_ms,
            ended_ms=row.ended_ms,
            operator=None if row.operator_id is None else OperatorId(row.operator_id),
            rung_ms=row.offered_ms,
            moved=row.queued_ms != row.first_queued_ms,
            asked_callback=row.callback_asked_ms is not None,
            callback_of=None if row.callback_of is None else CallId(row.callback_of),
        )
        for row in connection.execute(_WAITS, span)
    )
    states = tuple(
        PastState(OperatorId(row.operator_id), row.from_ms, row.state, row.to_ms)
        for row in connection.execute(_STATES, span)
    )
    return PastDay(waits, states)


def read_past_day(engine: Engine, from_ms: int, to_ms: int, default_language: str) -> PastDay:
    """The same from the ledger behind this engine. Raises LedgerUnavailableError."""
    return transact(reading(engine), lambda connection: past_day(connection, from_ms, to_ms, default_language))
