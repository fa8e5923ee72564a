"""An audit log edited, cut, reordered or put back is found: 1,000 of 1,000 mutations (promise 9).

A thousand are of the entries as they are read; as many as make a difference there are also written into both databases.
"""

from __future__ import annotations

import errno
import hashlib
import json
import random
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, delete, insert, text

from calls.audit import OVERDUE_MS, Entry, Note, chained
from config.places import Places
from recordings.upkeep.audit_checkpoints import AuditKeeper, add, log_faults, read
from recordings.vault.signing import Signer, first_signer
from storage import audit, tables
from storage.ledger import Ledger
from tests.small_disk import small_disk

NOW_MS = 1_764_000_000_000
LENGTH, EVERY = 60, 10


def note(number: int) -> Note:
    return Note("finaliser", "recording.kept", f"file-{number}", {"sha256": f"{number:064x}"})


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return first_signer(tmp_path / "signing.pem")


@pytest.fixture
def log(tmp_path: Path, signer: Signer) -> list[Entry]:
    """Sixty entries, and a checkpoint after every ten of them."""
    entries: list[Entry] = []
    for number in range(LENGTH):
        entries.append(chained(note(number), NOW_MS + number, entries[-1] if entries else None))
        if (number + 1) % EVERY == 0:
            add(tmp_path / "points", signer, entries[-1], NOW_MS + number)
    return entries


def rechained(entries: list[Entry]) -> list[Entry]:
    """What a forger makes who can compute digests, but has no key to sign with."""
    made: list[Entry] = []
    for entry in entries:
        told = Note(entry.actor, entry.kind, entry.subject, {"detail": entry.detail})
        made.append(chained(told, entry.at_ms, made[-1] if made else None))
    return made


def mutated(entries: list[Entry], chance: random.Random) -> list[Entry]:
    at, other = chance.randrange(LENGTH), chance.randrange(LENGTH)
    field = chance.choice(["actor", "kind", "subject", "detail", "at_ms", "previous", "digest"])
    changed = replace(entries[at], **{field: 7 if field == "at_ms" else "forged"})
    match chance.randrange(8):
        case 0:
            return [*entries[:at], changed, *entries[at + 1 :]]
        case 1:
            return rechained([*entries[:at], replace(entries[at], actor="forger"), *entries[at + 1 :]])
        case 2:  # cut, at the end too
            return entries[:at]
        case 3:
            return rechained([*entries[:at], *entries[at + 1 :]])
        case 4:
            return [*entries[:at], *entries[at + 1 :]]
        case 5:
            swapped = list(entries)
            swapped[at], swapped[other] = swapped[other], swapped[at]
            return swapped if at != other else swapped[:-1]
        case 6:
            return [*entries[: at + 1], entries[at], *entries[at + 1 :]]
        case _:  # an old copy put back, and gone on with
            old = entries[:at]
            for number in range(LENGTH - at):
                old.append(chained(note(1000 + number), NOW_MS + at + number, old[-1] if old else None))
            return old


def test_a_thousand_mutations_are_all_found(log: list[Entry], tmp_path: Path, signer: Signer) -> None:
    written = read(tmp_path / "points", signer.public_key)
    assert len(written.points) == LENGTH // EVERY
    assert list(log_faults(log, written, NOW_MS + LENGTH)) == []
    chance = random.Random(14)
    for number in range(1_000):
        assert list(log_faults(mutated(log, chance), written, NOW_MS + LENGTH)), number


def test_what_is_done_to_the_table_itself_is_found_too(
    engine: Engine, log: list[Entry], tmp_path: Path, signer: Signer
) -> None:
    """By somebody with the database's own rights, who takes the triggers off first."""
    written, chance = read(tmp_path / "points", signer.public_key), random.Random(9)
    with engine.connect() as connection:
        connection.begin()
        unguard(connection)
        put(connection, log)
        assert list(log_faults(audit.entries(connection), written, NOW_MS + LENGTH)) == []
        tried = 0
        while tried < 200:
            rows = {entry.seq: entry for entry in mutated(log, chance)}
            if tried % 4 == 0:  # two entries in each other's places
                one, other = chance.sample(sorted(rows), 2) if len(rows) > 1 else (1, 1)
                rows |= {one: replace(rows[other], seq=one), other: replace(rows[one], seq=other)} if rows else {}
            if [rows[seq] for seq in sorted(rows)] == log:
                continue
            put(connection, rows.values())
            assert list(log_faults(audit.entries(connection), written, NOW_MS + LENGTH)), tried
            tried += 1
        connection.rollback()


