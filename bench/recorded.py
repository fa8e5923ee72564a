"""What the phones saw against the recordings: which talk has none and no reason, and how far lengths are off."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import soundfile

from bench.flows import Talks
from bench.losses import HEARD_DBFS, Opened
from calls.recording import GapReason, Recording, RecordingStatus
from phones import tones
from recordings.errors import RecordingError
from recordings.vault.opening import plain_sha256
from storage.ledger import CallStory

CALLER_HZ, OPERATOR_HZ = 440, 1000
SHARE = 0.005
"""What a length may be off for each second connected, beside the one second."""
APART_DB = 20.0
WHOLE = (RecordingStatus.OK, RecordingStatus.REPAIRED)


@dataclass(frozen=True, slots=True)
class Judged:
    """One caller's recordings."""

    unexplained: tuple[str, ...]
    """A talk without a recording and without a reason, each in words."""
    explained: int
    """Talks without a recording, or parts of one, with a reason that is not `unknown`."""
    lengths_off_s: tuple[float, ...]
    """How far each length is off the time connected, less the share: at most one second is right."""


def judge(talks: Talks, story: CallStory | None, opened: Opened) -> Judged:
    """Hold what the phones played against what the ledger and the archive have."""
    if story is None:
        return Judged(tuple(f"talk with {sorted(who)}: the call is not in the ledger" for who in talks), 0, ())
    recordings = {recording.seq: recording for recording in story.recordings}
    trouble, explained = [], 0
    for seq, who in enumerate(talks, 1):
        segment = story.record.segments.get(seq)
        if segment is None or not who >= {segment.operator_id, *(segment.also or "").split(",")} - {""}:
            trouble.append(f"talk {seq} with {sorted(who)}: in the ledger with {segment and segment.operator_id}")
            continue
        wrong = missing(recordings.get(seq), opened)
        reasons = {gap.reason for gap in story.record.gaps.values() if gap.seq == seq}
        reasons -= {GapReason.UNKNOWN.value, GapReason.NO_SOUND.value}
        explained += bool(wrong and reasons)
        if wrong and not reasons:
            trouble.append(f"talk {seq} with {sorted(who)}: {wrong}")
    trouble += [f"a talk {seq} that nobody had" for seq in recordings if seq > len(talks)]
    return Judged(tuple(trouble), explained, tuple(_off(story.recordings)))


def missing(recording: Recording | None, opened: Opened) -> str:
    """Why there is no sound recording of a talk; empty when there is one."""
    if recording is None:
        return "no recording"
    if recording.status not in WHOLE:
        return f"the recording is {recording.status}"
    try:
        if plain_sha256(opened(recording.path)) != recording.sha256:
            return "the file is not what the ledger says"
        return sides(opened(recording.path))
    except (OSError, RecordingError) as error:
        return f"the file does not open: {error}"


def sides(flac: BinaryIO) -> str:
    """What is wrong with the two sides: the caller's tone left, the operator's right; empty when nothing is."""
    with flac:
        samples, rate = soundfile.read(io.BytesIO(flac.read()), dtype="float64", always_2d=True)
    for channel, side, there, elsewhere in ((0, "left", CALLER_HZ, OPERATOR_HZ), (1, "right", OPERATOR_HZ, CALLER_HZ)):
        level = tones.tones_in(samples[:, channel], rate, (there, elsewhere))
        if level[there] < HEARD_DBFS or level[there] < level[elsewhere] + APART_DB:
            return f"{side}: {there} Hz at {level[there]:.0f} dB, {elsewhere} Hz at {level[elsewhere]:.0f}"
    return ""


def _off(recordings: Sequence[Recording]) -> Iterator[float]:
    for recording in recordings:
        if recording.status in WHOLE and recording.bridged_ms is not None:
            off_s = abs(recording.duration_ms - recording.bridged_ms) / 1000
            yield max(0.0, off_s - SHARE * recording.bridged_ms / 1000)
