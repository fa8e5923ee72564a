"""What may be disposed of, and what is on hold (rule 14)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, delete, exists, func, select, update

from calls.audit import Detail, Note
from calls.recording import Recording, RecordingStatus
from storage import audit
from storage.book import RECORDING_COLUMNS, recording_of
from storage.rows import insert_new
from storage.tables import audit as audit_table
from storage.tables import legal_hold, recording

DAY_MS = 24 * 3_600_000
ORDER = "order"
"""The cause of a hold that is no demand's."""


def longest_days(connection: Connection, configured: int, now_ms: int) -> int:
    """How long recordings are kept: the longest time that was ever configured, since retention only ever grows."""
    known = _known_days(connection)
    if configured > known:
        audit.append(connection, [Note("configuration", "retention.days", str(configured), {"before": known})], now_ms)
    return max(configured, known)


@dataclass(frozen=True, slots=True)
class Standing:
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


def standing(connection: Connection, configured: int, now_ms: int) -> Standing:
    """How retention stands; changes nothing."""
    days = max(configured, _known_days(connection))
    held = exists().where(legal_hold.c.file == recording.c.file)
    over = recording.c.made_ms < now_ms - days * DAY_MS

    def count(*conditions: ColumnElement[bool]) -> int:
        return connection.scalar(select(func.count()).select_from(recording).where(*conditions)) or 0

    there = recording.c.path != ""
    return Standing(
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
    """Say that a recording is disposed of, unless it has come on hold; its hash stays in the row and in the log."""
    held = connection.scalar(select(legal_hold.c.file).where(legal_hold.c.file == made.file).limit(1))
    if held is not None:
        return False
    key = (recording.c.call_id == made.call) & (recording.c.seq == made.seq) & (recording.c.offer == made.offer)
    connection.execute(update(recording).where(key).values(status=RecordingStatus.DISPOSED.value, path=""))
    facts: dict[str, Detail] = {"sha256": made.sha256, "bytes": made.bytes, "kept_days": days, "path": made.path}
    audit.append(connection, [Note("retention", "recording.disposed", made.file, facts)], now_ms)
    return True


def hold(connection: Connection, files: list[str], actor: str, reason: str, now_ms: int) -> None:
    """Keep recordings whatever their age."""
    statement = insert_new(connection.dialect.name, legal_hold)
    for file in files:
        values = {"file": file, "cause": ORDER, "from_ms": now_ms, "actor": actor, "reason": reason}
        connection.execute(statement, values)
    audit.append(connection, [Note(actor, "recording.held", file, {"reason": reason}) for file in files], now_ms)


def release(connection: Connection, files: list[str], actor: str, reason: str, now_ms: int) -> int:
    """End holds that no demand is the cause of; returns how many there were."""
    ended = 0
    for file in files:
        query = delete(legal_hold).where(legal_hold.c.file == file, legal_hold.c.cause == ORDER)
        if connection.execute(query).rowcount:
            ended += 1
            audit.append(connection, [Note(actor, "recording.released", file, {"reason": reason})], now_ms)
    return ended


def _known_days(connection: Connection) -> int:
    newest = (
        select(audit_table.c.subject).where(audit_table.c.kind == "retention.days").order_by(audit_table.c.seq.desc())
    )
    return int(connection.scalar(newest.limit(1)) or 0)
