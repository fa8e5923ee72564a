"""A day of many calls in a ledger and an archive, made up: what a busy hotline has behind it when the day ends."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, insert, text

from calls.audit import Entry as AuditEntry
from calls.audit import Note, chained
from storage import tables
from storage.engine import open_engine
from storage.migrate import upgrade

DAY_MS = 24 * 3_600_000
CALLBACKS, OWED = 3_000, 400
DEMANDS, OPEN_DEMANDS = 2_000, 60
ALARMS = 2_000
STATES_A_CALL = 2
_PORTION = 2_000
_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {calls})"
_FILE = "'hl1-' || (({first} + i * {step}) / 1000) || '.' || (i + 1)"
_AT = "({first} + i * {step})"
_STATEMENTS = """
INSERT INTO call (id, node, dialled, caller_raw, caller_key, arrived_ms, language, language_by, language_ms,
  group_first, queued_ms, answered_ms, ended_ms, result)
{n} SELECT {id}, 'hl1', '1414', '+7701' || (1000000 + i % 60000), '+7701' || (1000000 + i % 60000), {at}, 'ru', 'key',
  {at} + 3000, 'portal', {at} + 7000, {at} + 25000, {at} + 205000, 'answered' FROM n;
INSERT INTO segment (call_id, seq, group_id, language, queued_ms, rank_ms, offer, operator_id, via, answered_ms,
  ended_ms, ended_by, bridged_ms)
{n} SELECT {id}, 1, 'portal', 'ru', {at} + 7000, {at}, 1, '2001', 'router', {at} + 25000, {at} + 205000, 'operator',
  180000 FROM n;
INSERT INTO offer (call_id, seq, offer, operator_id, via, file, offered_ms, ended_ms, status, recorded)
{n} SELECT {id}, 1, 1, '2001', 'router', {id} || '-1-1', {at} + 20000, {at} + 25000, 'ANSWER', 1 FROM n;
INSERT INTO rating (call_id, seq, operator_id, offered_ms, rated_ms, outcome, score)
{n} SELECT {id}, 1, '2001', {at} + 205000, {at} + 208000, 'given', 5 FROM n;
INSERT INTO recording (call_id, seq, offer, file, status, made_ms, path, duration_ms, bridged_ms, bytes, sha256)
{n} SELECT {id}, 1, 1, {id} || '-1-1', 'ok', {at} + 206000,
  strftime('%Y/%m/%d/%H', ({at} + 25000) / 1000, 'unixepoch') || '/' || {id} || '-1-1.flac.enc', 180000, 180000,
  2100000, 'ab12' FROM n;
INSERT INTO operator_state (operator_id, from_ms, state, reason, to_ms)
{n} SELECT 2001 + i % 1000, {at}, 'talking', '', {at} + 180000 FROM n;
INSERT INTO caller_language (caller_key, language, chosen_ms)
{n} SELECT DISTINCT '+7701' || (1000000 + i % 60000), 'ru', 1 FROM n
"""


def fill(url: str, archive: Path, calls: int) -> None:
    """Enter a day that ends now, and lay its files into the archive."""
    upgrade(url)
    engine = open_engine(url)
    now_ms = time.time_ns() // 1_000_000
    step = DAY_MS // calls
    first = now_ms - DAY_MS
    with engine.begin() as connection:
        _calls(connection, calls, first, step)
        _audit(connection, calls, first, step)
        _callbacks(connection, calls, now_ms)
        _demands(connection, now_ms)
        alarms = [{"at_ms": first + number, "kind": "phone-failed", "detail": "op2001"} for number in range(ALARMS)]
        connection.execute(insert(tables.alarm), alarms)
        connection.execute(text("ANALYZE"))
    _lay(engine, archive)
    engine.dispose()


def _calls(connection: Connection, calls: int, first: int, step: int) -> None:
    sizes = {"calls": calls, "first": first, "step": step}
    values = {"n": _NUMBERS.format(**sizes), "id": _FILE.format(**sizes), "at": _AT.format(**sizes)}
    for statement in _STATEMENTS.format(**values).split(";\n"):
        connection.execute(text(statement))


def _audit(connection: Connection, calls: int, first: int, step: int) -> None:
    end: AuditEntry | None = None
    rows: list[dict[str, str | int]] = []
    names = tables.audit.c.keys()
    for number in range(calls):
        at_ms = first + number * step
        file = f"hl1-{at_ms // 1000}.{number + 1}-1-1"
        note = Note("finaliser", "recording.kept", file, {"status": "ok", "sha256": "ab12", "bytes": 2100000})
        end = chained(note, at_ms, end)
        rows.append({name: getattr(end, name) for name in names})
        if len(rows) == _PORTION or number == calls - 1:
            connection.execute(insert(tables.audit), rows)
            rows = []


def _callbacks(connection: Connection, calls: int, now_ms: int) -> None:
    """Some asked to be called back; of the last nobody has been called yet."""
    each = {"each": max(calls // CALLBACKS, 1)}
    connection.execute(
        text(
            "UPDATE call SET callback_asked_ms = arrived_ms + 20000, callback_number = '77010000000',"
            " answered_ms = NULL, result = 'callback' WHERE rowid % :each = 0"
        ),
        each,
    )
    connection.execute(
        text(
            "UPDATE segment SET answered_ms = NULL WHERE call_id IN"
            " (SELECT id FROM call WHERE callback_asked_ms IS NOT NULL)"
        )
    )
    connection.execute(
        text(
            "INSERT INTO call (id, node, arrived_ms, result, callback_of, callback_status, ended_ms) "
            "SELECT id || '77', 'hl1', arrived_ms + 600000, 'answered', id, 'ANSWER', arrived_ms + 700000 FROM call "
            "WHERE callback_asked_ms IS NOT NULL ORDER BY arrived_ms LIMIT :done"
        ),
        {"done": CALLBACKS - OWED},
    )


def _demands(connection: Connection, now_ms: int) -> None:
    demands, steps = [], []
    for number in range(DEMANDS):
        name = f"D-2026-{number + 1:04}"
        at_ms = now_ms - 3_600_000
        demands.append({
            "id": name, "authority": "service-quality", "letter": f"1-{number}", "scan_sha256": None,
            "ground": "rule 14", "day": "2026-11-27", "phone": "87011000001", "received_ms": at_ms,
            "registered_ms": at_ms, "registered_by": "clerk",
            "closed_ms": at_ms + 1 if number >= OPEN_DEMANDS else None,
        })  # fmt: skip
        said = '{"files": [], "text": "{}", "boot": "another", "up_ms": 1000}'
        steps.append(
            {"demand_id": name, "seq": 1, "at_ms": at_ms, "actor": "clerk", "kind": "searched", "detail": said}
        )
    connection.execute(insert(tables.demand), demands)
    connection.execute(insert(tables.demand_step), steps)


def _lay(engine: Engine, archive: Path) -> None:
    """Each recording's sound and sidecar, without content: who reconciles looks at the names."""
    long_ago_s = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    with engine.connect() as connection:
        paths = connection.scalars(text("SELECT path FROM recording WHERE path <> ''")).all()
    folders = {path.rpartition("/")[0] for path in paths}
    for folder in folders:
        (archive / folder).mkdir(parents=True, exist_ok=True)
    for path in paths:
        for name in (path, path.removesuffix(".flac.enc") + ".json"):
            os.close(os.open(archive / name, os.O_WRONLY | os.O_CREAT, 0o640))
    for folder in sorted(folders)[:-4]:  # the last hours are still being written to
        os.utime(archive / folder, (long_ago_s, long_ago_s))
