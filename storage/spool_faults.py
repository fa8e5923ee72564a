"""When the spool took no bytes: the alarms of the disk watch, as the ledger keeps them (promise 14)."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select

from calls.alarms import AlarmKind
from calls.recording import GapReason, SpoolFault
from storage.tables import alarm

REASON: dict[str, str] = {
    AlarmKind.SPOOL_FULL: GapReason.DISK_FULL.value,
    AlarmKind.SPOOL_UNWRITABLE: GapReason.DISK_UNWRITABLE.value,
}
OVER = AlarmKind.SPOOL_WRITABLE

_TOLD = select(alarm.c.at_ms, alarm.c.kind).where(alarm.c.kind.in_([str(kind) for kind in (*REASON, OVER)]))


def spool_faults(connection: Connection, from_ms: int, to_ms: int) -> list[SpoolFault]:
    """The faults that touch that time, in order; one that was never said to be over lasts."""
    before = _TOLD.where(alarm.c.at_ms <= from_ms).order_by(alarm.c.at_ms.desc()).limit(1)
    within = _TOLD.where(alarm.c.at_ms > from_ms, alarm.c.at_ms < to_ms).order_by(alarm.c.at_ms)
    after = _TOLD.where(alarm.c.at_ms >= to_ms).order_by(alarm.c.at_ms).limit(1)  # how the last one ended
    told = [row for query in (before, within, after) for row in connection.execute(query)]
    return [fault for fault in spans((at_ms, kind) for at_ms, kind in told) if fault.from_ms < to_ms]


def spans(told: Iterable[tuple[int, str]]) -> list[SpoolFault]:
    """From what was told, in order: one fault may turn into another."""
    found: list[SpoolFault] = []
    for at_ms, kind in told:
        if found and found[-1].to_ms is None:
            found[-1] = SpoolFault(found[-1].from_ms, at_ms, found[-1].reason)
        if kind in REASON:
            found.append(SpoolFault(at_ms, None, REASON[kind]))
    return found
