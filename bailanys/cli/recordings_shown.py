"""Hits of a search as people read them: sure ones, other readings of the number and adjacent dates, never mixed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bailanys.cli.context import show
from calls.local_day import local_time
from recordings.access.search import WHY, apart
from storage.recording_search import FoundRecording


def show_hits(found: Sequence[FoundRecording], zone: str, selected: Sequence[str] | None = None) -> None:
    """Print the kinds of hits that there are, each with its title; `selected` are marked."""
    several = len({hit.number for hit in found if hit.number}) > 1
    for title, hits in apart(found):
        doubtful = any(one.match != "exact" for one in hits)
        rows = [_line(hit, zone, doubtful=doubtful, several=several) for hit in hits]
        if selected is not None:
            rows = [{"selected": "yes" if row["recording"] in selected else "no", **row} for row in rows]
        show(rows, as_json=False, title=title, whole="recording")


def _line(hit: FoundRecording, zone: str, *, doubtful: bool, several: bool) -> dict[str, Any]:
    """What a person needs to see of a hit; `--json` has all of it."""
    recording = hit.recording
    return {
        "arrived": f"{local_time(hit.arrived_ms, zone):%Y-%m-%d %H:%M:%S %z}",
        "phone": hit.caller_key,
        **({"found_for": hit.number or None} if several else {}),
        **({"why": WHY[hit.why]} if doubtful else {}),
        "operator": hit.operator_id,
        "group": f"{hit.group_id or '–'} ({hit.language})" if hit.language else hit.group_id,
        "rating": hit.score,
        "seconds": round(recording.duration_ms / 1000, 1) if recording and recording.path else None,
        "status": (recording.status.value if recording else "not finished yet") + (", on hold" if hit.held else ""),
        "recording": recording.file if recording else f"{hit.call_id}-{hit.seq}-{hit.offer}",
    }
