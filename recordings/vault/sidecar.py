"""The JSON beside every recording in the archive: enough to write the ledger's row again without the ledger.

It has the only copy of the recording's key, so a recording is disposed of by it: first its key, then its sound.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from calls.ids import GroupId, OperatorId
from calls.recording import Recording, RecordingStatus
from calls.store import Store
from recordings.naming import FLAC, SEALED, SIDECAR, archive_path
from recordings.vault.keyring import Wrapped

_FORMAT = 2
_UNSEALED_FORMAT = 1
"""Of recordings made before there was encryption."""


@dataclass(frozen=True, slots=True)
class Sidecar:
    """A recording and what else is known of its talk; nothing of the caller."""

    recording: Recording
    began_ms: int
    """When the talk began, UTC epoch ms; reckoned from the raw file's own time for an orphan."""
    ended_ms: int
    operator: OperatorId | None
    """Who talked, here for a rebuilt index; the ledger knows it by the offer. None for an orphan."""
    group: GroupId | None
    silent_sides: tuple[str, ...]
    raw_bytes: int
    """Size of the raw file that was encoded."""
    sealed: Wrapped | None = None
    """The recording's own key, wrapped; None when it is not encrypted."""


def to_json(sidecar: Sidecar) -> str:
    """The file's text."""
    channels = {"left": "caller", "right": "operator"}
    return json.dumps({"format": _FORMAT, "channels": channels, **asdict(sidecar)}, indent=1) + "\n"


def from_json(text: str) -> Sidecar:
    """Read what `to_json` wrote. Raises ValueError for anything else."""
    try:
        said: dict[str, Any] = json.loads(text)
        match said.pop("format"):
            case n if n == _FORMAT:
                sealed = None if said["sealed"] is None else Wrapped(**said["sealed"])
            case n if n == _UNSEALED_FORMAT:
                sealed = None
            case _:
                raise ValueError("a format that is not ours")
        del said["channels"]
        row = said.pop("recording")
        recording = Recording(**{**row, "status": RecordingStatus(row["status"])})
        sidecar = Sidecar(recording, **{**said, "silent_sides": tuple(said["silent_sides"]), "sealed": sealed})
        if recording.path != str(archive_path(recording.file, sidecar.began_ms, sealed=sealed is not None)):
            raise ValueError(f"not where a recording belongs: {recording.path!r}")
        return sidecar
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"no sidecar of a recording: {error!r}") from error


def recordings_in(store: Store) -> Iterator[Sidecar]:
    """Every recording that the archive holds, oldest hour first: what the index is rebuilt from.

    Raises ValueError or OSError at a sidecar that cannot be read.
    """
    for stored in store.list():
        if stored.path.endswith((FLAC, SEALED)):
            yield read(store, beside(stored.path))


def read(store: Store, path: str) -> Sidecar:
    """The sidecar at that path. Raises ValueError for none of ours, OSError."""
    with store.open(path) as opened:
        return from_json(opened.read().decode())


def sidecar_path(recording: Path) -> Path:
    """Where the sidecar of a recording in the archive lies."""
    return recording.with_name(_beside(recording.name))


def beside(path: str) -> str:
    """The sidecar's path within the archive, of a recording's."""
    recording = PurePosixPath(path)
    return str(recording.with_name(_beside(recording.name)))


def _beside(name: str) -> str:
    return f"{name.removesuffix(SEALED).removesuffix(FLAC)}{SIDECAR}"


def remove(store: Store, path: str) -> bool:
    """Remove the sidecar with the only copy of the key, then the file; False when neither was there.

    May be done twice. Raises OSError.
    """
    found = [store.remove(file) for file in (beside(path), path)]
    return any(found)
