"""What becomes of a studio's recording: a prompt like the others of its language, kept in the studio folder.

Trimmed of silence, levelled to the other prompts, softened at both ends, 8 kHz mono of 16 bit: what Asterisk plays.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from config.ownership import as_owner_of
from config.whole_file import named
from speech.errors import NotKeptError, UnfitRecordingError
from speech.files import pcm, wav
from speech.levels import Measured, measured, oddities
from speech.segments import cut, fade
from speech.sound import RATE_HZ, Samples, level

if TYPE_CHECKING:
    from pathlib import Path

    from speech.delivered import Delivered

CLOSE_DB = 1.0
"""An import comes this close to the other prompts, or is told."""
SHORTEST_S, LONGEST_S = 0.1, 30.0
"""Of what is spoken. The longer is all the time that a caller waits by the rules (rule 7)."""
MARGIN_S, FADE_S = 0.03, 0.02
_PEAK_DB = -3.0
_EVERYBODY_READS = 0o644
"""Asterisk plays the very file, by a link, and may run as somebody else."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A prompt as callers will hear it."""

    samples: Samples
    figures: Measured
    warnings: tuple[str, ...]


def finished(came: Delivered, usual_db: float) -> Finished:
    """Make a prompt of a recording, as loud as the others (dBFS of the speech). Raises UnfitRecordingError."""
    loudest = float(np.max(np.abs(came.samples)))
    spoken = cut(came.samples / loudest, MARGIN_S)
    spoken_s = len(spoken) / RATE_HZ - 2 * MARGIN_S
    if not SHORTEST_S <= spoken_s <= LONGEST_S:
        wanted = f"at least {SHORTEST_S} s" if spoken_s < SHORTEST_S else f"at most {LONGEST_S:.0f} s"
        raise UnfitRecordingError(f"{came.file}: {spoken_s:.2f} s are left without the silence; a prompt has {wanted}")
    samples = fade(level(spoken, usual_db, _PEAK_DB), FADE_S, FADE_S)
    figures = measured(pcm(samples) / 32768)  # of what the file will hold
    return Finished(samples, figures, tuple(_warnings(came, figures, usual_db)))


def keep(samples: Samples, target: Path, *, replace: bool) -> None:
    """Write a prompt, whole or not at all and so that a power cut leaves it, as who the studio folder belongs to.

    Without `replace` one that is there stays, also when two write at once. Raises NotKeptError.
    """
    try:
        with as_owner_of(target.parent):
            _make_folder(target.parent)
            _write(samples, target, replace=replace)
    except OSError as error:
        stays = "; the one that was there still is" if os.path.lexists(target) else ""
        raise NotKeptError(f"{target}: cannot be kept: {error.strerror}{stays}") from error


def _warnings(came: Delivered, figures: Measured, usual_db: float) -> list[str]:
    said = oddities(figures, usual_db)
    if came.clipped:
        places = f"{came.clipped} place{'s' * (came.clipped > 1)}"
        said.insert(0, f"clipped in {places}: the studio recorded it too loud, and callers hear that")
    off_db = figures.level_db - usual_db
    if abs(off_db) > CLOSE_DB:
        said.append(f"comes no nearer than {abs(off_db):.1f} dB to the others: its loudest spots stand out too far")
    return said


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)  # whatever the umask: the hotline reads here, and may be another user
    _sync(folder.parent)


def _write(samples: Samples, target: Path, *, replace: bool) -> None:
    draft = target.with_name(f".{target.name}.{secrets.token_hex(8)}.part")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, _EVERYBODY_READS)
    try:
        with named(target), os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, _EVERYBODY_READS)
            file.write(wav(samples))
            file.flush()
            os.fsync(descriptor)
        _name(draft, target, replace=replace)
    finally:
        draft.unlink(missing_ok=True)
    _sync(target.parent)


def _name(draft: Path, target: Path, *, replace: bool) -> None:
    """Give the file its name; a link is refused where the name is taken, which no look before can promise."""
    taken = False
    if not replace:
        try:
            target.hardlink_to(draft)
            return
        except OSError:  # taken, or a file system without links
            taken = os.path.lexists(target)
    if taken:
        raise NotKeptError(f"{target} is there already; --replace puts this one in its place")
    draft.replace(target)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
