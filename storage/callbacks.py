"""The callbacks that are owed, as the ledger tells them: what a controller that starts anew must still do."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, func, select

from calls.callback import REACHED, Callback
from calls.ids import CallId, GroupId
from storage.tables import call, segment

_asked_in = call.alias("asked_in")
_LAST = (
    select(segment.c.call_id, func.max(segment.c.seq).label("seq"))
    .group_by(segment.c.call_id)
    .where(segment.c.call_id.in_(select(call.c.id).where(call.c.callback_asked_ms >= bindparam("since_ms"))))
    .subquery()
)
_ASKED = (
    select(
        call.c.id, call.c.callback_number, call.c.callback_asked_ms, call.c.answered_ms,
        segment.c.group_id, segment.c.language, segment.c.rank_ms, segment.c.answered_ms,
    )
    .join(_LAST, _LAST.c.call_id == call.c.id)
    .join(segment, (segment.c.call_id == _LAST.c.call_id) & (segment.c.seq == _LAST.c.seq))
    .where(
        call.c.callback_asked_ms >= bindparam("since_ms"),
        call.c.ended_ms.is_not(None),
        call.c.callback_status.is_(None),  # else it was cancelled
    )
)  # fmt: skip
_MADE = select(call.c.callback_of, call.c.callback_status, call.c.ended_ms).where(
    call.c.callback_of.in_(select(call.c.id).where(call.c.callback_asked_ms >= bindparam("since_ms")))
)


def owed(connection: Connection, since_ms: int, tries: int) -> list[Callback]:
    """Callbacks asked since that instant that reached nobody yet, are not being tried and have tries left.

    Oldest place first.
    """
    made: dict[str, list[str | None]] = {}
    flying = set()
    for asked_in, status, ended_ms in connection.execute(_MADE, {"since_ms": since_ms}):
        made.setdefault(asked_in, []).append(status)
        if ended_ms is None:
            flying.add(asked_in)
    found = []
    for row in connection.execute(_ASKED, {"since_ms": since_ms}):
        asked_in, number, asked_ms, _, group, language, rank_ms, talked_ms = row
        statuses = made.get(asked_in, [])
        tried = sum(status is not None for status in statuses)
        answered = talked_ms is not None and talked_ms >= asked_ms
        if asked_in in flying or not (number and group) or answered or REACHED in statuses or tried >= tries:
            continue
        found.append(
            Callback(
                CallId(asked_in), number, GroupId(group), language or "", rank_ms or asked_ms, asked_ms,
                made=len(statuses), tried=tried,
            )
        )  # fmt: skip
    return sorted(found, key=lambda one: one.rank_ms)


_DIALLED = (
    select(_asked_in.c.callback_number, call.c.arrived_ms)
    .join(_asked_in, _asked_in.c.id == call.c.callback_of)
    .where(call.c.arrived_ms >= bindparam("since_ms"), call.c.callback_status.is_not(None))
)


def dialled(connection: Connection, since_ms: int) -> list[tuple[str, int]]:
    """The numbers called for callbacks since that instant, digits only, each time with when."""
    return [(number, at_ms) for number, at_ms in connection.execute(_DIALLED, {"since_ms": since_ms}) if number]
