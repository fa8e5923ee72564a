"""The MP3 of a talk, made second by second while its WAV is packed: from the very same samples (rule 14).

As floating point: of 16 bit in stereo libsndfile 1.2.2 takes half from foreign memory, which can be heard
(https://github.com/libsndfile/libsndfile/pull/1106).
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from recordings.errors import CopyFailedError

_PORTION_BYTES = 1 << 16
_FULL_SCALE = np.float32(32768)
_BEST = 0.0
"""64 kbit/s for both sides: 28 dB between voice and noise, where 32 kbit/s leave 20."""


class Mp3:
    """It lies in a file without a name in the folder, for nobody to hear, as long as the block lasts.

    libsndfile has the file by its number: through a Python file it would not tell of a full disk.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> Mp3:
        self._file = tempfile.TemporaryFile(dir=self._folder)
        self._sound: soundfile.SoundFile | None = None
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(soundfile.LibsndfileError):  # what went wrong was told before
            self._close()
        self._file.close()

    def add(self, second: NDArray[np.int16], rate_hz: int) -> None:
        """Add so much of the talk; a column for each side. Raises CopyFailedError."""
        try:
            if self._sound is None:
                form = ("w", rate_hz, second.shape[1], "MPEG_LAYER_III")
                how = {"format": "MP3", "closefd": False, "compression_level": _BEST}
                self._sound = soundfile.SoundFile(self._file.fileno(), *form, **how)
            self._sound.write(second.astype(np.float32) / _FULL_SCALE)
        except soundfile.LibsndfileError as error:
            raise self._failed(error) from error

    def content(self) -> Iterator[bytes]:
        """All of it, once the talk is over. Raises CopyFailedError, OSError."""
        try:
            self._close()
        except soundfile.LibsndfileError as error:
            raise self._failed(error) from error
        self._file.seek(0)
        yield from iter(lambda: self._file.read(_PORTION_BYTES), b"")

    def _close(self) -> None:
        if self._sound is not None and not self._sound.closed:
            self._sound.close()

    def _failed(self, error: soundfile.LibsndfileError) -> CopyFailedError:
        return CopyFailedError(f"{self._folder}: no MP3 could be written there ({error.error_string.strip(' .')})")
