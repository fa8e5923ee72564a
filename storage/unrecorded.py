"""Talks of a span of time, and stretches of talks, that have no recording, whoever called (rule 14; promise 8)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, and_, case, or_, select

from calls.local_day import Span
from calls.recording import GapReason, RecordingStatus
from storage.record import ANSWERED
from storage.tables import call, gap, offer, recording, segment

UNFINISHED = "unfinished"
"""Of a talk whose recording is not made yet."""
UNKNOWN_PLACE = "unknown-place"
"""Of a talk of which some is missing, and nobody knows why, nor where in it."""


@dataclass(frozen=True, slots=True)
class Silence:
    """When an operator talked and nothing was kept of it, and why: a status, a gap's reason, or one of those above."""

    call: str
    segment: int
    operator: str | None
    from_ms: int
    to_ms: int | None
    reason: str


_OF_SEGMENT = and_(segment.c.call_id == offer.c.call_id, segment.c.seq == offer.c.seq)
_OF_RECORDING = and_(
    recording.c.call_id == offer.c.call_id, recording.c.seq == offer.c.seq, recording.c.offer == offer.c.offer
)
_somewhere = and_(gap.c.reason == GapReason.UNKNOWN.value, gap.c.detail != "")
_reason = case((_somewhere, UNKNOWN_PLACE), else_=gap.c.reason).label("reason")
_NO_TALK = (RecordingStatus.EMPTY.value, RecordingStatus.ORPHAN.value)


def unrecorded(connection: Connection, span: Span) -> list[Silence]:
    """Of calls that arrived in the span, in their order. A missing talk is told once, by its gap."""
    arrived = and_(call.c.arrived_ms >= span.from_ms, call.c.arrived_ms < span.to_ms)
    talks = (
        select(
            offer.c.call_id,
            offer.c.seq,
            offer.c.operator_id,
            offer.c.ended_ms.label("from_ms"),
            segment.c.ended_ms.label("to_ms"),
            recording.c.status.label("reason"),
        )
        .select_from(call)
        .join(offer, and_(offer.c.call_id == call.c.id, offer.c.status == ANSWERED))
        .join(segment, _OF_SEGMENT)
        .outerjoin(recording, _OF_RECORDING)
        .where(arrived, or_(recording.c.path.is_(None), recording.c.path == ""))
        .where(or_(recording.c.status.is_(None), recording.c.status.not_in(_NO_TALK)))
        .order_by(offer.c.ended_ms)
    )
    stretches = (
        select(gap.c.call_id, gap.c.seq, segment.c.operator_id, gap.c.from_ms, gap.c.to_ms, _reason)
        .select_from(call)
        .join(gap, gap.c.call_id == call.c.id)
        .outerjoin(segment, and_(segment.c.call_id == gap.c.call_id, segment.c.seq == gap.c.seq))
        .where(arrived, gap.c.reason != GapReason.NO_SOUND.value)  # in its place there is silence, as there was
        .order_by(gap.c.from_ms)
    )
    whole, parts = (
        [
            Silence(row.call_id, row.seq, row.operator_id, row.from_ms, row.to_ms, row.reason or UNFINISHED)
            for row in connection.execute(query)
        ]
        for query in (talks, stretches)
    )
    explained = {(one.call, one.segment) for one in parts}
    told = [one for one in whole if one.reason != RecordingStatus.MISSING or (one.call, one.segment) not in explained]
    return sorted(told + parts, key=lambda one: one.from_ms)
