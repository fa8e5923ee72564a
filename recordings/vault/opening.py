"""Opening what the archive holds: the plain FLAC of a recording, sealed or not, from any offset."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import BinaryIO, cast

from calls.store import Store
from recordings.errors import KeyMissingError, SealBrokenError
from recordings.vault.keyring import KeyRing
from recordings.vault.sealing import SealedReader
from recordings.vault.sidecar import Sidecar, beside, read

_PORTION = 1 << 20

Keys = Callable[[], KeyRing | None]
"""The ring as it is at this moment; None where nothing is encrypted."""


def no_keys() -> None:
    """Where nothing is encrypted."""


def sidecar_of(store: Store, path: str) -> Sidecar:
    """The sidecar of a recording by its path in the archive. Raises SealBrokenError for none of ours, OSError."""
    by_it = beside(path)
    try:
        sidecar = read(store, by_it)
    except ValueError as error:
        raise SealBrokenError(f"{by_it}: {error}") from error
    if sidecar.recording.path != path:
        raise SealBrokenError(f"{by_it}: belongs to {sidecar.recording.path}")
    return sidecar


def open_recording(store: Store, sidecar: Sidecar, ring: KeyRing | None) -> BinaryIO:
    """The plain FLAC of a recording; the caller closes it.

    Raises SealBrokenError (changed, cut or swapped; also at a later read), KeyMissingError, OSError.
    """
    path, key = sidecar.recording.path, None
    if sidecar.sealed is not None:
        if ring is None:
            raise KeyMissingError(f"{path} is encrypted, and there are no keys")
        key = ring.unwrap(sidecar.sealed)
    return opened_with(store.open(path), key, sidecar.recording.file)


def opened_with(opened: BinaryIO, key: bytes | None, file: str) -> BinaryIO:
    """The plain bytes of a file that was sealed with that key and name; of a plain file without a key."""
    if key is None:
        return opened
    try:
        return cast(BinaryIO, SealedReader(opened, key, file))
    except BaseException:
        opened.close()
        raise


def plain_sha256(opened: BinaryIO) -> str:
    """SHA-256 of all of it, in hexadecimal; closes it. Raises SealBrokenError, OSError."""
    digest = hashlib.sha256()
    with opened:
        while portion := opened.read(_PORTION):
            digest.update(portion)
    return digest.hexdigest()
