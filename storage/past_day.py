"""A past span of time whole, for a replay: every wait with its talk, and who was in which state."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Engine, and_, bindparam, or_, select
from sqlalchemy.exc import SQLAlchemyError

from calls.ids import CallId, GroupId, OperatorId
from calls.wait_history import PastState, PastWait
from storage.engine import reading
from storage.errors import LedgerUnavailableError
from storage.tables import call, offer, operator_state, segment
from storage.wait_history import LONGEST_CALL_MS

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
    try:
        with reading(engine).begin() as connection:
            return past_day(connection, from_ms, to_ms, default_language)
    except SQLAlchemyError as error:
        raise LedgerUnavailableError(str(error.__cause__ or error)) from error
