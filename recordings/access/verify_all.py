"""Every recording of a call, a day or the whole archive looked at, on all cores (promise 9)."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from calls.store import Store
from recordings.access.verify import Verdict, examine
from recordings.errors import KeysUnreadableError
from recordings.vault.keyring import KeyRing, ring_at
from storage.recordings import Kept

PORTION = 8
"""Recordings that a process takes at once."""


def verified(store: Store, keys: Path, rows: Sequence[Kept], processes: int | None = None) -> Iterator[Verdict]:
    """The verdicts, as they come."""
    portions = [rows[at : at + PORTION] for at in range(0, len(rows), PORTION)]
    if len(portions) < 2:
        for portion in portions:
            yield from _portion(store, keys, portion)
        return
    workers = min(processes or os.cpu_count() or 1, len(portions))
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for done in as_completed([pool.submit(_portion, store, keys, portion) for portion in portions]):
            yield from done.result()


def _portion(store: Store, keys: Path, rows: Sequence[Kept]) -> list[Verdict]:
    ring = _ring(keys)
    return [examine(store, row.recording, ring, row.sha256) for row in rows]


def _ring(keys: Path) -> KeyRing | None:
    """Missing or unreadable keys are each recording's fault, not the end of the look."""
    try:
        return ring_at(keys)
    except KeysUnreadableError:
        return None
