"""A recording as a player takes it: in any form, from any offset, without a copy on any disk (rule 14).

FLAC is what the archive holds. WAV is made as it is read: a byte's place tells the sample's. Opus has to be made whole
before its length is known, in memory.
"""

from __future__ import annotations

import contextlib
import io
import struct
from collections.abc import Iterator
from typing import BinaryIO, Protocol

import soundfile

from recordings.access.copies import convert
from recordings.errors import AudioDiffersError
from recordings.naming import CopyKind
from recordings.watched import Watched

WAV_HEADER_BYTES = 44
_SAMPLE_BYTES = 2
MEDIA = {CopyKind.FLAC: "audio/flac", CopyKind.WAV: "audio/wav", CopyKind.OPUS: "audio/ogg"}


class Playable(Protocol):
    """Bytes of a known number; for one reader at a time."""

    @property
    def size(self) -> int:
        """How many bytes."""

    def read(self, at: int, most: int) -> bytes:
        """So many bytes from an offset, fewer at the end. Raises RecordingError, OSError."""

    def close(self) -> None:
        """Let go of the file."""


class Plain:
    """The bytes of an opened file as they are."""

    def __init__(self, opened: BinaryIO) -> None:
        self._opened = opened
        self.size = opened.seek(0, io.SEEK_END)

    def read(self, at: int, most: int) -> bytes:
        """So many bytes from an offset."""
        self._opened.seek(at)
        return self._opened.read(most)

    def close(self) -> None:
        """Let go of the file."""
        self._opened.close()


class Wav:
    """A FLAC as the WAV that it would be."""

    def __init__(self, flac: BinaryIO) -> None:
        self._flac, self._watched = flac, Watched(flac)
        with _decoding(self._watched):
            self._sound = soundfile.SoundFile(self._watched)
        self._frame_bytes = _SAMPLE_BYTES * self._sound.channels
        self._header = wav_header(self._sound.frames, self._sound.channels, self._sound.samplerate)
        self.size = len(self._header) + self._sound.frames * self._frame_bytes

    def read(self, at: int, most: int) -> bytes:
        """So many bytes from an offset. Raises AudioDiffersError where the FLAC ends too early."""
        if at < WAV_HEADER_BYTES:
            return self._header[at : at + most]
        frame, within = divmod(at - WAV_HEADER_BYTES, self._frame_bytes)
        if frame >= self._sound.frames:
            return b""
        wanted = min(-(-(within + most) // self._frame_bytes), self._sound.frames - frame)
        with _decoding(self._watched):
            if self._sound.tell() != frame:
                self._sound.seek(frame)
            frames = self._sound.read(wanted, dtype="int16", always_2d=True)
        if len(frames) < wanted:
            raise AudioDiffersError("the recording ends before its time")
        sound: bytes = frames.astype("<i2", copy=False).tobytes()
        return sound[within : within + most]

    def close(self) -> None:
        """Let go of the file."""
        self._sound.close()
        self._flac.close()


def playable(flac: BinaryIO, kind: CopyKind) -> Playable:
    """A plain FLAC in the form that is wanted; it is closed with it. Raises AudioDiffersError, RecordingError."""
    match kind:
        case CopyKind.FLAC:
            return Plain(flac)
        case CopyKind.WAV:
            try:
                return Wav(flac)
            except BaseException:
                flac.close()
                raise
        case CopyKind.OPUS:
            return Plain(io.BytesIO(opus_of(flac)))


def opus_of(flac: BinaryIO) -> bytes:
    """The Opus copy of a plain FLAC, which is closed. Raises AudioDiffersError."""
    made = io.BytesIO()
    try:
        with flac:
            convert(flac, made, CopyKind.OPUS)
    except soundfile.LibsndfileError as error:
        raise AudioDiffersError(f"the recording cannot be decoded: {error.error_string}") from error
    return made.getvalue()


def wav_header(frames: int, channels: int, rate_hz: int) -> bytes:
    """Of a WAV with 16-bit samples."""
    frame_bytes = _SAMPLE_BYTES * channels
    size = frames * frame_bytes
    return struct.pack(
        *("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + size, b"WAVE", b"fmt ", 16, 1, channels, rate_hz),
        *(rate_hz * frame_bytes, frame_bytes, 8 * _SAMPLE_BYTES, b"data", size),
    )


@contextlib.contextmanager
def _decoding(watched: Watched) -> Iterator[None]:
    try:
        with watched.sound():
            yield
    except soundfile.LibsndfileError as error:
        raise AudioDiffersError(f"the recording cannot be decoded: {error.error_string}") from error
