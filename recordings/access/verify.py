"""Whether a recording in the archive is what was put there: opened, decoded, held against the ledger (promise 9).

One at a time, or all of a call, a day or the archive on all cores.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import BinaryIO

import soundfile

from calls.recording import Recording
from calls.store import Store, StoreAwayError
from recordings.audio import RATE
from recordings.errors import KeyMissingError, KeysUnreadableError, SealBrokenError
from recordings.vault.keyring import KeyRing, ring_at
from recordings.vault.opening import open_recording, sidecar_of
from storage.recordings import StoredRecording

_BLOCK_FRAMES = 1 << 18
LENGTH_MS = 1
"""The ledger's length is in whole milliseconds."""
PORTION = 8
"""Recordings that a process takes at once."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found of one recording; no faults: it is as it was."""

    file: str
    path: str
    faults: tuple[str, ...]
    away: str = ""
    """Why it could not be looked at: its store does not answer, which says nothing of the recording."""


def examine(store: Store, row: Recording, ring: KeyRing | None, kept_sha256: str | None = None) -> Verdict:
    """Look at one recording in every way; `kept_sha256` is what the audit log says it was. Blocks the thread."""
    try:
        return Verdict(row.file, row.path, tuple(_faults(store, row, ring, kept_sha256)))
    except StoreAwayError as error:
        return Verdict(row.file, row.path, (), str(error))


def _faults(store: Store, row: Recording, ring: KeyRing | None, kept_sha256: str | None) -> list[str]:
    faults = []
    if kept_sha256 is not None and kept_sha256 != row.sha256:
        faults.append("the ledger's hash is not the one that the audit log holds")
    try:
        sidecar = sidecar_of(store, row.path)
    except FileNotFoundError:
        if not store.exists(row.path):
            return [*faults, "the file is missing"]
        return [*faults, "the sidecar is missing: without it the recording cannot be opened"]
    except StoreAwayError:
        raise
    except (OSError, SealBrokenError) as error:
        return [*faults, f"the sidecar is not what was written: {error}"]
    if sidecar.recording != row:
        faults.append("the sidecar and the ledger disagree")
    try:
        with open_recording(store, sidecar, ring) as opened:
            content = opened.read()
    except FileNotFoundError:
        return [*faults, "the file is missing"]
    except StoreAwayError:
        raise
    except (SealBrokenError, KeyMissingError, OSError) as error:
        return [*faults, str(error)]
    if hashlib.sha256(content).hexdigest() != row.sha256:
        faults.append("the audio is not what the ledger says (SHA-256)")
    return [*faults, *_sound(io.BytesIO(content), row)]


def _sound(flac: BinaryIO, row: Recording) -> list[str]:
    """Every sample must decode, and their number be the length that the ledger says."""
    frames = 0
    try:
        with soundfile.SoundFile(flac) as source:
            if (source.channels, source.samplerate) != (2, RATE):
                return [f"{source.channels} channels at {source.samplerate} Hz"]
            for block in source.blocks(_BLOCK_FRAMES, dtype="int16", always_2d=True):
                frames += len(block)
    except soundfile.LibsndfileError as error:
        return [f"does not decode: {error}"]
    lasts_ms = frames * 1000 // RATE
    return [] if abs(lasts_ms - row.duration_ms) <= LENGTH_MS else [f"lasts {lasts_ms} ms, not {row.duration_ms}"]


def verified(
    store: Store, keys: Path, rows: Sequence[StoredRecording], processes: int | None = None
) -> Iterator[Verdict]:
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


def _portion(store: Store, keys: Path, rows: Sequence[StoredRecording]) -> list[Verdict]:
    ring = _ring(keys)
    return [examine(store, row.recording, ring, row.sha256) for row in rows]


def _ring(keys: Path) -> KeyRing | None:
    """Missing or unreadable keys are each recording's fault, not the end of the look."""
    try:
        return ring_at(keys)
    except KeysUnreadableError:
        return None
