"""The callbacks that are owed, as the ledger tells them: what a controller that starts anew must still do."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, func, select

from calls.callback import REACHED, Callback
from calls.ids import CallId, GroupId
from storage.tables import call, segment

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
_MADE = select(call.c.callback_of, call.c.callback_status).where(
    call.c.callback_of.in_(select(call.c.id).where(call.c.callback_asked_ms >= bindparam("since_ms")))
)


def owed(connection: Connection, since_ms: int, tries: int) -> list[Callback]:
    """Callbacks asked since that instant that reached nobody yet and have tries left, oldest place first."""
    made: dict[str, list[str | None]] = {}
    for asked_in, status in connection.execute(_MADE, {"since_ms": since_ms}):
        made.setdefault(asked_in, []).append(status)
    found = []
    for row in connection.execute(_ASKED, {"since_ms": since_ms}):
        asked_in, number, asked_ms, _, group, language, rank_ms, talked_ms = row
        statuses = made.get(asked_in, [])
        tried = sum(status is not None for status in statuses)
        answered = talked_ms is not None and talked_ms >= asked_ms
        if not (number and group) or answered or REACHED in statuses or tried >= tries:
            continue
        found.append(
            Callback(
                CallId(asked_in), number, GroupId(group), language or "", rank_ms or asked_ms, asked_ms,
                made=len(statuses), tried=tried,
            )
        )  # fmt: skip
    return sorted(found, key=lambda one: one.rank_ms)
