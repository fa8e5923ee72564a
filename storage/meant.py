"""Which calls are meant by a number: by the caller's key, or possibly by all else that ties a call to it (rule 14).

Sure is only the caller's own key. A call is possibly meant by another reading of the number, by another number that
came with the call, by the callback that was asked for from the number or to it, and when nobody knows who called.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Connection,
    Select,
    bindparam,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)

from calls.local_day import Span
from calls.phone import Candidates, same_ending, tails_of
from calls.search import ADJACENT_MS, LONGEST_CALL_MS, Why
from storage.readers import few
from storage.record import IdentityRow
from storage.tables import call, caller_identity

CALLBACK_WITHIN_MS = 8 * 24 * 3600_000
"""How long after it was asked for a callback may be made: its place is kept for a week at most."""
_PORTION = 500
_asked = call.alias("asked")


@dataclass(frozen=True, slots=True)
class Meant:
    """Why a call may be meant, and by which of the numbers named; the first reason that there is, surest first."""

    sure: bool
    why: Why
    number: str


def meant(connection: Connection, wanted: Sequence[Candidates], span: Span | None, now_ms: int) -> dict[str, Meant]:
    """The calls that may be meant, of the span or within an hour of it (of all times without one), by their ids."""
    found = dict[str, Meant]()
    keys = [*dict.fromkeys(key for one in wanted for key in (*one.exact, *one.possible))]
    for call_id, key, why in _rows(connection, _tied(span is None), keys, span, now_ms):
        _take(found, call_id, _reason(wanted, key, Why(why)))
    sure = {one.number for one in found.values() if one.sure}
    if unfound := [one for one in wanted if one.number not in sure]:  # before it is said that there is nothing
        for call_id, reason in _far(connection, unfound, span, now_ms):
            if call_id not in found or found[call_id].why is Why.UNATTRIBUTED:
                found[call_id] = reason
    return found


def identities_of(connection: Connection, calls: Sequence[str]) -> dict[str, list[IdentityRow]]:
    """What else than their callers' own keys calls are tied to, by call."""
    found: dict[str, list[IdentityRow]] = {}
    query = select(*(caller_identity.c[field.name] for field in fields(IdentityRow))).order_by(caller_identity.c.source)
    for at in range(0, len(calls), _PORTION):
        for row in connection.execute(query.where(caller_identity.c.call_id.in_(calls[at : at + _PORTION]))):
            found.setdefault(row.call_id, []).append(IdentityRow(*row))
    return found


def _reason(wanted: Sequence[Candidates], key: str | None, why: Why) -> Meant:
    if key is None:
        return Meant(sure=False, why=why, number="")
    for one in wanted:
        if key in one.exact:
            return Meant(why is Why.NUMBER, why, one.number)
    of = next((one.number for one in wanted if key in one.possible), "")
    return Meant(sure=False, why=Why.READING if why is Why.NUMBER else why, number=of)


def _take(found: dict[str, Meant], call_id: str, one: Meant) -> None:
    known = found.get(call_id)
    if known is None or (not one.sure, _ORDER[one.why]) < (not known.sure, _ORDER[known.why]):
        found[call_id] = one


_ORDER = {why: at for at, why in enumerate(Why)}


def _far(
    connection: Connection, wanted: Sequence[Candidates], span: Span | None, now_ms: int
) -> Iterator[tuple[str, Meant]]:
    """What a number may be that nothing sure was found of: a foreign one as at home, or one that ends alike."""
    keys = {key: one.number for one in wanted for key in one.far}
    for call_id, key, _ in _rows(connection, _tied(span is None), list(keys), span, now_ms) if keys else ():
        if key is not None:
            yield call_id, Meant(sure=False, why=Why.READING, number=keys[key])
    if span is None:
        return  # all calls ever are not gone through
    for one in wanted:
        tails = tails_of(one)
        for ending in {tail[-_ENDING:] for tail in tails}:
            for call_id, key in few(connection, _ENDING_SO, _values(span, now_ms) | {"ending": f"%{ending}"}):
                if same_ending(tails, key):
                    yield call_id, Meant(sure=False, why=Why.ENDING, number=one.number)


_ENDING = 6
"""Digits: a number within a city has no fewer."""


def _rows(
    connection: Connection, query: Select[Any], keys: Sequence[str], span: Span | None, now_ms: int
) -> Iterator[tuple[str, str | None, str]]:
    values = _values(span, now_ms) if span is not None else {}
    yield from few(connection, query, values | {"keys": list(keys)})


def _values(span: Span, now_ms: int) -> dict[str, Any]:
    return {
        "asked_ms": span.from_ms - LONGEST_CALL_MS - CALLBACK_WITHIN_MS,
        "earliest_ms": span.from_ms - LONGEST_CALL_MS,
        "since_ms": span.from_ms - ADJACENT_MS,
        "before_ms": span.to_ms + ADJACENT_MS,
        "now_ms": now_ms,
    }


def _in_span() -> list[ColumnElement[bool]]:
    since, before = bindparam("since_ms", type_=BigInteger), bindparam("before_ms", type_=BigInteger)
    return [
        call.c.arrived_ms >= bindparam("earliest_ms", type_=BigInteger),
        call.c.arrived_ms < before,
        or_(func.coalesce(call.c.ended_ms, bindparam("now_ms", type_=BigInteger)) >= since, call.c.arrived_ms >= since),
    ]


def _of_span(column: Any, first: str) -> list[ColumnElement[bool]]:
    return [
        column >= bindparam(first, type_=BigInteger),
        column < bindparam("before_ms", type_=BigInteger),
    ]


@cache
def _tied(whenever: bool) -> Select[Any]:
    """Calls tied to some keys, each with the key and how; without the numbers that nobody knows if `whenever`."""
    keys: BindParameter[Any] = bindparam("keys", expanding=True)
    identity = caller_identity
    spans = [] if whenever else _in_span()
    asked = [] if whenever else _of_span(_asked.c.arrived_ms, "asked_ms")
    identities, identities_asked = (
        [] if whenever else _of_span(identity.c.arrived_ms, first) for first in ("earliest_ms", "asked_ms")
    )
    parts = [
        select(call.c.id, call.c.caller_key, literal(Why.NUMBER.value)).where(call.c.caller_key.in_(keys), *spans),
        select(call.c.id, identity.c.key, literal(Why.IDENTITY.value))
        .join(identity, identity.c.call_id == call.c.id)
        .where(identity.c.key.in_(keys), *identities, *spans),
        select(call.c.id, _asked.c.caller_key, literal(Why.CALLBACK.value))
        .join(_asked, call.c.callback_of == _asked.c.id)
        .where(_asked.c.caller_key.in_(keys), *asked, *spans),
        select(call.c.id, identity.c.key, literal(Why.CALLBACK.value))
        .join(identity, call.c.callback_of == identity.c.call_id)
        .where(identity.c.key.in_(keys), *identities_asked, *spans),
    ]
    if not whenever:
        parts.append(
            select(call.c.id, null(), literal(Why.UNATTRIBUTED.value)).where(call.c.caller_key.is_(None), *spans)
        )
    return union_all(*parts)  # type: ignore[return-value]


_SO: BindParameter[str] = bindparam("ending")
_ENDING_SO = union_all(
    select(call.c.id, call.c.caller_key).where(call.c.caller_key.like(_SO), *_in_span()),
    select(call.c.id, caller_identity.c.key)
    .join(caller_identity, caller_identity.c.call_id == call.c.id)
    .where(caller_identity.c.key.like(_SO), *_of_span(caller_identity.c.arrived_ms, "earliest_ms"), *_in_span()),
)
