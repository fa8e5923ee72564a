"""Carries one recording from the local folder to the far store: never gone here before it is proved to be there."""

from __future__ import annotations

from calls.store import Store
from recordings.errors import SealBrokenError, UploadDiffersError
from recordings.vault.folder import Folder
from recordings.vault.keyring import KeyRing
from recordings.vault.opening import open_recording, plain_sha256, sidecar_of
from recordings.vault.sidecar import Sidecar, beside


def carry(near: Folder, far: Store, sidecar: Sidecar, ring: KeyRing | None) -> None:
    """Store what is not there yet, then fetch all of it, open it, and hold it against the sidecar.

    May be done twice, and goes on where a kill left off. What another has put there is never overwritten. Raises
    StoreAwayError, UploadDiffersError, KeyMissingError, and OSError when the local file cannot be read.
    """
    path = sidecar.recording.path
    fresh = [part for part in (path, beside(path)) if not far.exists(part)]
    try:
        for part in fresh:
            far.put(part, near.root / part)
    except FileNotFoundError:  # disposed of at this moment: what has arrived already must go, too
        for part in fresh:
            far.remove(part)
        raise
    if differs := _difference(far, sidecar, ring):
        for part in fresh:
            far.remove(part)
        if fresh:
            raise UploadDiffersError(f"{path}: what {far.place_of('')} gives back is not what was stored: {differs}")
        raise UploadDiffersError(
            f"{far.place_of(path)} is another recording ({differs}): does another hotline use this store?"
        )


def drop(near: Folder, sidecar: Sidecar) -> None:
    """End the local copy: the sidecar last, since a drop that was half done is found by it. Raises OSError."""
    path = sidecar.recording.path
    near.let_go(path)
    near.let_go(beside(path))


def _difference(far: Store, sidecar: Sidecar, ring: KeyRing | None) -> str:
    """What is wrong with what lies there; nothing when it is what it should be."""
    try:
        if sidecar_of(far, sidecar.recording.path) != sidecar:
            return "another sidecar"
        sha256 = plain_sha256(open_recording(far, sidecar, ring))
    except (FileNotFoundError, SealBrokenError) as error:
        return str(error)
    return "" if sha256 == sidecar.recording.sha256 else "another SHA-256"
