"""What is to be done about a talk and its raw file, as a pure decision."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum, auto

from calls.recording import EndedTalk
from recordings.audio import FRAME_BYTES, duration_ms
from recordings.capture.spool import SpoolFile
from recordings.naming import origin_of

SETTLED_MS = 500
SETTLED_UNSURE_MS = 2_000
"""When the system does not say whether a file is open: twice the time that fills MixMonitor's 32 KiB buffer."""
MISSING_MS = 15_000
"""The file of a talk is there from its begin, if ever; so long may a busy machine need to close it."""
EMPTY_MS = 60_000
EMPTY_UNSURE_MS = 24 * 3_600_000
"""The safety net opens its file when the caller begins to wait: removing it then would lose the talk."""
ORPHAN_MS = 3_600_000
HARDLY_BRIDGED_MS = 1_000
"""Within the tolerance of a recording's length: a talk so short may leave no samples."""


class Step(Enum):
    """What to do now."""

    WAIT = auto()
    FINISH = auto()  # encode and keep
    ADOPT = auto()  # the same, though no talk is known
    DISCARD = auto()  # an offer that nobody answered: there is nothing in the file
    NOTE_EMPTY = auto()  # a row that says that there was nothing to record
    NOTE_MISSING = auto()  # a row that says that the recording is not there, and an alarm


def next_step(found: SpoolFile | None, talk: EndedTalk | None, now_ms: int, *, all_over: bool = False) -> Step:
    """Decide about a raw file that was found, a talk that has ended, or both together.

    `all_over`: no Asterisk runs, so that nothing that is not there now will come.
    """
    if found is not None and (found.being_written or not _has_settled(found, now_ms)):
        return Step.WAIT
    nobody_spoke = talk is not None and bool(talk.silent)  # an empty file, then, has silence put into it
    has_audio = found is not None and (found.bytes >= FRAME_BYTES or nobody_spoke)
    if talk is None:
        return _without_talk(found, has_audio, now_ms, all_over)
    if has_audio:
        return Step.FINISH
    if now_ms - talk.ended_ms < MISSING_MS and not all_over:
        return Step.WAIT
    hardly_bridged = talk.bridged_ms is not None and talk.bridged_ms <= HARDLY_BRIDGED_MS
    return Step.NOTE_EMPTY if hardly_bridged else Step.NOTE_MISSING


def adopted(found: SpoolFile) -> EndedTalk:
    """The talk that a raw file must have been: its last byte was the end. Raises ValueError for a name not ours."""
    origin = origin_of(found.file)
    if origin is None:
        raise ValueError(f"not the name of a recording: {found.file!r}")
    began_ms = max(found.changed_ms - duration_ms(found.bytes), 0)
    talk = EndedTalk(origin.call, origin.seq, origin.offer, None, None, began_ms, found.changed_ms)
    return replace(talk, file=found.file)


def _has_settled(found: SpoolFile, now_ms: int) -> bool:
    needed_ms = SETTLED_MS if found.being_written is False else SETTLED_UNSURE_MS
    return now_ms - found.changed_ms >= needed_ms


def _without_talk(found: SpoolFile | None, has_audio: bool, now_ms: int, all_over: bool) -> Step:
    if found is None:
        return Step.WAIT
    quiet_ms = now_ms - found.changed_ms
    if has_audio:
        return Step.ADOPT if all_over or quiet_ms >= ORPHAN_MS else Step.WAIT
    needed_ms = 0 if all_over else EMPTY_MS if found.being_written is False else EMPTY_UNSURE_MS
    return Step.DISCARD if quiet_ms >= needed_ms else Step.WAIT
