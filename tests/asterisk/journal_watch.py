"""The journal of a running hotline as a test follows it: wait for a fact instead of sleeping."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from calls.journal import Entry, Fact
from calls.journal_lines import parse_line

LOOK_EVERY_S = 0.02  # a growing file tells nobody that it grows


@dataclass(frozen=True)
class Seen:
    """One fact of a call."""

    at_ms: int
    fact: str
    call: str
    fields: dict[str, str]


class Journal:
    """Reads Asterisk's journal as it grows."""

    def __init__(self, path: Path) -> None:
        self.entries: list[Entry] = []
        self.raw: list[bytes] = []
        self._path = path
        self._offset = 0

    def facts(self, call: str | None = None, fact: Fact | None = None) -> Iterator[Seen]:
        """Every fact so far, of one call or kind if asked for."""
        self._read()
        for entry in list(self.entries):
            if entry.type != "USER_DEFINED" or call not in (None, entry.linkedid) or fact not in (None, entry.name):
                continue
            yield Seen(entry.at_ms, entry.name, entry.linkedid, entry.fields)

    async def until(self, fact: Fact, call: str | None = None, timeout_s: float = 15.0, **wanted: str) -> Seen:
        """Wait for the first fact with these fields. Raises TimeoutError, which tells what there was instead."""
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    for seen in self.facts(call, fact):
                        if wanted.items() <= seen.fields.items():
                            return seen
                    await asyncio.sleep(LOOK_EVERY_S)
        except TimeoutError:
            there = [f"{seen.fact} {seen.fields}" for seen in self.facts(call)]
            raise TimeoutError(f"no {fact} {wanted} of {call} in {timeout_s:g} s, but {there[-12:]}") from None

    def _read(self) -> None:
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._offset)
            *lines, _unfinished = file.read().split(b"\n")
        self._offset += sum(len(line) + 1 for line in lines)
        self.raw += lines
        self.entries += [entry for line in lines if (entry := parse_line(line)) is not None]
