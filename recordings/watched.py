"""A file that libsndfile reads or writes: what went wrong there is kept and raised, where a callback would swallow it.

Measured: with a broken seal in the middle soundfile gives back less sound and no error; on a full disk it prints a
traceback for each write.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator
from typing import BinaryIO

import soundfile


class Watched:
    """Reads, writes and seeks as the file does, with soundfile's own needs only."""

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

    def write(self, portion: bytes) -> int:
        """So many bytes the file took; all, by its word, once something went wrong: libsndfile comes to its end so."""
        if self.error is None:
            try:
                return self._file.write(portion)
            except Exception as error:  # as above
                self.error = error
        return len(portion)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As the file does: one that was written to may have to write first."""
        return self._place(lambda: self._file.seek(offset, whence))

    def tell(self) -> int:
        """As the file does."""
        return self._place(self._file.tell)

    def _place(self, asked: Callable[[], int]) -> int:
        if self.error is None:
            try:
                return asked()
            except Exception as error:  # as above
                self.error = error
        return 0

    @contextlib.contextmanager
    def sound(self) -> Iterator[None]:
        """Around every call of soundfile's: raises what went wrong in the file, rather than what it led to."""
        try:
            yield
        except (soundfile.LibsndfileError, AssertionError):  # soundfile asserts that all it wrote was taken
            if self.error is not None:
                raise self.error from None
            raise
        if self.error is not None:
            raise self.error
