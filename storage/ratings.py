"""Offers to rate, counted where they lie, and the talks that were rated low (rule 13).

Of calls that arrived in some span of time, as all other figures are: one index finds them, and their ratings, talks and
recordings each by the key of the call.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any, Literal, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Select,
    and_,
    bindparam,
    exists,
    func,
    null,
    or_,
    select,
    text,
)

from calls.local_day import Span
from calls.ratings import RatedTalk, RatingCount
from storage.engine import reading
from storage.record import talked_in
from storage.tables import call, rating, recording, segment
from storage.transaction import in_transaction

T = TypeVar("T")
By = Literal["operator", "group", "language"]

_NO_TABLE_WHOLE = text("SET LOCAL enable_seqscan = off")

_ARRIVED = call.c.arrived_ms.between(bindparam("from_ms"), bindparam("last_ms"))
_OF_CALL = rating.c.call_id == call.c.id
_OF_TALK = and_(segment.c.call_id == rating.c.call_id, segment.c.seq == rating.c.seq)
_ASKED = rating.c.outcome.is_not(None)
_KEYS: Mapping[By, ColumnElement[Any]] = {
    "operator": rating.c.operator_id,
    "group": segment.c.group_id,
    "language": func.coalesce(segment.c.language, call.c.language),
}


def _counts(by: By | None) -> Select[Any]:
    """Offers to rate and their scores, counted by one of the keys, or all together."""
    key = null() if by is None else _KEYS[by]
    told = (rating.c.outcome, rating.c.score) if by is None else (rating.c.outcome, rating.c.score, key)
    rated = call.join(rating, _OF_CALL)
    talks = rated if by in (None, "operator") else rated.outerjoin(segment, _OF_TALK)
    columns = (key.label("of"), rating.c.outcome, rating.c.score, func.count().label("times"))
    return select(*columns).select_from(talks).where(_ARRIVED, _ASKED).group_by(*told)


_COUNTS: Mapping[By | None, Select[Any]] = {by: _counts(by) for by in (None, *_KEYS)}
_SHARED = (
    select(
        rating.c.call_id,
        rating.c.seq,
        rating.c.operator_id,
        rating.c.outcome,
        rating.c.score,
        segment.c.operator_id.label("talked"),
        segment.c.also,
    )
    .select_from(call.join(rating, _OF_CALL).join(segment, segment.c.call_id == rating.c.call_id))
    .where(
        _ARRIVED,
        _ASKED,
        segment.c.answered_ms.is_not(None),
        or_(segment.c.operator_id != rating.c.operator_id, segment.c.also.is_not(None)),
    )
    .order_by(rating.c.call_id, rating.c.seq, segment.c.seq)
)
"""Talks of rated calls with others than who was rated."""
_RECORDED = exists().where(
    recording.c.call_id == rating.c.call_id, recording.c.seq == rating.c.seq, recording.c.path != ""
)
_LOW = (
    select(
        rating.c.call_id,
        rating.c.seq,
        call.c.arrived_ms,
        rating.c.rated_ms,
        rating.c.score,
        rating.c.operator_id,
        segment.c.group_id,
        func.coalesce(segment.c.language, call.c.language).label("language"),
        _RECORDED.label("recorded"),
    )
    .select_from(call.join(rating, _OF_CALL).outerjoin(segment, _OF_TALK))
    .where(_ARRIVED, rating.c.score <= bindparam("at_most"))
    .order_by(call.c.arrived_ms, rating.c.call_id, rating.c.seq)
    .limit(bindparam("limit"))
    .offset(bindparam("after"))
)
_TALKED = (
    select(segment.c.call_id, segment.c.operator_id, segment.c.also)
    .where(segment.c.call_id.in_(bindparam("ids", expanding=True)), segment.c.answered_ms.is_not(None))
    .order_by(segment.c.call_id, segment.c.seq)
)


class RatingBook:
    """Look-ups in the ledger, a span at a time: of a year at once each would take minutes and be ended for it.

    Every method may raise LedgerUnavailableError.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine if engine.dialect.name == "postgresql" else reading(engine)

    async def counted(self, spans: Iterable[Span], by: By) -> list[RatingCount]:
        """Offers to rate of calls that arrived in these spans, by who was rated, the talk's group or its language."""
        found: Counter[tuple[str | None, str, int | None]] = Counter()
        for span in spans:
            for one in await self._read(partial(counted, span=span, by=by)):
                found[one.of, one.outcome, one.score] += one.times
        return [RatingCount(*one, times) for one, times in found.items()]

    async def counted_by_day(self, days: Mapping[str, Span]) -> list[RatingCount]:
        """The same by the day on which the call arrived."""
        return [
            replace(one, of=day)
            for day, span in days.items()
            for one in await self._read(partial(counted, span=span, by=None))
        ]

    async def shared(self, spans: Iterable[Span]) -> list[RatingCount]:
        """The same by each other operator who talked in a call that was rated."""
        return [one for span in spans for one in await self._read(partial(shared, span=span))]

    async def rated_low(self, span: Span, at_most: int, limit: int, after: int = 0) -> list[RatedTalk]:
        """Talks with at most that score, of calls that arrived in the span, as they came; one page of them."""
        return await self._read(partial(rated_low, span=span, at_most=at_most, limit=limit, after=after))

    async def _read(self, query: Callable[[Connection], T]) -> T:
        return await in_transaction(self._engine, lambda connection: by_index(connection, query))


