"""One ledger serves one hotline: whoever writes as another is refused (decision 18).

The hotline is known by a random id in its state folder; the ledger has the id of its own in a row, with that folder's
place and when it was last seen alive. The same id at the same place is a restart. The same id elsewhere is a folder
that was moved, or a copy of it: that waits until the first is seen no more. Another id takes over by order only.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Engine, event, insert, select, text, update

from storage.engine import READING
from storage.errors import LedgerTakenError, LedgerUnavailableError
from storage.tables import owner

BEAT_EVERY_S = 5.0
STALE_MS = 20_000
"""Not seen for so long, a hotline at another place is not alive."""
_LOCK = text("SELECT pg_advisory_xact_lock(1415)")
_NOW = text("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)")
_SQLITE_NOW = text("SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)")
_ROW = select(owner.c.id, owner.c.place, owner.c.life, owner.c.seen_ms)


@dataclass(frozen=True, slots=True)
class Hotline:
    """Who writes. `place` is for people; `life` is another for a copy of the state folder, here or elsewhere.

    With a life and no id it is nobody: what runs on a state folder whose id cannot be read.
    """

    id: str
    place: str = ""
    life: str = ""


def claim(connection: Connection, ours: Hotline) -> None:
    """Make the ledger ours where it is nobody's, and say that we are here. Raises LedgerTakenError.

    Of two who claim at once one is refused; the time is the database's own, whatever the machines' clocks say.
    """
    row, now_ms = _locked(connection)
    if row is None:
        connection.execute(insert(owner), {"one": 1, **_values(ours, now_ms)})
        return
    age_ms = now_ms - row.seen_ms
    if row.id != ours.id:
        raise LedgerTakenError(
            f"belongs to the hotline at {row.place}, {_seen(age_ms)}: one ledger serves one hotline. Give this one a "
            '[storage] database_url of its own; if that one is gone for good: `bailanys db take-over --reason "…"`'
        )
    if row.life != ours.life and age_ms < STALE_MS:
        raise LedgerTakenError(
            f"is in use by the hotline at {row.place}, {_seen(age_ms)}, of whose state folder {ours.place} is a copy: "
            "stop that one first, or remove hotline.id here and give this one a [storage] database_url of its own",
            row.seen_ms,
        )
    connection.execute(update(owner).values(_values(ours, now_ms)))


def beat(connection: Connection, ours: Hotline) -> None:
    """Say that we are alive. Raises LedgerTakenError when the ledger is ours no more."""
    _, now_ms = _locked(connection)
    said = update(owner).where(owner.c.id == ours.id, owner.c.life == ours.life).values(seen_ms=now_ms)
    if not connection.execute(said).rowcount:
        must_be_ours(connection, ours)


def take_over(connection: Connection, ours: Hotline) -> str:
    """Make the ledger ours although it was another's; returns the other's place, empty for none.

    Raises LedgerTakenError while that one is alive.
    """
    row, now_ms = _locked(connection)
    if row is None:
        claim(connection, ours)
        return ""
    if row.id != ours.id and now_ms - row.seen_ms < STALE_MS:
        raise LedgerTakenError(f"is in use by the hotline at {row.place}, {_seen(now_ms - row.seen_ms)}: stop it first")
    connection.execute(update(owner).values(_values(ours, now_ms)))
    return row.place if row.id != ours.id else ""


def must_be_ours(connection: Connection, ours: Hotline) -> None:
    """Raise LedgerTakenError when another hotline owns the ledger; without `life`, a place is as good as another.

    With `life`, a ledger that nobody has claimed is not ours either (LedgerUnavailableError).
    """
    row = connection.execute(_ROW).one_or_none()
    if row is None:
        if ours.life:
            raise LedgerUnavailableError("not claimed by this hotline yet")
        return
    if ours.life and not ours.id:
        raise LedgerTakenError(
            f"belongs to the hotline at {row.place}, and which hotline {ours.place} is cannot be told: put its "
            "hotline.id back, then end the controller"
        )
    if row.id != ours.id or (ours.life and row.life != ours.life):
        raise LedgerTakenError(
            f"belongs to the hotline at {row.place}, and this state folder is {ours.place}: "
            "give it a [storage] database_url of its own, or see `bailanys db take-over`"
        )


def guard(engine: Engine, ours: Hotline) -> Engine:
    """Let nobody write by this engine unless the ledger is ours: looked at as each writing transaction begins."""

    def look(connection: Connection) -> None:
        if not connection.get_execution_options().get(READING):
            must_be_ours(connection, ours)

    event.listen(engine, "begin", look)
    return engine


def _locked(connection: Connection) -> tuple[_Row | None, int]:
    """The row, which nobody else changes before we are done, and the database's time."""
    postgres = connection.dialect.name == "postgresql"
    if postgres:
        connection.execute(_LOCK)
    row = connection.execute(_ROW).one_or_none()
    now_ms = int(connection.scalar(_NOW if postgres else _SQLITE_NOW) or 0)
    return None if row is None else _Row(*row), now_ms


@dataclass(frozen=True, slots=True)
class _Row:
    id: str
    place: str
    life: str
    seen_ms: int


def _values(ours: Hotline, now_ms: int) -> dict[str, str | int]:
    return {"id": ours.id, "place": ours.place, "life": ours.life, "seen_ms": now_ms}


def _seen(age_ms: int) -> str:
    return f"seen {max(age_ms, 0) // 1000} s ago" if age_ms < 3_600_000 else f"seen {age_ms // 3_600_000} h ago"
