"""The day's waits so far for each group, in two sums over rows: cheap enough to be asked every few seconds."""

from __future__ import annotations

from sqlalchemy import Connection, and_, bindparam, case, func, select

from calls.ids import GroupId
from calls.so_far import SoFar, Waited
from storage.tables import call, segment

LATE_TRANSFER_MS = 3_600_000
"""A call that comes to a group later than so long after its arrival is not counted among those who came lately."""

_ANSWERED = call.c.answered_ms.is_not(None)
_LEFT = and_(call.c.answered_ms.is_(None), call.c.ended_ms.is_not(None), call.c.callback_asked_ms.is_(None))
_WAITED = (
    select(
        call.c.group_first,
        func.count(call.c.answered_ms).label("answered"),
        func.sum(case((_ANSWERED, call.c.answered_ms - call.c.arrived_ms), else_=0)).label("waited_ms"),
        func.sum(case((_ANSWERED, call.c.queued_ms - call.c.arrived_ms), else_=0)).label("menu_ms"),
        func.sum(case((_LEFT, 1), else_=0)).label("abandoned"),
    )
    .where(
        call.c.arrived_ms.between(bindparam("from_ms"), bindparam("last_ms")),
        call.c.group_first.is_not(None),
        call.c.callback_of.is_(None),
    )
    .group_by(call.c.group_first)
)
_CAME = (
    select(segment.c.group_id, func.count().label("calls"))
    .select_from(segment.join(call, call.c.id == segment.c.call_id))
    .where(
        call.c.arrived_ms.between(bindparam("since_ms") - LATE_TRANSFER_MS, bindparam("last_ms")),
        segment.c.queued_ms.between(bindparam("since_ms"), bindparam("last_ms")),
        segment.c.group_id.is_not(None),
    )
    .group_by(segment.c.group_id)
)


def so_far(connection: Connection, from_ms: int, now_ms: int, since_ms: int) -> SoFar:
    """Sum up calls that arrived from one instant until now, and those that came to a group since another instant."""
    waited = connection.execute(_WAITED, {"from_ms": from_ms, "last_ms": now_ms})
    came = connection.execute(_CAME, {"since_ms": since_ms, "last_ms": now_ms})
    return SoFar(
        now_ms,
        {
            GroupId(row.group_first): Waited(
                row.answered,
                max(0.0, float(row.waited_ms) / 1000),
                max(0.0, float(row.menu_ms or 0) / 1000),
                int(row.abandoned),
            )
            for row in waited
        },
        {GroupId(row.group_id): row.calls for row in came},
    )
