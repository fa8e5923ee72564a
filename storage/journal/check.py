"""Holds the journals against the ledger: talks that Asterisk wrote down and the ledger does not hold (promise 15)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, select

from calls.journal import Fact
from calls.journal_lines import parse_line
from storage.journal.reader import files_of
from storage.record import ANSWERED
from storage.tables import journal_position, offer

Talk = tuple[str, int, int]
"""Call, segment and offer."""

_PORTION = 500


@dataclass(frozen=True, slots=True)
class Held:
    """What was found."""

    unread_bytes: int
    """Of the journals, not taken in yet: the ledger is behind, or away."""
    unknown: tuple[Talk, ...]
    """Talks in what was taken in that the ledger does not hold as answered."""


def check_journals(connection: Connection, sources: Sequence[Path]) -> Held:
    """Look through all journals that are left: two days, or since the last rotation. Raises OSError."""
    read = {
        (name, inode): offset
        for name, inode, offset in connection.execute(
            select(journal_position.c.source, journal_position.c.inode, journal_position.c.offset)
        )
    }
    unread, told = 0, dict[Talk, None]()
    for source in sources:
        for path in files_of(source):
            with suppress(FileNotFoundError):  # put aside, or not begun yet
                status = path.stat()
                taken = min(read.get((source.name, status.st_ino), 0), status.st_size)
                unread += status.st_size - taken
                told |= dict.fromkeys(_talks(path, taken))
    return Held(unread, tuple(_unknown(connection, list(told))))


def _talks(path: Path, until: int) -> Iterator[Talk]:
    """The talks that were told before an offset."""
    with path.open("rb") as lines:
        at = 0
        for line in lines:
            at += len(line)
            if at > until:
                return
            entry = parse_line(line) if Fact.TALKING.value.encode() in line else None
            if entry is not None and entry.name == Fact.TALKING:
                seq, number = entry.fields.whole("seq"), entry.fields.whole("offer")
                if seq is not None and number is not None:
                    yield entry.linkedid, seq, number


def _unknown(connection: Connection, told: Sequence[Talk]) -> Iterator[Talk]:
    for at in range(0, len(told), _PORTION):
        portion = told[at : at + _PORTION]
        known = set(_answered(connection, {call for call, _, _ in portion}))
        yield from (talk for talk in portion if talk not in known)


def _answered(connection: Connection, calls: Iterable[str]) -> Iterator[Talk]:
    query = select(offer.c.call_id, offer.c.seq, offer.c.offer).where(
        offer.c.call_id.in_(sorted(calls)), offer.c.status == ANSWERED
    )
    for row in connection.execute(query):
        yield row[0], row[1], row[2]
