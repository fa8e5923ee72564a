"""What may be disposed of, and what is on hold (rule 14)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, delete, exists, func, insert, select, update

from calls.audit import Detail, Note
from calls.demand import ActionRefusedError, StepKind
from calls.recording import Recording, RecordingStatus
from storage import audit
from storage.recordings import RECORDING_COLUMNS, recording_of
from storage.tables import audit as audit_table
from storage.tables import demand, demand_step, legal_hold, recording

DAY_MS = 24 * 3_600_000
ORDER = "order"
"""What the cause of a hold begins with that is no demand's: `order-<number>`, one for each order."""
_ORDERED = (legal_hold.c.cause == ORDER) | legal_hold.c.cause.startswith(f"{ORDER}-")


def longest_days(connection: Connection, configured: int, now_ms: int) -> int:
    """How long recordings are kept: the longest time that was ever configured, since retention only ever grows."""
    audit.take_turn(connection)  # two that grow it at once must not end with the shorter time
    known = _known_days(connection)
    if configured > known:
        audit.append(connection, [Note("configuration", "retention.days", str(configured), {"before": known})], now_ms)
    return max(configured, known)


@dataclass(frozen=True, slots=True)
class RetentionState:
    """What is kept, and what is over age."""

    kept_days: int
    """The longest time that was ever configured."""
    kept: int
    oldest_ms: int | None
    on_hold: int
    due: int
    """Over age and not on hold: disposed of at the next look."""
    due_on_hold: int
    disposed: int


def retention_state(connection: Connection, configured: int, now_ms: int) -> RetentionState:
    """How retention stands; changes nothing."""
    days = max(configured, _known_days(connection))
    held = exists().where(legal_hold.c.file == recording.c.file)
    over = recording.c.made_ms < now_ms - days * DAY_MS

    def count(*conditions: ColumnElement[bool]) -> int:
        return connection.execute(select(func.count()).select_from(recording).where(*conditions)).scalar_one()

    there = recording.c.path != ""
    return RetentionState(
        kept_days=days,
        kept=count(there),
        oldest_ms=connection.scalar(select(func.min(recording.c.made_ms)).where(there)),
        on_hold=count(there, held),
        due=count(there, over, ~held),
        due_on_hold=count(there, over, held),
        disposed=count(recording.c.status == RecordingStatus.DISPOSED.value),
    )


def due(connection: Connection, before_ms: int, limit: int = 500) -> list[Recording]:
    """Recordings made before an instant that have a file and are not on hold, the oldest first."""
    query = (
        select(*RECORDING_COLUMNS)
        .where(
            recording.c.made_ms < before_ms,
            recording.c.path != "",
            ~exists().where(legal_hold.c.file == recording.c.file),
        )
        .order_by(recording.c.made_ms)
        .limit(limit)
    )
    return [made for row in connection.execute(query) if (made := recording_of(row)) is not None]


def dispose(connection: Connection, made: Recording, days: int, now_ms: int) -> bool:
    """Say that a recording is disposed of; its hash stays in the row and in the log.

    False, and nothing done, when it has come on hold, was disposed of, or when a demand was entered whose search, which
    may hold it, is still to come.
    """
    audit.take_turn(connection)
    held = exists().where(legal_hold.c.file == recording.c.file).correlate(recording)
    searched = exists().where(demand_step.c.demand_id == demand.c.id, demand_step.c.kind == StepKind.SEARCHED.value)
    unsearched = exists().where(demand.c.closed_ms.is_(None), ~searched.correlate(demand)).correlate(None)
    as_seen = (recording.c.path == made.path) & (recording.c.path != "") & (recording.c.sha256 == made.sha256)
    gone = {"status": RecordingStatus.DISPOSED.value, "path": ""}
    done = connection.execute(update(recording).where(_key(made), as_seen, ~held, ~unsearched).values(gone))
    if not done.rowcount:
        return False
    facts: dict[str, Detail] = {"sha256": made.sha256, "bytes": made.bytes, "kept_days": days, "path": made.path}
    audit.append(connection, [Note("retention", "recording.disposed", made.file, facts)], now_ms)
    return True


@dataclass(frozen=True, slots=True)
class Order:
    """A hold by order, which one release ends."""

    id: str
    from_ms: int
    actor: str
    reason: str


def hold(connection: Connection, wanted: Sequence[Recording], actor: str, reason: str, now_ms: int) -> str:
    """Keep recordings whatever their age, until this very order is released; returns its id.

    Raises ActionRefusedError when one of them was disposed of meanwhile: then none is held.
    """
    audit.take_turn(connection)
    end = audit.last(connection)
    order = f"{ORDER}-{1 if end is None else end.seq + 1}"
    for made in wanted:
        if not connection.scalar(select(recording.c.path).where(_key(made))):
            raise ActionRefusedError(f"{made.file} was disposed of: there is nothing left of it to hold")
        values = {"file": made.file, "cause": order, "from_ms": now_ms, "actor": actor, "reason": reason}
        connection.execute(insert(legal_hold), values)
    facts: dict[str, Detail] = {"reason": reason, "order": order}
    audit.append(connection, [Note(actor, "recording.held", made.file, facts) for made in wanted], now_ms)
    return order


def orders(connection: Connection, files: Sequence[str]) -> list[Order]:
    """The holds by order on any of these recordings, the oldest first."""
    query = select(legal_hold.c.cause, legal_hold.c.from_ms, legal_hold.c.actor, legal_hold.c.reason)
    rows = connection.execute(query.where(legal_hold.c.file.in_(files), _ORDERED).order_by(legal_hold.c.from_ms))
    found: dict[str, Order] = {}
    for row in rows:
        found.setdefault(row.cause, Order(*row))
    return list(found.values())


def release(
    connection: Connection, files: Sequence[str], actor: str, reason: str, now_ms: int, order: str = ""
) -> list[str]:
    """End one order's holds on these recordings; returns those that were held by it.

    The only order on them need not be named. Raises ActionRefusedError for several and none named, for one that is
    none, and for a demand's hold, which nothing ends.
    """
    audit.take_turn(connection)
    known = orders(connection, files)
    if order and order not in {one.id for one in known}:
        raise ActionRefusedError(f"no order {order!r} holds it{_listed(known)}; what a demand holds stays held")
    if not order and len(known) > 1:
        raise ActionRefusedError(f"{len(known)} orders hold it: say which has ended{_listed(known)}")
    if not known:
        return []
    order = order or known[0].id
    facts: dict[str, Detail] = {"reason": reason, "order": order}
    query = delete(legal_hold).where(legal_hold.c.file.in_(files), legal_hold.c.cause == order)
    ended = sorted(connection.scalars(query.returning(legal_hold.c.file)))
    audit.append(connection, [Note(actor, "recording.released", file, facts) for file in ended], now_ms)
    return ended


def _listed(known: Sequence[Order]) -> str:
    return "".join(f"; {one.id} by {one.actor}: {one.reason}" for one in known)


def _key(made: Recording) -> ColumnElement[bool]:
    return (recording.c.call_id == made.call) & (recording.c.seq == made.seq) & (recording.c.offer == made.offer)


def _known_days(connection: Connection) -> int:
    """The longest of all that were ever in force: an older program may have entered a shorter one last."""
    told = connection.scalars(select(audit_table.c.subject).where(audit_table.c.kind == "retention.days"))
    return max((int(days) for days in told), default=0)
