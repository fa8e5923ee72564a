"""The audit log's entries, each with the digest of the one before it (rule 14).

Nothing can be changed, taken out or put elsewhere without breaking every digest that follows. A chain alone does not
show that its end was cut off, or that an old copy was put back: for that, `Checkpoint`s are signed and kept outside
the database.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

Detail = str | int | None

GENESIS = "0" * 64
"""What stands for the digest before the first entry."""
OVERDUE_MS = 15 * 60_000
"""Entries so old without a checkpoint after them are a fault: the file of checkpoints was cut."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something that was done: by whom, what (`recording.kept`, `demand.registered`), with what."""

    actor: str
    kind: str
    subject: str
    """The recording's file name or the demand's id; never a phone number."""
    detail: Mapping[str, Detail]


@dataclass(frozen=True, slots=True)
class Entry:
    """A note in its place in the chain. `detail` is canonical JSON: what was digested is what is kept."""

    seq: int
    at_ms: int
    actor: str
    kind: str
    subject: str
    detail: str
    previous: str
    digest: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """That the chain had so many entries and ended in this digest; signed by the hotline's key."""

    seq: int
    digest: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Fault:
    """Where a chain is not what it was: `seq` of the entry, and what is wrong with it."""

    seq: int
    what: str


def chained(note: Note, at_ms: int, before: Entry | None) -> Entry:
    """The note as the entry that follows `before`; None begins a chain."""
    seq = 1 if before is None else before.seq + 1
    previous = GENESIS if before is None else before.digest
    detail = canonical(note.detail)
    digest = _digest(seq, at_ms, note.actor, note.kind, note.subject, detail, previous)
    return Entry(seq, at_ms, note.actor, note.kind, note.subject, detail, previous, digest)


def faults(entries: Iterable[Entry], before: Entry | None = None) -> Iterator[Fault]:
    """What is wrong in entries that follow `before` (None: from the first one on), in their order."""
    seq, previous = (0, GENESIS) if before is None else (before.seq, before.digest)
    for entry in entries:
        if entry.seq != seq + 1:
            yield Fault(entry.seq, f"follows {seq}: entries are missing or out of order")
        elif entry.previous != previous:
            yield Fault(entry.seq, "does not follow from the entry before it")
        elif entry.digest != _digest(
            entry.seq, entry.at_ms, entry.actor, entry.kind, entry.subject, entry.detail, entry.previous
        ):
            yield Fault(entry.seq, "is not what was written")
        seq, previous = entry.seq, entry.digest


def contradicts(checkpoint: Checkpoint, entry: Entry | None) -> Fault | None:
    """What a checkpoint says against the chain's entry of its `seq`; None for a missing `entry` means it was cut."""
    if entry is None:
        return Fault(checkpoint.seq, "is missing: the log was cut, or an older copy was put back")
    if entry.digest != checkpoint.digest:
        return Fault(checkpoint.seq, "is another than the signed checkpoint says: the log was written anew")
    return None


def canonical(value: Mapping[str, Detail]) -> str:
    """JSON in one spelling only."""
    return json.dumps(dict(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _digest(*values: str | int) -> str:
    return hashlib.sha256(json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()
