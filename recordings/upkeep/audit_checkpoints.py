"""Signed checkpoints of the audit log, outside the database: what shows a log that was cut or put back (promise 9).

One line for each: how far the chain had come, its digest there, the SHA-256 of the line before, and the hotline's
signature. While the hotline runs the log is looked through at the start, and signed every so often. Copy the file
elsewhere from time to time: whoever can put back both it and the database is found by that.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import hashlib
import json
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from calls.alarms import AlarmKind
from calls.audit import OVERDUE_MS, Checkpoint, Entry, Fault, contradicts, faults
from config.places import Places
from recordings import durable
from recordings.errors import KeysUnreadableError
from recordings.vault.signing import Signer, signed_by
from recordings.vault.vault import Vault
from storage.ledger import Ledger

_BEGINS = b'{"seq":'
_LONGEST_LINE = 1024
"""Bytes, and far more than any of ours has."""
_PREVIOUS = re.compile(r'"previous":"([0-9a-f]{64})"')
LOOK_BACK = 100
"""Checkpoints held against the log at the start; `bailanys audit verify` holds all of it."""


@dataclass(frozen=True, slots=True)
class Written:
    """The checkpoints in the file, and what is wrong with it."""

    points: tuple[Checkpoint, ...]
    faults: tuple[Fault, ...]


def add(path: Path, signer: Signer, end: Entry, now_ms: int) -> None:
    """Put a checkpoint of the chain's end into the file, durable when it returns, whole or not at all. Raises OSError.

    What a full disk or a power cut left of a line before is no checkpoint, and is taken away. Anything else there is
    somebody's doing, and stays as it is.
    """
    durable.make_folder(path.parent)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # the keeper's and a command's never become one line
        written = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
        whole, left = _whole(written)
        os.ftruncate(descriptor, len(whole))
        last = _lines(whole)[-1:]
        said = _said(end.seq, end.digest, now_ms, _sha256(last[0]) if last else "")
        line = left + f"{said} {signer.sign(said.encode())}\n".encode()
        try:
            if os.write(descriptor, line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, len(whole))
            if not whole:
                path.unlink()  # an empty one would look like one that was cut
            raise
    finally:
        os.close(descriptor)
    durable.sync(path.parent)


def read(path: Path, public_key: str, last: int | None = None) -> Written:
    """All checkpoints that hold, or those of so many last lines. Raises OSError."""
    points, wrong, previous = [], [], ""
    content = path.read_bytes() if path.exists() else b""
    lines = _lines(_whole(content)[0])
    first = 0 if last is None else max(len(lines) - last, 0)
    if first:
        previous = _sha256(lines[first - 1])
    for number, line in enumerate(lines[first:], first + 1):
        torn, whole = _untorn(line)
        said, _, signature = whole.rpartition(" ")
        try:
            told = json.loads(said)
            point = Checkpoint(int(told["seq"]), str(told["digest"]), int(told["at_ms"]))
            follows = told["previous"] == (_sha256(torn) if torn else previous) and _continues(
                torn, previous, public_key
            )
        except (KeyError, TypeError, ValueError):
            wrong.append(Fault(number, "line of the checkpoints cannot be read"))
        else:
            if not signed_by(public_key, said.encode(), signature):
                wrong.append(Fault(point.seq, "checkpoint is not signed by the hotline's key"))
            elif not follows:
                wrong.append(Fault(point.seq, "checkpoint does not follow from the one before: lines are missing"))
            else:
                points.append(point)
        previous = _sha256(line)
    return Written(tuple(points), tuple(wrong))


def newest_in(path: Path) -> int | None:
    """The entry that the file's last line signs, by its own word; None where no line says any. Raises OSError."""
    try:
        with path.open("rb") as file:
            file.seek(max(file.seek(0, os.SEEK_END) - 2 * _LONGEST_LINE, 0))
            lines = _lines(_whole(file.read())[0])
        return int(json.loads(_untorn(lines[-1])[1].rpartition(" ")[0])["seq"])
    except (FileNotFoundError, IndexError, KeyError, TypeError, ValueError):
        return None


def _whole(content: bytes) -> tuple[bytes, bytes]:
    """The lines, and what has to end the last of them first; without what a full disk or a power cut left of ours."""
    whole = content[: content.rfind(b"\n") + 1]
    rest = content[len(whole) :].rstrip(b"\0")  # a power cut leaves the room, perhaps, and not what was in it
    if len(rest) < _LONGEST_LINE and (rest.startswith(_BEGINS) or _BEGINS.startswith(rest)):
        return whole, b""
    return content, b"\n"


def _untorn(line: str) -> tuple[str, str]:
    """What a full disk had cut, and the checkpoint that an older version wrote right after it.

    That checkpoint was signed over the digest of what was cut: nothing else can stand in its place.
    """
    at = line.rfind(_BEGINS.decode())
    return (line[:at], line[at:]) if at > 0 else ("", line)


def _continues(torn: str, previous: str, public_key: str) -> bool:
    """Whether what was cut, perhaps several times, follows from the line before wherever it still says so.

    A whole line is nothing that was cut: somebody has made one line of two.
    """
    if not torn:
        return True
    said, _, signature = torn.rpartition(" ")
    if signed_by(public_key, said.encode(), signature):
        return False
    before, last = _untorn(torn)
    told = _PREVIOUS.search(last)
    follows = told is None or told[1] == (_sha256(before) if before else previous)
    return follows and _continues(before, previous, public_key)