def by_index(connection: Connection, query: Callable[[Connection], T]) -> T:
    """Run a query that reads what lies side by side, and tell PostgreSQL so, which takes it for scattered.

    Of 10,000 calls among a million it read all ratings there are: 150 ms instead of 75.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(_NO_TABLE_WHOLE)
    return query(connection)


def counted(connection: Connection, span: Span, by: By | None) -> list[RatingCount]:
    """See `RatingBook.counted`; all together under None when nothing tells them apart."""
    rows = connection.execute(_COUNTS[by], _values(span))
    return [RatingCount(row.of, row.outcome, row.score, row.times) for row in rows]


def shared(connection: Connection, span: Span) -> list[RatingCount]:
    """See `RatingBook.shared`."""
    found: Counter[tuple[str, str, int | None]] = Counter()
    rows = connection.execute(_SHARED, _values(span))
    for (_, _, rated, outcome, score), talks in groupby(rows, itemgetter(0, 1, 2, 3, 4)):
        for other in talked_in((row.talked, row.also) for row in talks):
            if other != rated:
                found[other, outcome, score] += 1
    return [RatingCount(*one, times) for one, times in found.items()]


def rated_low(connection: Connection, span: Span, at_most: int, limit: int, after: int) -> list[RatedTalk]:
    """See `RatingBook.rated_low`."""
    wanted = _values(span) | {"at_most": at_most, "limit": limit, "after": after}
    rows = connection.execute(_LOW, wanted).all()
    talked = _talked(connection, [row.call_id for row in rows])
    return [
        RatedTalk(
            call=row.call_id,
            seq=row.seq,
            arrived_ms=row.arrived_ms,
            rated_ms=row.rated_ms,
            score=row.score,
            operator=row.operator_id,
            others=tuple(other for other in talked_in(talked[row.call_id]) if other != row.operator_id),
            group=row.group_id,
            language=row.language,
            recorded=bool(row.recorded),
        )
        for row in rows
    ]


def _talked(connection: Connection, ids: Sequence[str]) -> Mapping[str, list[tuple[str | None, str | None]]]:
    found: dict[str, list[tuple[str | None, str | None]]] = defaultdict(list)
    for call_id, operator, also in connection.execute(_TALKED, {"ids": ids}):
        found[call_id].append((operator, also))
    return found


def _values(span: Span) -> dict[str, int]:
    return {"from_ms": span.from_ms, "last_ms": span.to_ms - 1}