def unguard(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("ALTER TABLE audit DISABLE TRIGGER ALL"))
    else:
        for name in connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
            connection.execute(text(f"DROP TRIGGER {name}"))


def put(connection: Connection, entries: Iterable[Entry]) -> None:
    connection.execute(delete(tables.audit))
    if rows := [asdict(entry) for entry in entries]:
        connection.execute(insert(tables.audit), rows)


def test_the_file_of_checkpoints_cannot_be_changed_or_cut_either(
    log: list[Entry], tmp_path: Path, signer: Signer
) -> None:
    path, chance = tmp_path / "points", random.Random(3)
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    late_ms = NOW_MS + LENGTH + OVERDUE_MS + 1
    assert list(log_faults(log, read(path, signer.public_key), late_ms)) == []
    for _ in range(200):
        data = bytearray(whole)
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        path.write_bytes(bytes(data))
        assert list(log_faults(log, read(path, signer.public_key), late_ms)), bytes(data)
    for left in (lines[1:], lines[:-1], lines[:2] + lines[3:], [lines[1], lines[0], *lines[2:]], []):
        path.write_bytes(b"".join(left))
        assert list(log_faults(log, read(path, signer.public_key), late_ms))
    other = first_signer(tmp_path / "other.pem")
    path.write_bytes(b"".join(lines[:-1]))
    add(path, other, log[-1], NOW_MS)
    assert list(log_faults(log, read(path, signer.public_key), NOW_MS))


def chain(count: int) -> list[Entry]:
    entries: list[Entry] = []
    for number in range(count):
        entries.append(chained(note(number), NOW_MS + number, entries[-1] if entries else None))
    return entries


def test_a_disk_that_was_full_leaves_no_fault(tmp_path: Path, signer: Signer) -> None:
    """A checkpoint each minute, half of them on a full disk: each is there whole, or not at all."""
    entries, failed = chain(60), 0
    with small_disk(1) as disk:
        path = disk.path / "points"
        for number, entry in enumerate(entries):
            if number == 5:
                disk.fill()
            if number == 45:
                disk.empty()
            try:
                add(path, signer, entry, NOW_MS + number)
            except OSError as error:
                assert error.errno == errno.ENOSPC
                failed += 1
            written = read(path, signer.public_key)
            assert written.faults == () and len(written.points) == number + 1 - failed
        assert failed > 20
        assert list(log_faults(entries, written, NOW_MS + OVERDUE_MS)) == []


@given(kept=st.integers(0, 400), lines=st.integers(0, 3))
def test_a_line_that_a_death_cut_short_is_no_fault_and_goes(kept: int, lines: int) -> None:
    with TemporaryDirectory() as folder:
        signer, path, entries = first_signer(Path(folder) / "signing.pem"), Path(folder) / "points", chain(5)
        for entry in entries[: lines + 1]:
            add(path, signer, entry, NOW_MS)
        whole = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join(whole[:-1]) + whole[-1][: min(kept, len(whole[-1]) - 1)])
        assert len(read(path, signer.public_key).points) == lines and read(path, signer.public_key).faults == ()
        add(path, signer, entries[-1], NOW_MS)
        written = read(path, signer.public_key)
        assert len(written.points) == lines + 1 and written.faults == ()


def torn_as_before(path: Path, signer: Signer, end: Entry, *kept: int) -> None:
    """What an older version left: each try's beginning, and then a whole line right after it."""
    for keep in (*kept, None):
        text = path.read_text()
        said = json.dumps(
            {
                "seq": end.seq,
                "digest": end.digest,
                "at_ms": NOW_MS,
                "previous": hashlib.sha256(text.removesuffix("\n").split("\n")[-1].encode()).hexdigest(),
            },
            separators=(",", ":"),
        )
        path.write_text(text + f"{said} {signer.sign(said.encode())}\n"[:keep])


