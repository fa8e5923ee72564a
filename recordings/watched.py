"""A file that libsndfile reads: what went wrong at a read is kept and raised, where a callback would swallow it.

Measured: with a broken seal in the middle soundfile gives back less sound and no error.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from typing import BinaryIO

import soundfile


class Watched:
    """Reads and seeks as the file does, with soundfile's own needs only."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.error: Exception | None = None

    def read(self, count: int = -1) -> bytes:
        """What the file gives; nothing once something went wrong."""
        if self.error is None:
            try:
                return self._file.read(count)
            except Exception as error:  # soundfile would print and forget it; `sound` raises it
                self.error = error
        return b""

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As the file does."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """As the file does."""
        return self._file.tell()

    @contextlib.contextmanager
    def sound(self) -> Iterator[None]:
        """Around every call of soundfile's: raises what went wrong in the file, rather than what it led to."""
        try:
            yield
        except soundfile.LibsndfileError:
            if self.error is not None:
                raise self.error from None
            raise
        if self.error is not None:
            raise self.error
