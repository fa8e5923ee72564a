"""The archive in two places: recordings wait in the local folder until they are in the object storage."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from calls.store import Store, Stored
from recordings.vault.folder import Folder


@dataclass(frozen=True, slots=True)
class TieredStore:
    """Fills `calls.store.Store`: what waits locally is read there, whether or not the far store answers.

    A recording leaves the local folder only when the far store has all of it, so near, then far misses nothing.
    """

    near: Folder
    far: Store

    def open(self, path: str) -> BinaryIO:
        """From where it is."""
        try:
            return self.near.open(path)
        except FileNotFoundError:
            return self.far.open(path)

    def exists(self, path: str) -> bool:
        """Whether it is in one of the two."""
        return self.near.exists(path) or self.far.exists(path)

    def list(self, folder: str = "") -> Iterator[Stored]:
        """What is in either, each path once."""
        found = {stored.path: stored for stored in self.near.list(folder)}
        yield from found.values()
        yield from (stored for stored in self.far.list(folder) if stored.path not in found)

    def put(self, path: str, source: Path) -> None:
        """Into the local folder, as everything."""
        self.near.put(path, source)

    def remove(self, path: str) -> bool:
        """From both; the far one first, so that nothing is gone when it does not answer."""
        far = self.far.remove(path)
        return self.near.remove(path) or far

    def place_of(self, path: str) -> str:
        """Where it is."""
        return (self.near if self.near.exists(path) else self.far).place_of(path)
