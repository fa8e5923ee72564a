"""Puts the two sides of a talk together where Asterisk wrote each into a file of its own (see `dialplan.render`).

`<file>.caller.sln` and `<file>.operator.sln` (signed 16 bit little-endian, 8 kHz) become the raw file that every talk
has. It appears whole, under its name, before the two go; done twice it is the same.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

import numpy as np

from recordings.capture.readiness import EMPTY_UNSURE_MS, SETTLED_MS, SETTLED_UNSURE_MS
from recordings.capture.spool import being_written
from recordings.durable import sync
from recordings.naming import RAW, file_in_spool

CALLER = ".caller.sln"
OPERATOR = ".operator.sln"
SAMPLE_BYTES = 2
BLOCK_SAMPLES = 64_000


def pairs(spool: Path, now_ms: int) -> dict[str, bool]:
    """Every talk in two files, by name without suffix, and whether Asterisk has ended writing both. Raises OSError."""
    found = {}
    for caller in sorted(spool.glob(f"*{CALLER}")):
        file = file_in_spool(f"{caller.name.removesuffix(CALLER)}{RAW}")
        if file is not None:
            operator = spool / f"{file}{OPERATOR}"
            found[file] = _ended(caller, now_ms) and (not operator.exists() or _ended(operator, now_ms))
    return found


def weave(spool: Path, file: str) -> str:
    """Make one raw file of a pair that has ended; its name. Raises OSError."""
    caller, operator = spool / f"{file}{CALLER}", spool / f"{file}{OPERATOR}"
    _write(caller, operator, spool / f"{file}{RAW}")
    operator.unlink(missing_ok=True)
    caller.unlink()  # the last to go: by it the pair is known
    sync(spool)
    return file


def _ended(path: Path, now_ms: int) -> bool:
    """No doubt about it where the system tells; else long still, an empty one very long: see `readiness`."""
    written, told = being_written(path), path.stat()
    unsure_ms = SETTLED_UNSURE_MS if told.st_size else EMPTY_UNSURE_MS
    needed_ms = SETTLED_MS if written is False else unsure_ms
    return not written and now_ms - told.st_mtime_ns // 1_000_000 >= needed_ms


def _write(caller: Path, operator: Path, raw: Path) -> None:
    """Caller left, operator right; what one side lacks at its end is silence.

    Asterisk writes both in step: when they differ, or end in mid-sample, it died, and the odd byte that is left at the
    end has the finaliser mark the recording as repaired. Without the operator's file the raw one was made before.
    """
    if not operator.exists():
        return
    fresh = raw.with_name(f"{raw.name}.part")
    sizes = (caller.stat().st_size, operator.stat().st_size)
    samples = max(sizes) // SAMPLE_BYTES
    with caller.open("rb") as left, operator.open("rb") as right, fresh.open("wb") as both:
        for start in range(0, samples, BLOCK_SAMPLES):
            count = min(BLOCK_SAMPLES, samples - start)
            both.write(np.stack([_read(left, count), _read(right, count)], axis=1).tobytes())
        if sizes[0] != sizes[1] or sizes[0] % SAMPLE_BYTES:
            both.write(b"\0")
    os.utime(fresh, ns=(caller.stat().st_atime_ns, caller.stat().st_mtime_ns))  # by it the talk's end is reckoned
    sync(fresh)
    fresh.replace(raw)
    sync(raw.parent)


def _read(side: BinaryIO, count: int) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    """So many samples, with silence for those that are not there."""
    read = side.read(count * SAMPLE_BYTES)
    found = np.zeros(count, dtype="<i2")
    found[: len(read) // SAMPLE_BYTES] = np.frombuffer(read[: len(read) // SAMPLE_BYTES * SAMPLE_BYTES], dtype="<i2")
    return found
