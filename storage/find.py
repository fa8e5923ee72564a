"""Talks and their recordings, by local date and phone number as a demand names them, and by all else (rule 14)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from sqlalchemy import BigInteger, ColumnElement, Connection, Select, and_, bindparam, case, exists, func, or_, select

from calls.local_day import Span
from calls.recording import Recording
from calls.search import Coverage, Search
from storage.book import RECORDING_COLUMNS, recording_of
from storage.record import ANSWERED
from storage.tables import call, legal_hold, offer, rating, recording, segment

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
    held: bool = False
    """Whether it is on hold: not disposed of, whatever its age."""


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
_HELD = exists().where(legal_hold.c.file == recording.c.file).correlate(recording)
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
        _HELD.label("held"),
        *(column.label(f"recording_{column.name}") for column in RECORDING_COLUMNS),
    )
    .select_from(call)
    .join(offer, _ANSWERED)
    .join(segment, _OF_SEGMENT)
    .outerjoin(recording, _OF_RECORDING)
    .order_by(call.c.arrived_ms, offer.c.call_id, offer.c.seq, offer.c.offer)
)
_CONDITIONS: dict[str, ColumnElement[bool]] = {
    "keys": call.c.caller_key.in_(bindparam("keys", expanding=True)),
    "earliest_ms": call.c.arrived_ms >= bindparam("earliest_ms"),
    "before_ms": call.c.arrived_ms < bindparam("before_ms"),
    "since_ms": or_(
        func.coalesce(call.c.ended_ms, bindparam("now_ms", type_=BigInteger)) >= bindparam("since_ms"),
        call.c.arrived_ms >= bindparam("since_ms"),
    ),
    "call": call.c.id == bindparam("call"),
    "operator": offer.c.operator_id == bindparam("operator"),
    "group": segment.c.group_id == bindparam("group"),
    "language": segment.c.language == bindparam("language"),
    "score_from": bindparam("score_from") <= _SCORE,
    "score_to": bindparam("score_to") >= _SCORE,
    "length_from_ms": recording.c.duration_ms >= bindparam("length_from_ms"),
    "length_to_ms": recording.c.duration_ms <= bindparam("length_to_ms"),
}


@cache
def _talks(asked: frozenset[str]) -> Select[Any]:
    """The query with the conditions that are asked for, made once for each set of them: half of the time went there."""
    conditions = (condition for name, condition in _CONDITIONS.items() if name in asked)
    return _TALKS.where(*conditions).limit(bindparam("limit")).offset(bindparam("after"))


def find(connection: Connection, search: Search, now_ms: int) -> list[FoundRecording]:
    """Talks that are looked for, or within an hour of the dates, in the order of arrival; one page of them."""
    values = _values(search, now_ms)
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
            held=bool(row["held"]),
        )
        for row in connection.execute(_talks(frozenset(values)), values).mappings()
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


def counts(found: Sequence[FoundRecording]) -> dict[str, int]:
    """How many hits of each kind, and how many talks have no recording."""
    on = [hit for hit in found if hit.day == "on"]
    return {
        "exact": sum(hit.match == "exact" for hit in on),
        "possible": sum(hit.match == "possible" for hit in on),
        "adjacent": len(found) - len(on),
        "without_recording": sum(hit.recording is None or not hit.recording.path for hit in found),
    }


def _values(search: Search, now_ms: int) -> dict[str, Any]:
    """What fills the conditions of a search in; those without a value are not asked for."""
    span, wanted = search.span, search.wanted
    values: dict[str, Any] = {
        "keys": None if wanted is None else [*wanted.exact, *wanted.possible],
        "since_ms": None if span is None else span.from_ms - ADJACENT_MS,
        "call": search.call,
        "operator": search.operator,
        "group": search.group,
        "language": search.language,
        "score_from": search.score_from,
        "score_to": search.score_to,
        "length_from_ms": search.length_from_ms,
        "length_to_ms": search.length_to_ms,
    }
    asked = {name: value for name, value in values.items() if value is not None}
    if span is not None:
        asked |= {
            "earliest_ms": span.from_ms - LONGEST_CALL_MS,
            "before_ms": span.to_ms + ADJACENT_MS,
            "now_ms": now_ms,
        }
    return asked | {"limit": search.limit, "after": search.after}


def _on(span: Span | None, arrived_ms: int, ended_ms: int) -> bool:
    return span is None or (arrived_ms < span.to_ms and max(arrived_ms, ended_ms) >= span.from_ms)
