"""Talks and their recordings, by local date and phone number as a demand names them, and by all else (rule 14)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, or_, select

from calls.local_day import Span
from calls.recording import Recording
from calls.search import Coverage, Search
from storage.book import RECORDING_COLUMNS, recording_of
from storage.record import ANSWERED
from storage.tables import call, offer, rating, recording, segment

ADJACENT_MS = 3600_000
LONGEST_CALL_MS = 24 * 3600_000
"""How far before a day a call that lasted into it is looked for."""


@dataclass(frozen=True, slots=True)
class FoundRecording:
    """A talk that may be meant, with its recording, or None when it has no row yet.

    `match` tells a number that is the one typed from one that only may be; `day` a call on that date (a call over
    midnight is on both) from one within an hour of it. Without a number or a date asked for, they are `exact` and `on`.
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
    language: str | None = None
    score: int | None = None


_SCORE = (
    select(rating.c.score)
    .where(
        rating.c.call_id == offer.c.call_id,
        rating.c.seq == offer.c.seq,
        rating.c.operator_id == offer.c.operator_id,
        rating.c.score.is_not(None),
    )
    .limit(1)
    .correlate(offer)
    .scalar_subquery()
)
_ANSWERED = and_(offer.c.call_id == call.c.id, offer.c.status == ANSWERED)
_OF_SEGMENT = and_(segment.c.call_id == offer.c.call_id, segment.c.seq == offer.c.seq)
_OF_RECORDING = and_(
    recording.c.call_id == offer.c.call_id, recording.c.seq == offer.c.seq, recording.c.offer == offer.c.offer
)
_TALKS: Select[Any] = (
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
        segment.c.language,
        segment.c.ended_ms,
        _SCORE.label("score"),
        *(column.label(f"recording_{column.name}") for column in RECORDING_COLUMNS),
    )
    .select_from(call)
    .join(offer, _ANSWERED)
    .join(segment, _OF_SEGMENT)
    .outerjoin(recording, _OF_RECORDING)
    .order_by(call.c.arrived_ms, offer.c.call_id, offer.c.seq, offer.c.offer)
)


def find(connection: Connection, search: Search, now_ms: int) -> list[FoundRecording]:
    """Talks that are looked for, or within an hour of the dates, in the order of arrival; one page of them."""
    query = _TALKS.where(*_conditions(search, now_ms)).limit(search.limit).offset(search.after)
    exact = None if search.wanted is None else search.wanted.exact
    return [
        FoundRecording(
            call_id=row["call_id"],
            seq=row["seq"],
            offer=row["offer"],
            match="exact" if exact is None or row["caller_key"] in exact else "possible",
            day="on" if _on(search.span, row["arrived_ms"], row["call_ended_ms"] or now_ms) else "adjacent",
            caller_key=row["caller_key"],
            caller_raw=row["caller_raw"],
            arrived_ms=row["arrived_ms"],
            operator_id=row["operator_id"],
            group_id=row["group_id"],
            answered_ms=row["answered_ms"],
            ended_ms=row["ended_ms"],
            recording=recording_of([row[f"recording_{column.name}"] for column in RECORDING_COLUMNS]),
            language=row["language"],
            score=row["score"],
        )
        for row in connection.execute(query).mappings()
    ]


def coverage(connection: Connection, span: Span) -> Coverage:
    """How many talks of calls that arrived in the span have their recording, and why the others have none."""
    kept = func.coalesce(func.sum(case((recording.c.path != "", 1), else_=0)), 0)
    counted = (
        select(recording.c.status, func.count(), kept)
        .select_from(call)
        .join(offer, _ANSWERED)
        .outerjoin(recording, _OF_RECORDING)
        .where(call.c.arrived_ms >= span.from_ms, call.c.arrived_ms < span.to_ms)
        .group_by(recording.c.status)
    )
    rows = connection.execute(counted).all()
    gaps = {status: count - in_archive for status, count, in_archive in rows if status and count > in_archive}
    talks, recorded = sum(row[1] for row in rows), sum(row[2] for row in rows)
    unfinished = talks - recorded - sum(gaps.values())
    return Coverage(talks, recorded, unfinished, gaps)


def in_order(found: Sequence[FoundRecording]) -> list[FoundRecording]:
    """What is surely meant first, what is doubtful last."""
    return sorted(found, key=lambda hit: (hit.day != "on", hit.match != "exact"))


def _conditions(search: Search, now_ms: int) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if search.wanted is not None:
        found.append(call.c.caller_key.in_([*search.wanted.exact, *search.wanted.possible]))
    if (span := search.span) is not None:
        since_ms = span.from_ms - ADJACENT_MS
        ended_ms = func.coalesce(call.c.ended_ms, now_ms)
        found += [
            call.c.arrived_ms >= span.from_ms - LONGEST_CALL_MS,
            call.c.arrived_ms < span.to_ms + ADJACENT_MS,
            or_(ended_ms >= since_ms, call.c.arrived_ms >= since_ms),
        ]
    equal = (
        (call.c.id, search.call),
        (offer.c.operator_id, search.operator),
        (segment.c.group_id, search.group),
        (segment.c.language, search.language),
    )
    found += [column == value for column, value in equal if value is not None]
    if search.score_from is not None or search.score_to is not None:
        found += [(search.score_from or 1) <= _SCORE, (search.score_to or 5) >= _SCORE]
    if search.length_from_ms is not None:
        found.append(recording.c.duration_ms >= search.length_from_ms)
    if search.length_to_ms is not None:
        found.append(recording.c.duration_ms <= search.length_to_ms)
    return found


def _on(span: Span | None, arrived_ms: int, ended_ms: int) -> bool:
    return span is None or (arrived_ms < span.to_ms and max(arrived_ms, ended_ms) >= span.from_ms)
