"""Talks and their recordings, by local date and phone number as a demand names them, and by all else (rule 14).

A talk is an operator's answer that the journal tells of, and any recording beside: one that was adopted from its
sidecar, or kept without its talk, is found like every other. Which calls a number means: `storage.meant`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, Literal

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    MappingResult,
    RowMapping,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    or_,
    select,
    union_all,
)

from calls.local_day import Span, local_day
from calls.phone import ANONYMOUS, candidate_keys
from calls.phone_field import NotUnderstoodError, numbers_of
from calls.recording import Recording
from calls.search import ADJACENT_MS, LONGEST_CALL_MS, Coverage, Search, Why
from storage.meant import Meant, meant
from storage.record import ANSWERED
from storage.recordings import RECORDING_COLUMNS, recording_of
from storage.tables import call, legal_hold, offer, rating, recording, segment

_NOBODY = Meant(sure=False, why=Why.UNATTRIBUTED, number="")
_PORTION = 500
"""Calls whose talks are read at once."""


@dataclass(frozen=True, slots=True)
class FoundRecording:
    """A talk that may be meant, with its recording, or None when it has no row yet.

    `match` tells a number that is the one typed from one that only may be, `why` what ties the two, `number` which one
    of several that were typed; `day` a call on that date (a call over midnight is on both) from one within an hour of
    it. Without a number or a date asked for, they are `exact` and `on`.
    """

    call_id: str
    seq: int
    offer: int
    match: Literal["exact", "possible"]
    day: Literal["on", "adjacent"]
    caller_key: str | None
    """None when nobody knows who called."""
    caller_raw: str | None
    arrived_ms: int
    operator_id: str | None
    group_id: str | None
    answered_ms: int | None
    """None of a recording whose answer the journal does not tell."""
    ended_ms: int | None
    recording: Recording | None
    language: str | None = None
    score: int | None = None
    held: bool = False
    """Whether it is on hold: not disposed of, whatever its age."""
    why: Why = Why.NUMBER
    number: str = ""


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
_COLUMNS = (
    call.c.id.label("call_id"),
    call.c.caller_key,
    call.c.caller_raw,
    call.c.arrived_ms,
    call.c.ended_ms.label("call_ended_ms"),
    offer.c.operator_id,
    segment.c.group_id,
    segment.c.language,
    segment.c.ended_ms,
    _SCORE.label("score"),
    _HELD.label("held"),
    *(column.label(f"recording_{column.name}") for column in RECORDING_COLUMNS),
)
_answered = offer.alias("answered")
_OF_TALK = and_(
    offer.c.call_id == recording.c.call_id, offer.c.seq == recording.c.seq, offer.c.offer == recording.c.offer
)
_TOLD: Select[Any] = (
    select(offer.c.seq.label("seq"), offer.c.offer.label("offer"), offer.c.ended_ms.label("answered_ms"), *_COLUMNS)
    .select_from(call)
    .join(offer, _ANSWERED)
    .outerjoin(segment, _OF_SEGMENT)
    .outerjoin(recording, _OF_RECORDING)
)
_UNTOLD: Select[Any] = (
    select(recording.c.seq.label("seq"), recording.c.offer.label("offer"), segment.c.answered_ms, *_COLUMNS)
    .select_from(call)
    .join(recording, recording.c.call_id == call.c.id)
    .outerjoin(offer, _OF_TALK)
    .outerjoin(segment, and_(segment.c.call_id == recording.c.call_id, segment.c.seq == recording.c.seq))
    .where(
        ~exists().where(
            _answered.c.call_id == recording.c.call_id,
            _answered.c.seq == recording.c.seq,
            _answered.c.offer == recording.c.offer,
            _answered.c.status == ANSWERED,
        )
    )
)
"""Recordings of which the journal tells no answer."""
_CONDITIONS: dict[str, ColumnElement[bool]] = {
    "ids": call.c.id.in_(bindparam("ids", expanding=True)),
    "anonymous": or_(call.c.caller_key == bindparam("anonymous"), call.c.caller_key.is_(None)),
    "unattributed": call.c.caller_key.is_(None),
    "earliest_ms": call.c.arrived_ms >= bindparam("earliest_ms"),
    "before_ms": call.c.arrived_ms < bindparam("before_ms"),
    "since_ms": or_(
        func.coalesce(call.c.ended_ms, bindparam("now_ms", type_=BigInteger)) >= bindparam("since_ms"),
        call.c.arrived_ms >= bindparam("since_ms"),
    ),
    "call": call.c.id == bindparam("call"),
    "operator": or_(
        offer.c.operator_id == bindparam("operator"),
        ("," + func.coalesce(segment.c.also, "") + ",").like(bindparam("also")),
    ),
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
    conditions = [condition for name, condition in _CONDITIONS.items() if name in asked]
    talks = union_all(_TOLD.where(*conditions), _UNTOLD.where(*conditions))
    talks = talks.order_by("arrived_ms", "call_id", "seq", "offer")
    return talks.limit(bindparam("limit")).offset(bindparam("after")) if "limit" in asked else talks  # type: ignore[return-value]


def find(connection: Connection, search: Search, now_ms: int) -> list[FoundRecording]:
    """Talks that are looked for, or within an hour of the dates, as they came; one page of them, or all.

    Of a caller's number the sure ones first, so that they are on the first page.
    """
    numbers, values = search.numbers or (), _values(search, now_ms)
    if not by_number(search):
        values |= {"anonymous": ANONYMOUS} if numbers else {}
        values |= {} if search.limit is None else {"limit": search.limit, "after": search.after}
        return [
            hit
            for row in _read(connection, values)
            if (hit := _hit(row, search, _NOBODY if numbers and row["caller_key"] is None else None, now_ms))
        ]
    known = meant(connection, numbers, search.span, now_ms)
    found: list[FoundRecording] = []
    ids = list(known)
    for at in range(0, len(ids), _PORTION):
        for row in _read(connection, values | {"ids": ids[at : at + _PORTION]}):
            if hit := _hit(row, search, known[row["call_id"]], now_ms):
                found.append(hit)
    found = in_order(sorted(found, key=lambda hit: (hit.arrived_ms, hit.call_id, hit.seq, hit.offer)))
    return found[search.after :][: search.limit]


def demanded(day: date, phone: str, zone: str) -> Search:
    """What a demand looks for: a local date and the caller's number or numbers, in any usual spelling (rule 14).

    What is not understood is searched for as it stands. Raises ValueError when there is no such time zone.
    """
    try:
        wanted = numbers_of(phone)
    except NotUnderstoodError:
        wanted = (candidate_keys(phone),)
    return Search(local_day(day, zone), wanted)


def by_number(search: Search) -> bool:
    """Whether a caller's number is asked for: then there are few hits as a rule.

    Callers without a number may be many: they are read by pages, and nothing else may be meant.
    """
    if search.numbers is None:
        return False
    return search.limit is None or {key for one in search.numbers for key in one.exact} != {ANONYMOUS}


def _read(connection: Connection, values: Mapping[str, Any]) -> MappingResult:
    return connection.execute(_talks(frozenset(values)), values).mappings()


def _hit(row: RowMapping, search: Search, one: Meant | None, now_ms: int) -> FoundRecording | None:
    """None for a talk that was over more than an hour before the dates, though nobody knows when its call ended."""
    made = recording_of([row[f"recording_{column.name}"] for column in RECORDING_COLUMNS])
    span, arrived_ms = search.span, row["arrived_ms"]
    ended_ms = row["call_ended_ms"] or (now_ms if made is None else max(arrived_ms, made.made_ms))
    if span is not None and max(arrived_ms, ended_ms) < span.from_ms - ADJACENT_MS:
        return None
    return FoundRecording(
        call_id=row["call_id"],
        seq=row["seq"],
        offer=row["offer"],
        match="exact" if one is None or one.sure else "possible",
        day="on" if _on(span, arrived_ms, ended_ms) else "adjacent",
        caller_key=row["caller_key"],
        caller_raw=row["caller_raw"],
        arrived_ms=arrived_ms,
        operator_id=row["operator_id"],
        group_id=row["group_id"],
        answered_ms=row["answered_ms"],
        ended_ms=row["ended_ms"],
        recording=made,
        language=row["language"],
        score=row["score"],
        held=bool(row["held"]),
        why=Why.NUMBER if one is None else one.why,
        number="" if one is None else one.number,
    )


def coverage(connection: Connection, span: Span) -> Coverage:
    """How many talks of calls that arrived in the span have their recording, and why the others have none."""
    kept = func.coalesce(func.sum(case((recording.c.path != "", 1), else_=0)), 0)
    arrived = and_(call.c.arrived_ms >= span.from_ms, call.c.arrived_ms < span.to_ms)
    rows = [
        row
        for talks in (_TOLD, _UNTOLD)
        for row in connection.execute(
            talks.with_only_columns(recording.c.status, func.count(), kept).where(arrived).group_by(recording.c.status)
        )
    ]
    gaps: dict[str, int] = {}
    for status, count, in_archive in rows:
        if status and count > in_archive:
            gaps[status] = gaps.get(status, 0) + count - in_archive
    talks, recorded = sum(row[1] for row in rows), sum(row[2] for row in rows)
    unfinished = talks - recorded - sum(gaps.values())
    return Coverage(talks, recorded, unfinished, gaps)


def in_order(found: Sequence[FoundRecording]) -> list[FoundRecording]:
    """What is surely meant first, what is doubtful last."""
    return sorted(found, key=lambda hit: (hit.day != "on", hit.match != "exact"))


def counts(found: Sequence[FoundRecording]) -> dict[str, int]:
    """How many hits of each kind, and how many talks have no recording."""
    without = sum(hit.recording is None or not hit.recording.path for hit in found)
    return {**kinds_of(found), "without_recording": without}


def kinds_of(found: Sequence[FoundRecording]) -> dict[str, int]:
    """How many hits of each kind."""
    on = [hit for hit in found if hit.day == "on"]
    return {
        "exact": sum(hit.match == "exact" for hit in on),
        "possible": sum(hit.match == "possible" for hit in on),
        "adjacent": len(found) - len(on),
    }


def _values(search: Search, now_ms: int) -> dict[str, Any]:
    """What fills the conditions of a search in; those without a value are not asked for."""
    span = search.span
    values: dict[str, Any] = {
        "unattributed": search.unattributed or None,
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
    if search.operator is not None:
        asked["also"] = f"%,{search.operator},%"
    if span is not None:
        asked |= {
            "earliest_ms": span.from_ms - LONGEST_CALL_MS,
            "before_ms": span.to_ms + ADJACENT_MS,
            "now_ms": now_ms,
        }
    return asked


def _on(span: Span | None, arrived_ms: int, ended_ms: int) -> bool:
    return span is None or (arrived_ms < span.to_ms and max(arrived_ms, ended_ms) >= span.from_ms)
