"""Talks as MixMonitor writes them, and a ledger in a file, for the tests of recordings."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from dataclasses import astuple, fields
from pathlib import Path

import numpy as np
import numpy.typing as npt

from calls.ids import CallId, GroupId, OperatorId
from calls.recording import EndedTalk, Gap, Recording, SpoolFault
from phones.tones import tone

CALLER_HZ, OPERATOR_HZ = 440.0, 1000.0
BEGAN_MS = 1_764_000_000_000  # 2025-11-24T16:00:00Z
FILE = "hl1-1764000000.12-1-2"
Sides = npt.NDArray[np.int16]


def sides(left: npt.NDArray[np.float64], right: npt.NDArray[np.float64]) -> Sides:
    """Two sides from -1.0..1.0 as interleaved samples."""
    return np.round(np.column_stack([left, right]) * 32767).astype("<i2")


def two_voices(seconds: float, caller_dbfs: float = -12.0, operator_dbfs: float = -24.0) -> Sides:
    """Caller left, operator right, each in a tone and at a level of its own."""
    return sides(tone(CALLER_HZ, seconds, dbfs=caller_dbfs), tone(OPERATOR_HZ, seconds, dbfs=operator_dbfs))


def write_raw(spool: Path, samples: Sides, file: str = FILE, changed_ms: int = BEGAN_MS + 5_000) -> Path:
    """Leave a talk in the spool, last written at that instant."""
    spool.mkdir(exist_ok=True)
    path = spool / f"{file}.raw"
    path.write_bytes(samples.tobytes())
    os.utime(path, ns=(changed_ms * 1_000_000, changed_ms * 1_000_000))
    return path


def ended_talk(seq: int = 1, offer: int = 2, lasted_ms: int = 5_000, bridged_ms: int | None = None) -> EndedTalk:
    """A talk that the ledger says has ended."""
    return EndedTalk(
        call=CallId("hl1-1764000000.12"),
        seq=seq,
        offer=offer,
        operator=OperatorId("101"),
        group=GroupId("portal"),
        began_ms=BEGAN_MS,
        ended_ms=BEGAN_MS + lasted_ms,
        bridged_ms=bridged_ms,
    )


class FileBook:
    """A ledger's side of recordings in an SQLite file, so that it outlives a process that is killed."""

    def __init__(self, path: Path, talks: Sequence[EndedTalk] = ()) -> None:
        self._talks = talks
        self.faults: list[SpoolFault] = []
        self.gaps: list[Gap] = []
        self._database = sqlite3.connect(path, isolation_level=None)
        names = ", ".join(field.name for field in fields(Recording))
        self._database.execute(f"create table if not exists recording ({names}, primary key (call, seq, offer))")

    async def segments_to_finalise(self) -> Sequence[EndedTalk]:
        done = {(row.call, row.seq, row.offer) for row in self.rows()}
        return [talk for talk in self._talks if (talk.call, talk.seq, talk.offer) not in done]

    async def spool_faults(self, from_ms: int, to_ms: int) -> Sequence[SpoolFault]:
        return [fault for fault in self.faults if fault.from_ms < to_ms and (fault.to_ms or to_ms) > from_ms]

    async def add_recording(self, recording: Recording, gaps: Sequence[Gap] = ()) -> None:
        marks = ", ".join("?" for _ in fields(Recording))
        self._database.execute(f"insert or replace into recording values ({marks})", astuple(recording))
        self.gaps += gaps

    def rows(self) -> list[Recording]:
        return [Recording(*row) for row in self._database.execute("select * from recording order by call, seq, offer")]
