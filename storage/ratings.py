"""Offers to rate, counted where they lie, and the talks that were rated low (rule 13).

Of calls that arrived in some span of time, as all other figures are: one index finds them, and their ratings, talks and
recordings each by the key of the call.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Engine, Select, and_, bindparam, exists, func, or_, select

from calls.local_day import Span
from calls.ratings import RatedTalk, RatingCount
from storage.engine import reading
from storage.record import talked_in
from storage.tables import call, rating, recording, segment
from storage.transaction import in_transaction

By = Literal["operator", "group", "language"]

_ARRIVED = call.c.arrived_ms.between(bindparam("from_ms"), bindparam("last_ms"))
_OF_CALL = rating.c.call_id == call.c.id
_OF_TALK = and_(segment.c.call_id == rating.c.call_id, segment.c.seq == rating.c.seq)
_ASKED = rating.c.outcome.is_not(None)
_KEYS: Mapping[By, ColumnElement[Any]] = {
    "operator": rating.c.operator_id,
    "group": segment.c.group_id,
    "language": func.coalesce(segment.c.language, call.c.language),
}


def _counts(key: ColumnElement[Any] | None) -> Select[Any]:
    told = (rating.c.outcome, rating.c.score) if key is None else (rating.c.outcome, rating.c.score, key.label("of"))
    rated = call.join(rating, _OF_CALL)
    talks = rated if key is None or key is rating.c.operator_id else rated.outerjoin(segment, _OF_TALK)
    return select(*told, func.count().label("times")).select_from(talks).where(_ARRIVED, _ASKED).group_by(*told)


_ALL = _counts(None)
_COUNTS = {by: _counts(key) for by, key in _KEYS.items()}
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
    """Look-ups in the ledger. Every method may raise LedgerUnavailableError."""

    def __init__(self, engine: Engine) -> None:
        self._reading = reading(engine)

    async def counted(self, span: Span, by: By) -> list[RatingCount]:
        """Offers to rate of calls that arrived in the span, by who was rated, the talk's group or its language."""
        return await in_transaction(self._reading, lambda connection: counted(connection, span, by))

    async def counted_by_day(self, days: Mapping[str, Span]) -> list[RatingCount]:
        """The same by the day on which the call arrived."""
        return await in_transaction(self._reading, lambda connection: counted_by_day(connection, days))

    async def shared(self, span: Span) -> list[RatingCount]:
        """The same by each other operator who talked in a call that was rated."""
        return await in_transaction(self._reading, lambda connection: shared(connection, span))

    async def rated_low(self, span: Span, at_most: int, limit: int, after: int = 0) -> list[RatedTalk]:
        """Talks with at most that score, of calls that arrived in the span, as they came; one page of them."""
        return await in_transaction(
            self._reading, lambda connection: rated_low(connection, span, at_most, limit, after)
        )


def counted(connection: Connection, span: Span, by: By) -> list[RatingCount]:
    """See `RatingBook.counted`."""
    rows = connection.execute(_COUNTS[by], _values(span))
    return [RatingCount(row.of, row.outcome, row.score, row.times) for row in rows]


def counted_by_day(connection: Connection, days: Mapping[str, Span]) -> list[RatingCount]:
    """See `RatingBook.counted_by_day`: one look-up for each day, since no database knows the zone's history."""
    return [
        RatingCount(day, row.outcome, row.score, row.times)
        for day, span in days.items()
        for row in connection.execute(_ALL, _values(span))
    ]


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
