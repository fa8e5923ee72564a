"""What is told of a talk that was found, once: the API, the command line, a package and its protocol take it from here.

A new column is a field of `storage.recording_search.FoundRecording`, a line of `facts`, its name in `row` or `line`,
and for the API a field of its answer with the same name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from calls.local_day import local_time
from calls.search import Why
from storage.recording_search import FoundRecording

WHY = {
    Why.NUMBER: "the caller's number",
    Why.IDENTITY: "another number that came with the call",
    Why.CALLBACK: "a callback was asked for from this number, or to it",
    Why.READING: "another reading of the number",
    Why.ENDING: "the last digits are the same",
    Why.UNATTRIBUTED: "nobody knows who called: the journal of that call is lost",
}
"""What ties a talk to the number that was named, in words."""
UNFINISHED = "not finished yet"
"""The status, for people, of a recording that has no row yet."""


def facts(hit: FoundRecording) -> dict[str, Any]:
    """All there is of a hit, by the API's names; None for what is not known, or not there."""
    made = hit.recording
    return {
        "call": hit.call_id,
        "segment": hit.seq,
        "match": hit.match,
        "why": hit.why.value,
        "number": hit.number or None,
        "day": hit.day,
        "phone": hit.caller_key,
        "number_as_presented": hit.caller_raw,
        "operator": hit.operator_id,
        "group": hit.group_id,
        "language": hit.language,
        "rating": hit.score,
        "arrived_ms": hit.arrived_ms,
        "answered_ms": hit.answered_ms,
        "ended_ms": hit.ended_ms,
        "on_hold": hit.held,
        "file": made.file if made else None,
        "status": made.status.value if made else None,
        "duration_ms": made.duration_ms if made else None,
        "bridged_ms": made.bridged_ms if made else None,
        "path": made.path or None if made else None,
        "sha256": made.sha256 or None if made else None,
        "sound": bool(made and made.path),
    }


def picked(hit: FoundRecording, *names: str) -> dict[str, Any]:
    """Some of the facts, in this order."""
    told = facts(hit)
    return {name: told[name] for name in names}


def row(hit: FoundRecording, place_of: Callable[[str], str]) -> dict[str, Any]:
    """A hit for programs, as `recordings find --json` writes it: by the API's names, and `recording` for its `file`.

    `place_of`: where the archive has a path, which is `file` here.
    """
    made = hit.recording
    return {
        **picked(hit, "arrived_ms", "match", "why", "number", "day"),
        **picked(hit, "phone", "operator", "group", "language", "rating"),
        "status": made.status.value if made else UNFINISHED,
        "on_hold": hit.held,
        "recording": made.file if made else None,
        "length_s": _length_s(hit),
        "file": place_of(made.path) if made and made.path else None,
        "sha256": made.sha256 if made else None,
        "call": hit.call_id,
        "seq": hit.seq,
        **picked(hit, "answered_ms", "ended_ms", "duration_ms", "path"),
    }


def row_of_demand(hit: FoundRecording) -> dict[str, Any]:
    """A hit for programs, as `demands` writes it."""
    return {
        **picked(hit, "call", "segment", "file", "match", "why", "number", "day", "arrived_ms", "phone", "operator"),
        "status": hit.recording.status.value if hit.recording else UNFINISHED,
        "on_hold": hit.held,
        "length_s": _length_s(hit),
    }


def line(hit: FoundRecording, zone: str, *, doubtful: bool, several: bool) -> dict[str, Any]:
    """A hit as a person needs to see it; `doubtful`: with why it may be meant, `several`: with the number it is of."""
    made = hit.recording
    return {
        "arrived": f"{local_time(hit.arrived_ms, zone):%Y-%m-%d %H:%M:%S %z}",
        "phone": hit.caller_key,
        **({"found_for": hit.number or None} if several else {}),
        **({"why": WHY[hit.why]} if doubtful else {}),
        "operator": hit.operator_id,
        "group": f"{hit.group_id or '–'} ({hit.language})" if hit.language else hit.group_id,
        "rating": hit.score,
        "seconds": _length_s(hit) if made and made.path else None,
        "status": (made.status.value if made else UNFINISHED) + (", on hold" if hit.held else ""),
        "recording": made.file if made else f"{hit.call_id}-{hit.seq}-{hit.offer}",
    }


def apart(found: Sequence[FoundRecording]) -> Iterator[tuple[str, list[FoundRecording]]]:
    """The kinds of hits that there are, each with its title: they are never mixed."""
    on = [hit for hit in found if hit.day == "on"]
    for title, hits in (
        ("Talks", [hit for hit in on if hit.match == "exact"]),
        ("Possible: see why; a person decides", [hit for hit in on if hit.match != "exact"]),
        ("Adjacent: within an hour of the dates", [hit for hit in found if hit.day != "on"]),
    ):
        if hits:
            yield title, hits


def _length_s(hit: FoundRecording) -> float | None:
    return round(hit.recording.duration_ms / 1000, 1) if hit.recording else None
