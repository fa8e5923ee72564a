"""Signed checkpoints of the audit log, outside the database: what shows a log that was cut or put back (promise 9).

One line for each: how far the chain had come, its digest there, the SHA-256 of the line before, and the hotline's
signature. Copy the file elsewhere from time to time: whoever can put back both it and the database is found by that.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from calls.audit import Checkpoint, Entry, Fault, contradicts, faults
from recordings import durable
from recordings.signing import Signer, signed_by

OVERDUE_MS = 15 * 60_000
"""Entries so old without a checkpoint after them are a fault: the file was cut."""


@dataclass(frozen=True, slots=True)
class Written:
    """The checkpoints in the file, and what is wrong with it."""

    points: tuple[Checkpoint, ...]
    faults: tuple[Fault, ...]


def add(path: Path, signer: Signer, end: Entry, now_ms: int) -> None:
    """Put a checkpoint of the chain's end into the file, durable when it returns. Raises OSError."""
    durable.make_folder(path.parent)
    last = _lines(path)[-1:] if path.exists() else []
    said = _said(end.seq, end.digest, now_ms, _sha256(last[0]) if last else "")
    line = f"{said} {signer.sign(said.encode())}\n"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
    with os.fdopen(descriptor, "a", encoding="utf-8") as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())
    durable.sync(path.parent)


def read(path: Path, public_key: str) -> Written:
    """All checkpoints that hold. Raises OSError."""
    points, wrong, previous = [], [], ""
    for number, line in enumerate(_lines(path) if path.exists() else [], 1):
        said, _, signature = line.rpartition(" ")
        try:
            told = json.loads(said)
            point = Checkpoint(int(told["seq"]), str(told["digest"]), int(told["at_ms"]))
            follows = told["previous"] == previous
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


def _lines(path: Path) -> list[str]:
    text = path.read_bytes().decode("utf-8", "replace")
    return text.removesuffix("\n").split("\n") if text else []


def _sha256(line: str) -> str:
    return hashlib.sha256(line.encode()).hexdigest()