@pytest.mark.parametrize("kept", [(1,), (60,), (200,), (300,), (40, 12), (5, 0, 200)])
def test_what_an_older_version_wrote_after_a_full_disk_is_no_fault(
    tmp_path: Path, signer: Signer, kept: tuple[int, ...]
) -> None:
    path, entries = tmp_path / "points", chain(4)
    add(path, signer, entries[0], NOW_MS)
    torn_as_before(path, signer, entries[1], *kept)
    torn_as_before(path, signer, entries[2], *kept)
    add(path, signer, entries[3], NOW_MS)
    written = read(path, signer.public_key)
    assert written.faults == () and [point.seq for point in written.points] == [1, 2, 3, 4]
    whole, chance = path.read_bytes(), random.Random(4)
    for _ in range(200):
        data = bytearray(whole)
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        path.write_bytes(bytes(data))
        after = read(path, signer.public_key)
        assert after.faults or len(after.points) < 4


def test_lines_made_one_are_lines_missing(tmp_path: Path, signer: Signer) -> None:
    """Whoever takes lines away cannot hide it by making the one before a beginning of the next."""
    path = tmp_path / "points"
    for entry in chain(4):
        add(path, signer, entry, NOW_MS)
    lines = path.read_bytes().splitlines()
    path.write_bytes(lines[1] + lines[2] + b"\n" + lines[3] + b"\n")
    assert read(path, signer.public_key).faults


async def test_the_keeper_signs_and_raises_an_alarm_for_a_log_put_back(engine: Engine, tmp_path: Path) -> None:
    places = Places(tmp_path, tmp_path / "archive", tmp_path / "keys" / "archive.json", "", tmp_path)
    ledger, alarms = Ledger(engine), list[tuple[str, str]]()
    await ledger.audit.note(*map(note, range(3)))

    def keeper() -> AuditKeeper:
        return AuditKeeper(places, ledger, lambda *told: alarms.append(told))

    at_work = keeper()
    await at_work.keep()
    await ledger.audit.note(note(4))
    await at_work.keep()
    await at_work.keep()
    public_key = first_signer(places.signing_key).public_key
    assert [point.seq for point in read(places.checkpoints, public_key).points] == [3, 4]
    await keeper().keep()
    assert alarms == []
    with engine.begin() as connection:  # somebody with the database's own rights
        if engine.dialect.name == "postgresql":
            connection.execute(text("ALTER TABLE audit DISABLE TRIGGER ALL"))
        else:
            connection.execute(text("DROP TRIGGER audit_no_delete"))
        connection.execute(text("DELETE FROM audit WHERE seq > 2"))
        audit.append(connection, [note(9)], NOW_MS)
    await keeper().keep()
    assert {kind for kind, _ in alarms} == {"audit-log"} and len(alarms) >= 2


def test_lines_made_one_behind_what_was_cut_are_lines_missing(tmp_path: Path, signer: Signer) -> None:
    """A whole line, then one cut short that follows from it, then a whole one that follows from both: all in one."""
    path, entries = tmp_path / "points", chain(3)
    add(path, signer, entries[0], NOW_MS)
    torn_as_before(path, signer, entries[1], 200)
    add(path, signer, entries[2], NOW_MS)
    assert read(path, signer.public_key).faults == ()
    first, rest = path.read_bytes().split(b"\n", 1)
    path.write_bytes(first + rest)
    assert read(path, signer.public_key).faults


def test_a_whole_line_that_only_lacks_its_end_is_no_beginning_of_the_next(tmp_path: Path, signer: Signer) -> None:
    """Followed by one that was cut, and that by a whole one: each follows from all before it in the same line."""
    path, entries = tmp_path / "points", chain(4)
    for entry in entries[:2]:
        add(path, signer, entry, NOW_MS)
    path.write_bytes(path.read_bytes().removesuffix(b"\n"))
    torn_as_before(path, signer, entries[2], 200)
    add(path, signer, entries[3], NOW_MS)
    written = read(path, signer.public_key)
    assert [point.seq for point in written.points] == [1, 4]
    assert [str(fault.what) for fault in written.faults] == [
        "checkpoint does not follow from the one before: lines are missing"
    ]