def log_faults(
    entries: Iterable[Entry], written: Written, now_ms: int, tell: Callable[[int], None] = lambda seq: None
) -> Iterator[Fault]:
    """Everything wrong with the whole log: its chain, held against the checkpoints; memory stays the same.

    `tell` is told how far it has come.
    """
    yield from written.faults
    waiting = sorted(written.points, key=lambda point: point.seq)
    newest = waiting[-1].seq if waiting else 0
    at, last, unsigned = 0, None, None
    for portion in _portions(entries):
        yield from faults(portion, last)
        for entry in portion:
            while at < len(waiting) and waiting[at].seq <= entry.seq:
                point, at = waiting[at], at + 1
                if fault := contradicts(point, entry if entry.seq == point.seq else None):
                    yield fault
            if unsigned is None and entry.seq > newest:
                unsigned = entry
        last = portion[-1]
        tell(last.seq)
    for point in waiting[at:]:
        if fault := contradicts(point, None):
            yield fault
    if unsigned is not None and now_ms - unsigned.at_ms > OVERDUE_MS:
        yield Fault(unsigned.seq, "and all after it have no checkpoint: the file of checkpoints was cut")


def _portions(entries: Iterable[Entry], size: int = 1_000) -> Iterator[Sequence[Entry]]:
    portion: list[Entry] = []
    for entry in entries:
        portion.append(entry)
        if len(portion) == size:
            yield portion
            portion = []
    if portion:
        yield portion


def _said(seq: int, digest: str, at_ms: int, previous: str) -> str:
    return json.dumps({"seq": seq, "digest": digest, "at_ms": at_ms, "previous": previous}, separators=(",", ":"))


def _lines(content: bytes) -> list[str]:
    text = content.decode("utf-8", "replace")
    return text.removesuffix("\n").split("\n") if text else []


def _sha256(line: str) -> str:
    return hashlib.sha256(line.encode()).hexdigest()


class AuditKeeper:
    """One for each controller; `keep` is called every minute or so."""

    def __init__(self, places: Places, ledger: Ledger, alarm: Callable[[str, str], None]) -> None:
        self._places = places
        self._ledger = ledger
        self._alarm = alarm
        self._looked = False
        self._away = ""
        """What is away and was told."""
        self._newest: Checkpoint | None = None
        """What is signed last; None where nothing is."""
        self._signed = False
        """Whether we have seen or made any checkpoint."""

    async def keep(self) -> None:
        """Look the log over the first time, hold its end against what was signed last, then sign how far it has come.

        While the signing key or the file of checkpoints is away, nothing is signed, and none is made instead of it.
        Raises OSError, LedgerUnavailableError.
        """
        try:
            signer = await asyncio.to_thread(Vault(self._places).signer)
        except KeysUnreadableError as error:
            said = f"{error}; the audit log goes on, and is signed once it is back"
            self._tell_away(AlarmKind.SIGNING_KEY_AWAY, said)
            return
        if await self._cut():
            said = "not there, empty or cut, though the log was signed: put it back"
            self._tell_away(AlarmKind.AUDIT_LOG, f"{self._places.checkpoints}: {said}")
            return
        self._away = ""
        if not self._looked:
            self._newest = await self._looked_over(signer)
            self._looked = True
        elif self._newest is not None:
            await self._hold_against(self._newest)
        end = await self._ledger.audit.end()
        if end is not None and (self._newest is None or end.seq > self._newest.seq):
            now_ms = time.time_ns() // 1_000_000
            await asyncio.to_thread(add, self._places.checkpoints, signer, end, now_ms)
            self._newest = Checkpoint(end.seq, end.digest, now_ms)

    async def _cut(self) -> bool:
        """Whether there must have been a file of checkpoints, and there is none, or one without what we have signed."""
        path = self._places.checkpoints
        if self._newest is not None and (await asyncio.to_thread(newest_in, path) or 0) < self._newest.seq:
            # Told now; a file that goes on from there is looked over anew.
            self._newest, self._looked, self._signed = None, False, True
            return True
        if await asyncio.to_thread(lambda: path.exists() and path.stat().st_size > 0):
            return False
        first = await self._ledger.audit.entry(1)
        begun_ms = time.time_ns() // 1_000_000 - OVERDUE_MS
        return self._signed or (first is not None and first.at_ms < begun_ms)

    def _tell_away(self, kind: str, detail: str) -> None:
        if detail != self._away:
            self._alarm(kind, detail)
        self._away = detail

    async def _looked_over(self, signer: Signer) -> Checkpoint | None:
        """Alarm whatever is wrong near the end; returns how far is signed."""
        written = await asyncio.to_thread(read, self._places.checkpoints, signer.public_key)
        for fault in [*written.faults, *await self._faults(written)]:
            self._alarm(AlarmKind.AUDIT_LOG, f"entry {fault.seq} {fault.what}")
        return max(written.points, key=lambda point: point.seq, default=None)

    async def _hold_against(self, newest: Checkpoint) -> None:
        """Alarm, once, a database that was put back while we run; what is signed next is of the log that is there."""
        if fault := contradicts(newest, await self._ledger.audit.entry(newest.seq)):
            self._alarm(AlarmKind.AUDIT_LOG, f"entry {fault.seq} {fault.what}")
            self._newest = None

    async def _faults(self, written: Written) -> list[Fault]:
        points = sorted(written.points, key=lambda point: point.seq)[-LOOK_BACK:]
        told = [contradicts(point, await self._ledger.audit.entry(point.seq)) for point in points]
        found = [fault for fault in told if fault is not None]
        since = points[-2].seq if len(points) > 1 else 0
        before = await self._ledger.audit.entry(since) if since else None
        if since and before is None:
            return found
        return found + list(faults(await self._ledger.audit.after(since), before))
