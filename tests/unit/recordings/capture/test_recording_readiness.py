"""When a recording is finished, adopted, thrown away or missed."""

from __future__ import annotations

import pytest

from calls.recording import EndedTalk
from recordings.capture.readiness import Step, adopted, next_step
from recordings.capture.spool import SpoolFile
from tests.unit.recordings.raw_talk import BEGAN_MS, FILE, ended_talk

HOUR_MS = 3_600_000
TALK = ended_talk()
ENDED_MS = TALK.ended_ms
HARDLY = ended_talk(bridged_ms=300)


def found(size: int = 32_000, written: bool | None = False) -> SpoolFile:
    return SpoolFile(FILE, size, ENDED_MS, written)


@pytest.mark.parametrize(
    ("file", "talk", "after_ms", "step"),
    [
        (found(), TALK, 499, Step.WAIT),
        (found(), TALK, 500, Step.FINISH),
        (found(written=True), TALK, 9 * HOUR_MS, Step.WAIT),
        (found(written=None), TALK, 1_999, Step.WAIT),
        (found(written=None), TALK, 2_000, Step.FINISH),
        (found(), None, HOUR_MS - 1, Step.WAIT),
        (found(), None, HOUR_MS, Step.ADOPT),
        (found(written=True), None, 99 * HOUR_MS, Step.WAIT),
        (found(size=0), None, 59_999, Step.WAIT),
        (found(size=0), None, 60_000, Step.DISCARD),
        (found(size=0, written=True), None, 99 * HOUR_MS, Step.WAIT),  # the net's file while the caller waits
        (found(size=0, written=None), None, 23 * HOUR_MS, Step.WAIT),
        (found(size=0, written=None), None, 24 * HOUR_MS, Step.DISCARD),
        (None, TALK, 14_999, Step.WAIT),
        (None, TALK, 15_000, Step.NOTE_MISSING),
        (found(size=3), TALK, 15_000, Step.NOTE_MISSING),
        (None, HARDLY, 14_999, Step.WAIT),
        (None, HARDLY, 15_000, Step.NOTE_EMPTY),
        (found(size=0), HARDLY, 60_000, Step.NOTE_EMPTY),
        (found(), HARDLY, 500, Step.FINISH),
        (None, ended_talk(bridged_ms=1_001), 15_000, Step.NOTE_MISSING),
        (None, None, 60_000, Step.WAIT),
    ],
)
def test_what_is_done(file: SpoolFile | None, talk: EndedTalk | None, after_ms: int, step: Step) -> None:
    assert next_step(file, talk, ENDED_MS + after_ms) is step


def test_an_adopted_recording_ended_when_it_was_last_written() -> None:
    talk = adopted(SpoolFile(FILE, 5 * 32_000, BEGAN_MS + 5_000, False))
    assert (talk.call, talk.seq, talk.offer) == ("hl1-1764000000.12", 1, 2)
    assert (talk.began_ms, talk.ended_ms, talk.operator) == (BEGAN_MS, BEGAN_MS + 5_000, None)
