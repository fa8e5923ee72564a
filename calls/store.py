"""Where finished recordings lie, as the rest of us sees it: a folder, object storage, or one before the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol


class StoreAwayError(OSError):
    """The store does not answer, or refuses us: nothing is known of what lies there. The message is one line."""

    error_id = "store-away"
    retryable = True


@dataclass(frozen=True, slots=True)
class Stored:
    """A file as the store lists it."""

    path: str
    changed_ms: int
    """UTC epoch ms."""


class Store(Protocol):
    """Keeps files by their path within the archive, `YYYY/MM/DD/HH/name`. Every method blocks: call it in a thread.

    Each raises OSError: FileNotFoundError for what is not there, StoreAwayError when that cannot be told.
    """

    def open(self, path: str) -> BinaryIO:
        """The file's bytes, from any offset; the caller closes it."""

    def exists(self, path: str) -> bool:
        """Whether there is such a file."""

    def list(self, folder: str = "") -> Iterator[Stored]:
        """What lies in one hour's folder, `2026/11/27/04`, or everything, in the order of the paths."""

    def put(self, path: str, source: Path) -> None:
        """Store a file whole or not at all, durably, over what is there."""

    def remove(self, path: str) -> bool:
        """Remove a file for good; False when it was not there."""

    def place_of(self, path: str) -> str:
        """Where a person finds it."""
