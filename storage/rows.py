"""Calls' records to and from the tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar

from sqlalchemy import Column, Connection, Insert, Table, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from storage import tables
from storage.readers import few
from storage.record import (
    BridgeRow,
    CallRecord,
    CallRow,
    GapRow,
    IdentityRow,
    LineRow,
    OfferRow,
    RatingRow,
    Row,
    SegmentRow,
)

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class _Shape:
    """How one kind of row lies in its table."""

    table: Table
    names: tuple[str, ...]
    values: Callable[[Any], tuple[Any, ...]]
    columns: tuple[Column[Any], ...]


def _shape(kind: type[Row], table: Table) -> _Shape:
    names = tuple(field.name for field in fields(kind))
    return _Shape(table, names, attrgetter(*names), tuple(table.c[name] for name in names))


_SHAPES: dict[type[Row], _Shape] = {  # in the order that foreign keys want
    CallRow: _shape(CallRow, tables.call),
    SegmentRow: _shape(SegmentRow, tables.segment),
    OfferRow: _shape(OfferRow, tables.offer),
    LineRow: _shape(LineRow, tables.operator_line),
    BridgeRow: _shape(BridgeRow, tables.bridge),
    RatingRow: _shape(RatingRow, tables.rating),
    GapRow: _shape(GapRow, tables.gap),
    IdentityRow: _shape(IdentityRow, tables.caller_identity),
}


def changes(before: CallRecord | None, after: CallRecord) -> list[Row]:
    """The rows of `after` that are new or other than in `before`."""
    if before is after:
        return []
    rows: list[Row] = [] if before is not None and before.call == after.call else [after.call]
    pairs: tuple[tuple[Mapping[Any, Row], Mapping[Any, Row]], ...] = (
        ({} if before is None else before.segments, after.segments),
        ({} if before is None else before.offers, after.offers),
        ({} if before is None else before.lines, after.lines),
        ({} if before is None else before.bridges, after.bridges),
        ({} if before is None else before.ratings, after.ratings),
        ({} if before is None else before.gaps, after.gaps),
        ({} if before is None else before.identities, after.identities),
    )
    for old, new in pairs:
        if old is not new:
            rows += [row for key, row in new.items() if old.get(key) != row]
    return rows


def save(connection: Connection, rows: Iterable[Row]) -> None:
    """Write rows, each over the one with its key, one statement for each table."""
    by_kind: dict[type[Row], list[Row]] = defaultdict(list)
    for row in rows:
        by_kind[type(row)].append(row)
    for kind, shape in _SHAPES.items():
        if kind in by_kind:
            values = [dict(zip(shape.names, shape.values(row), strict=True)) for row in by_kind[kind]]
            connection.execute(upsert(connection.dialect.name, shape.table, shape.names), values)


def save_if_new(connection: Connection, row: Row) -> None:
    """Write a row unless its key is there."""
    shape = _SHAPES[type(row)]
    values = dict(zip(shape.names, shape.values(row), strict=True))
    connection.execute(insert_new(connection.dialect.name, shape.table), values)


def load(connection: Connection, call_ids: Sequence[str]) -> dict[str, CallRecord]:
    """The records of those calls that the ledger knows."""
    calls = {row.id: row for row in _rows(connection, CallRow, call_ids)}
    if not calls:
        return {}
    known = list(calls)
    segments: dict[str, dict[int, SegmentRow]] = defaultdict(dict)
    offers: dict[str, dict[tuple[int, int], OfferRow]] = defaultdict(dict)
    lines: dict[str, dict[str, LineRow]] = defaultdict(dict)
    bridges: dict[str, dict[int, BridgeRow]] = defaultdict(dict)
    ratings: dict[str, dict[tuple[int, str], RatingRow]] = defaultdict(dict)
    gaps: dict[str, dict[tuple[int, int], GapRow]] = defaultdict(dict)
    for segment in _rows(connection, SegmentRow, known):
        segments[segment.call_id][segment.seq] = segment
    for offer in _rows(connection, OfferRow, known):
        offers[offer.call_id][offer.seq, offer.offer] = offer
    for line in _rows(connection, LineRow, known):
        lines[line.call_id][line.uniqueid] = line
    for bridge in _rows(connection, BridgeRow, known):
        bridges[bridge.call_id][bridge.entered_ms] = bridge
    for rating in _rows(connection, RatingRow, known):
        ratings[rating.call_id][rating.seq, rating.operator_id] = rating
    for gap in _rows(connection, GapRow, known):
        gaps[gap.call_id][gap.seq, gap.from_ms] = gap
    identities: dict[str, dict[tuple[str, str], IdentityRow]] = defaultdict(dict)
    for identity in _rows(connection, IdentityRow, known):
        identities[identity.call_id][identity.source, identity.key] = identity
    return {
        key: CallRecord(
            call, segments[key], offers[key], lines[key], bridges[key], ratings[key], gaps[key], identities[key]
        )
        for key, call in calls.items()
    }


def _rows(connection: Connection, kind: type[R], call_ids: Sequence[str]) -> list[R]:
    shape = _SHAPES[kind]  # type: ignore[index]  # only the kinds above are asked for
    table = shape.table
    key = table.c.id if table is tables.call else table.c.call_id
    query = select(*shape.columns).where(key.in_(bindparam("keys", expanding=True))).order_by(*table.primary_key)
    return [kind(*row) for row in few(connection, query, {"keys": list(call_ids)})]


@cache
def upsert(dialect: str, table: Table, names: tuple[str, ...]) -> Insert:
    """INSERT of the named columns, or UPDATE of the row that has the key."""
    statement = dialect_insert(dialect, table)
    keys = {column.name for column in table.primary_key}
    rest = {name: statement.excluded[name] for name in names if name not in keys}
    values = statement.values({name: bindparam(name) for name in names})
    return values.on_conflict_do_update(index_elements=list(table.primary_key), set_=rest)


@cache
def insert_new(dialect: str, table: Table) -> Insert:
    """INSERT of a row unless its key is there; its `rowcount` tells."""
    statement = dialect_insert(dialect, table).on_conflict_do_nothing(index_elements=list(table.primary_key))
    return statement.execution_options(preserve_rowcount=True)


def dialect_insert(dialect: str, table: Table) -> sqlite.Insert | postgresql.Insert:
    """The INSERT that knows ON CONFLICT, which each dialect has of its own."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
