"""What is known of a talk whose recording has to be finished, and of the finished recording (rule 14)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from calls.ids import CallId, GroupId, OperatorId


class RecordingStatus(StrEnum):
    """What became of a talk's recording; every talk ends in exactly one."""

    OK = "ok"  # in the archive, whole
    REPAIRED = "repaired"  # in the archive; Asterisk died in mid-sample, and the odd bytes were cut off
    ORPHAN = "orphan"  # in the archive, but no talk is known that it belongs to
    EMPTY = "empty"  # the two were never bridged: there was nothing to record
    DISPOSED = "disposed"  # its time was over: only its hash is left, here and in the audit log
    MISSING = "missing"  # there was a talk and no recording: an explained gap, with an alarm


class GapReason(StrEnum):
    """Why a stretch of a talk has no recording."""

    PAUSED = "paused"  # by the operator, for sensitive data
    DISK_FULL = "disk-full"  # the spool took no bytes
    DISK_UNWRITABLE = "disk-unwritable"  # the spool was read-only, away or broken
    NO_SOUND = "no-sound"  # neither side sent anything: there is silence in its place
    ASTERISK_DIED = "asterisk-died"  # what Asterisk had in memory when it was killed
    UNKNOWN = "unknown"  # nobody can say: a person must look


Span = tuple[int, int]
"""From and to, UTC epoch ms."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of a talk without a recording. Instants are UTC epoch ms; `to_ms` None while it lasts."""

    call: CallId
    seq: int
    from_ms: int
    to_ms: int | None
    reason: str
    """One of `GapReason`; text, so that a later version's reason can be read."""
    by: str = ""
    """Who made it, of a gap that a person made."""
    detail: str = ""
    """Why, in that person's words."""


@dataclass(frozen=True, slots=True)
class SpoolFault:
    """A time in which the spool took no bytes; `to_ms` None while it lasts. Instants are UTC epoch ms."""

    from_ms: int
    to_ms: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class EndedTalk:
    """A talk that has ended and has no recording in the ledger yet. Instants are UTC epoch ms."""

    call: CallId
    seq: int
    """The segment of the call."""
    offer: int
    """The offer, counted over the whole call, that led to this talk."""
    operator: OperatorId | None
    group: GroupId | None
    began_ms: int
    ended_ms: int
    bridged_ms: int | None = None
    """How long caller and operator were bridged; None when the journal does not say."""
    lost: bool = False
    """Asterisk died in it: no channel was left to say how it ended."""
    file: str = ""
    """The name of its file without suffix, as the journal says; empty when it does not."""
    silent: tuple[Span, ...] = ()
    """When neither side sent anything, as the dialplan saw it."""
    connected: tuple[Span, ...] = ()
    """When the two were bridged; told where there is something silent."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording as the ledger keeps it, one per (call, seq, offer).

    A second file of one talk (an orphan's name may say the same) is kept under an offer that nobody can have made.
    """

    call: CallId
    seq: int
    offer: int
    file: str
    """The spool's and the archive's name of it, without suffix: holds nothing of the caller."""
    status: RecordingStatus
    made_ms: int
    """When it was finished, UTC epoch ms."""
    path: str = ""
    """Of the FLAC, relative to the archive, with forward slashes; empty when there is none."""
    duration_ms: int = 0
    bridged_ms: int | None = None
    bytes: int = 0
    """Size of the FLAC."""
    sha256: str = ""
    """Of the FLAC, in hexadecimal; empty when there is none."""
    caller_dbfs: float | None = None
    """Level of the caller's side where it is not silent; a full-scale sine is 0, all silence is -120."""
    operator_dbfs: float | None = None
    caller_active_ms: int | None = None
    """How long anything was to be heard of the caller; the rest is silence. None: made before it was measured."""
    operator_active_ms: int | None = None
    caller_clipped_ms: int | None = None
    """How long the caller was too loud to be recorded as they were: the sound ran into full scale."""
    operator_clipped_ms: int | None = None
