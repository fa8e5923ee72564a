"""Names of recordings, in the spool and in the archive: strict both ways, and nothing of the caller in them.

The dialplan names a spool file `<call>-<seq>-<offer>-<mark>.raw`, e.g.
`hl1-1764000000.12-1-2-1764000009123481516.raw`; the archive keeps it as `YYYY/MM/DD/HH/<the same>.flac.enc` (`.flac`
when it is not encrypted), by the UTC hour in which the talk began. Local dates are a matter of the search (rule 14): an
hour of UTC exists once, an hour of local time may come twice.

The mark is drawn as the recording begins, an instant and a random number, so that no two files have one name whatever
becomes of the variables that the rest is made of. Recordings of before 2026-11-29 have none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import PurePosixPath

from calls.ids import CallId
from calls.recording import EndedTalk

RAW = ".raw"
FLAC = ".flac"
SEALED = ".flac.enc"
SIDECAR = ".json"

_FILE = re.compile(
    r"(?P<call>[a-z][a-z0-9]{0,15}-[0-9]{1,12}\.[0-9]{1,10})-(?P<seq>[1-9][0-9]{0,5})-(?P<offer>[1-9][0-9]{0,8})"
    r"(?:-(?P<mark>[0-9]{6,24}))?"
)
_LAST_MS = 253_402_300_800_000  # the year 10000, where `YYYY` ends


class CopyKind(StrEnum):
    """The form of a copy; FLAC and WAV hold every sample, Opus is a sixth of FLAC's size and for the ear only."""

    FLAC = "flac"
    WAV = "wav"
    OPUS = "opus"


@dataclass(frozen=True, slots=True)
class Origin:
    """Which offer of which segment of which call a recording comes from."""

    call: CallId
    seq: int
    offer: int
    mark: str = ""
    """What tells it from any other of that name; empty in recordings of before there were marks."""


def file_of(origin: Origin) -> str:
    """The name without suffix. Raises ValueError for an origin that the dialplan cannot have made."""
    file = f"{origin.call}-{origin.seq}-{origin.offer}{origin.mark and '-'}{origin.mark}"
    if _FILE.fullmatch(file) is None:
        raise ValueError(f"no recording can come from {origin}")
    return file


def file_of_talk(talk: EndedTalk) -> str:
    """The name of its recording without suffix: as the journal says, else without a mark. Raises ValueError."""
    said = origin_of(talk.file)
    if said is not None and (said.call, said.seq, said.offer) == (talk.call, talk.seq, talk.offer):
        return talk.file
    return file_of(Origin(talk.call, talk.seq, talk.offer))


def origin_of(file: str) -> Origin | None:
    """Read a name without suffix; None when it is not one of ours."""
    match = _FILE.fullmatch(file)
    if match is None:
        return None
    return Origin(CallId(match["call"]), int(match["seq"]), int(match["offer"]), match["mark"] or "")


def file_in_spool(name: str) -> str | None:
    """The name without suffix of a file in the spool; None when the file is not one of our recordings."""
    file = name.removesuffix(RAW)
    return file if name.endswith(RAW) and _FILE.fullmatch(file) else None


def archive_path(file: str, began_ms: int, *, sealed: bool) -> PurePosixPath:
    """Where the archive keeps a recording of a talk that began then (UTC epoch ms), relative to the archive.

    Raises ValueError for a name that is not ours, so that no path can lead out of the archive, and for an instant
    before 1970 or after 9999.
    """
    if _FILE.fullmatch(file) is None:
        raise ValueError(f"not the name of a recording: {file!r}")
    if not 0 <= began_ms < _LAST_MS:
        raise ValueError(f"no instant a talk can begin at: {began_ms} ms")
    began = datetime.fromtimestamp(began_ms // 1000, UTC)
    return PurePosixPath(f"{began:%Y/%m/%d/%H}") / f"{file}{SEALED if sealed else FLAC}"
