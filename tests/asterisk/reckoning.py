"""What the ledger and the archive must hold of a call after any death: everything, once."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import BinaryIO

from calls.recording import Recording, RecordingStatus
from phones import tones
from recordings.vault.folder import Folder
from recordings.vault.keyring import ring_at
from recordings.vault.opening import open_recording, sidecar_of
from storage.ledger import CallStory

LENGTH_S = 1.0
"""Tolerance of a recording's length against the time connected (plus 0.5 %)."""


def answered(story: CallStory, operators: list[str], scores: list[int | None] | None = None) -> None:
    """The call was answered by these operators, one after the other, and each last one rated with these scores."""
    record = story.record
    assert record.call.result == "answered"
    assert record.call.ended_ms is not None
    assert record.call.answered_ms is not None
    segments = [record.segments[seq] for seq in sorted(record.segments)]
    assert [segment.operator_id for segment in segments] == operators
    assert [segment.seq for segment in segments] == list(range(1, len(operators) + 1))
    assert all(segment.ended_ms is not None and segment.queued_ms is not None for segment in segments)
    assert all(line.hung_up_ms is not None for line in record.lines.values())
    assert all(offer.status is not None and offer.ended_ms is not None for offer in record.offers.values())
    taken = [offer for offer in record.offers.values() if offer.status == "ANSWER"]
    assert len(taken) == len(operators)
    assert len(story.recordings) == len(taken)
    if scores is not None:
        assert [rating.score for rating in record.ratings.values()] == scores


def recorded(story: CallStory, archive: Path, spool: Path, caller_hz: int, operator_hz: list[int]) -> None:
    """Each talk is in the archive, whole, the caller left and the operator right, and nothing is left in the spool."""
    for recording, hz in zip(story.recordings, operator_hz, strict=True):
        _whole(recording, archive, caller_hz, hz)
        assert not list(spool.glob(f"{recording.file}*"))


def plain(archive: Path, recording: Recording) -> BinaryIO:
    """The FLAC of a recording; the keys lie where the configuration's default says."""
    store, ring = Folder(archive), ring_at(archive.parent / "keys" / "archive.json")
    return open_recording(store, sidecar_of(store, recording.path), ring)


def _whole(recording: Recording, archive: Path, caller_hz: int, operator_hz: int) -> None:
    assert recording.status is RecordingStatus.OK
    with plain(archive, recording) as opened:
        heard = io.BytesIO(opened.read())
    assert hashlib.sha256(heard.getvalue()).hexdigest() == recording.sha256
    assert recording.bridged_ms is not None
    length_s, bridged_s = recording.duration_ms / 1000, recording.bridged_ms / 1000
    assert abs(length_s - bridged_s) <= LENGTH_S + 0.005 * bridged_s, f"{length_s} s of {bridged_s} s are recorded"
    # The first and the last quarter of a second may hold the set-up and the hang-up.
    for channel, hz in ((0, caller_hz), (1, operator_hz)):
        assert tones.hears(heard, hz, 0.25, max(length_s - 0.25, 0.5), channel, share=0.95)
