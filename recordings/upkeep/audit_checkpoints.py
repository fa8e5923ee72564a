"""Signed checkpoints of the audit log, outside the database: what shows a log that was cut or put back (promise 9).

One line for each: how far the chain had come, its digest there, the SHA-256 of the line before, and the hotline's
signature. Copy the file elsewhere from time to time: whoever can put back both it and the database is found by that.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from calls.audit import Checkpoint, Entry, Fault, contradicts, faults
from recordings import durable
from recordings.vault.signing import Signer, signed_by

_BEGINS = b'{"seq":'
_LONGEST_LINE = 1024
"""Bytes, and far more than any of ours has."""
_PREVIOUS = re.compile(r'"previous":"([0-9a-f]{64})"')
OVERDUE_MS = 15 * 60_000
"""Entries so old without a checkpoint after them are a fault: the file was cut."""


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
