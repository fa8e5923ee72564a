"""Copies of a recording for people: the FLAC itself, WAV for those who demand it, Opus to listen to (rule 14)."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from shutil import copyfileobj
from typing import BinaryIO

import soundfile

from config.ownership import as_caller
from recordings.errors import CopyFailedError
from recordings.naming import CopyKind
from recordings.watched import Watched

_BLOCK_FRAMES = 65_536


_FORMS = {CopyKind.WAV: ("WAV", "PCM_16"), CopyKind.OPUS: ("OGG", "OPUS")}


def copy(flac: BinaryIO, target: Path, kind: CopyKind) -> None:
    """Write a copy that only its owner may read, over what is there; closes `flac`.

    Memory stays the same however long the talk. Raises CopyFailedError and leaves no half of a copy.
    """
    fresh = target.with_name(f".{target.name}.{secrets.token_hex(8)}.part")
    try:
        with as_caller():  # exclusively: in a folder of others' nobody has put a file or a link there for us to fill
            descriptor = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with flac, os.fdopen(descriptor, "w+b") as file:
            if kind is CopyKind.FLAC:
                copyfileobj(flac, file)
            else:
                convert(flac, file, kind)
            file.flush()
            os.fsync(file.fileno())
        with as_caller():
            fresh.replace(target)
    except (OSError, soundfile.LibsndfileError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or error
        raise CopyFailedError(f"{target} could not be written: {why}") from error
    finally:
        with as_caller():
            fresh.unlink(missing_ok=True)


def convert(flac: BinaryIO, file: BinaryIO, kind: CopyKind) -> None:
    """Write the copy's bytes. Raises LibsndfileError, OSError, and what `flac` raises."""
    (form, coding), watched, written = _FORMS[kind], Watched(flac), Watched(file)
    with (
        written.sound(),
        watched.sound(),
        soundfile.SoundFile(watched) as source,
        soundfile.SoundFile(written, "w", source.samplerate, source.channels, coding, format=form) as target,
    ):
        frames = 0
        for block in source.blocks(_BLOCK_FRAMES, dtype="int16", always_2d=True):
            target.write(block)
            frames += len(block)
        if watched.error is None is written.error and frames != source.frames:
            raise OSError("written short")
