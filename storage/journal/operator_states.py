"""Operators' states from the journal: each new state closes the one before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Connection, bindparam, func, select, update

from calls.journal import Entry
from storage.rows import insert_new, upsert
from storage.tables import operator_state

_COLUMNS = ("operator_id", "from_ms", "state", "reason", "to_ms")
_TABLE = operator_state
_STATE = (
    (_TABLE.c.operator_id == bindparam("b_operator"))
    & (_TABLE.c.from_ms == bindparam("b_from"))
    & (_TABLE.c.state == bindparam("b_state"))
)
_OPEN = select(*(_TABLE.c[name] for name in _COLUMNS)).where(
    _TABLE.c.operator_id.in_(bindparam("operators", expanding=True)), _TABLE.c.to_ms.is_(None)
)
_NOW = select(*(_TABLE.c[name] for name in _COLUMNS)).where(_TABLE.c.to_ms.is_(None)).order_by(_TABLE.c.operator_id)
_NEXT = select(func.min(_TABLE.c.from_ms)).where(
    _TABLE.c.operator_id == bindparam("b_operator"), _TABLE.c.from_ms > bindparam("b_from")
)
_CLOSE_EARLIER = (
    update(_TABLE)
    .where(
        _TABLE.c.operator_id == bindparam("b_operator"),
        _TABLE.c.from_ms <= bindparam("b_from"),
        ~_STATE,
        _TABLE.c.to_ms.is_(None) | (_TABLE.c.to_ms > bindparam("b_from")),
    )
    .values(to_ms=bindparam("b_from"))
)


@dataclass(frozen=True, slots=True)
class StateRow:
    """An operator's state from one instant (inclusive) to another; `to_ms` None: still."""

    operator_id: str
    from_ms: int
    state: str
    reason: str | None = None
    to_ms: int | None = None


def state_of(entry: Entry) -> StateRow | None:
    """The state that a `presence` fact tells, or None if it names no operator or no state."""
    operator, state = entry.fields.name("operator"), entry.fields.name("state")
    if operator is None or state is None:
        return None
    told_ms = entry.fields.whole("at_ms")
    from_ms = told_ms if told_ms is not None and told_ms > 0 else entry.at_ms
    return StateRow(operator, from_ms, state, entry.fields.text("reason", 200))


def follow(
    told: Iterable[StateRow], last: Mapping[str, StateRow]
) -> tuple[list[StateRow], dict[str, StateRow], list[StateRow]]:
    """Rows to write, each operator's last state then, and states told late (not after the last one known).

    Late ones are rare (two files, or a line seen twice) and need a look at the table: see `save`.
    """
    rows: dict[tuple[str, int, str], StateRow] = {}
    now = dict(last)
    late: list[StateRow] = []
    for row in told:
        before = now.get(row.operator_id)
        if before is not None and row.from_ms <= before.from_ms:
            late.append(row)
            continue
        if before is not None:
            rows[before.operator_id, before.from_ms, before.state] = replace(before, to_ms=row.from_ms)
        rows[row.operator_id, row.from_ms, row.state] = now[row.operator_id] = row
    return list(rows.values()), now, late


def open_states(connection: Connection, operators: Iterable[str]) -> dict[str, StateRow]:
    """Each operator's present state, of those that have one."""
    rows = connection.execute(_OPEN, {"operators": list(operators)})
    return {row.operator_id: StateRow(*row) for row in rows}


def present_states(connection: Connection) -> list[StateRow]:
    """The present state of every operator who ever had one, by operator."""
    return [StateRow(*row) for row in connection.execute(_NOW)]


def save(connection: Connection, told: list[StateRow], last: Mapping[str, StateRow]) -> dict[str, StateRow]:
    """Write states and return each operator's last one. `last` has the states known from before."""
    unknown = {row.operator_id for row in told} - last.keys()
    known = {**last, **open_states(connection, sorted(unknown))} if unknown else last
    rows, now, late = follow(told, known)
    dialect = connection.dialect.name
    if rows:
        values = [{name: getattr(row, name) for name in _COLUMNS} for row in rows]
        connection.execute(upsert(dialect, _TABLE, _COLUMNS), values)
    for row in late:
        now[row.operator_id] = _insert_late(connection, row) or now[row.operator_id]
    return now


def _insert_late(connection: Connection, row: StateRow) -> StateRow | None:
    """Put a state between the others; the row if it is now the last one, else None."""
    key = {"b_operator": row.operator_id, "b_from": row.from_ms, "b_state": row.state}
    to_ms = connection.execute(_NEXT, key).scalar()
    values = {name: getattr(row, name) for name in _COLUMNS} | {"to_ms": to_ms}
    if connection.execute(insert_new(connection.dialect.name, _TABLE), values).rowcount != 1:
        return None
    connection.execute(_CLOSE_EARLIER, key)
    return row if to_ms is None else None
