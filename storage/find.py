"""Recordings by local date and phone number, as a demand names them (rule 14)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, Select, and_, bindparam, func, or_, select

from calls.local_day import Span
from calls.phone import Candidates
from calls.recording import Recording
from storage.book import RECORDING_COLUMNS, recording_of
from storage.tables import call, offer, recording, segment

ADJACENT_MS = 3600_000
LONGEST_CALL_MS = 24 * 3600_000
"""How far before a day a call that lasted into it is looked for."""


@dataclass(frozen=True, slots=True)
class FoundRecording:
    """A talk that may be meant, with its recording, or None when it has no row yet.

    `match` tells a number that is the one typed from one that only may be; `day` a call on that date (a call over
    midnight is on both) from one within an hour of it.
    """

    call_id: str
    seq: int
    offer: int
    match: Literal["exact", "possible"]
    day: Literal["on", "adjacent"]
    caller_key: str
    caller_raw: str | None
    arrived_ms: int
    operator_id: str | None
    group_id: str | None
    answered_ms: int
    ended_ms: int | None
    recording: Recording | None


_ended = func.coalesce(call.c.ended_ms, bindparam("now_ms"))
_QUERY: Select[tuple[object, ...]] = (
    select(
        call.c.caller_key,
        call.c.caller_raw,
        call.c.arrived_ms,
        call.c.ended_ms.label("call_ended_ms"),
        offer.c.call_id,
        offer.c.seq,
        offer.c.offer,
        offer.c.operator_id,
        offer.c.ended_ms.label("answered_ms"),
        segment.c.group_id,
        segment.c.ended_ms,
        *(column.label(f"recording_{column.name}") for column in RECORDING_COLUMNS),
    )
    .select_from(call)
    .join(offer, and_(offer.c.call_id == call.c.id, offer.c.status == "ANSWER"))
    .join(segment, and_(segment.c.call_id == offer.c.call_id, segment.c.seq == offer.c.seq))
    .outerjoin(
        recording,
        and_(
            recording.c.call_id == offer.c.call_id,
            recording.c.seq == offer.c.seq,
            recording.c.offer == offer.c.offer,
        ),
    )
    .where(
        call.c.caller_key.in_(bindparam("keys", expanding=True)),
        call.c.arrived_ms >= bindparam("earliest_ms"),
        call.c.arrived_ms < bindparam("latest_ms"),
        or_(_ended >= bindparam("ended_from_ms"), call.c.arrived_ms >= bindparam("ended_from_ms")),
    )
    .order_by(call.c.arrived_ms, offer.c.call_id, offer.c.seq, offer.c.offer)
)


def find(connection: Connection, day: Span, wanted: Candidates, now_ms: int) -> list[FoundRecording]:
    """Talks of calls on that day or within an hour of it, from any of the numbers, in the order of arrival."""
    rows = connection.execute(
        _QUERY,
        {
            "keys": [*wanted.exact, *wanted.possible],
            "earliest_ms": day.from_ms - LONGEST_CALL_MS,
            "latest_ms": day.to_ms + ADJACENT_MS,
            "ended_from_ms": day.from_ms - ADJACENT_MS,
            "now_ms": now_ms,
        },
    ).mappings()
    return [
        FoundRecording(
            call_id=row["call_id"],
            seq=row["seq"],
            offer=row["offer"],
            match="exact" if row["caller_key"] in wanted.exact else "possible",
            day="on" if _on(day, row["arrived_ms"], row["call_ended_ms"] or now_ms) else "adjacent",
            caller_key=row["caller_key"],
            caller_raw=row["caller_raw"],
            arrived_ms=row["arrived_ms"],
            operator_id=row["operator_id"],
            group_id=row["group_id"],
            answered_ms=row["answered_ms"],
            ended_ms=row["ended_ms"],
            recording=recording_of([row[f"recording_{column.name}"] for column in RECORDING_COLUMNS]),
        )
        for row in rows
    ]


def _on(day: Span, arrived_ms: int, ended_ms: int) -> bool:
    return arrived_ms < day.to_ms and max(arrived_ms, ended_ms) >= day.from_ms


def in_order(found: Sequence[FoundRecording]) -> list[FoundRecording]:
    """What is surely meant first, what is doubtful last."""
    return sorted(found, key=lambda hit: (hit.day != "on", hit.match != "exact"))
