"""Hits of a search as people read them: sure ones, other readings of the number and adjacent dates, never mixed."""

from __future__ import annotations

from collections.abc import Sequence

from bailanys.cli.context import say, show
from recordings.access.hits import apart, line
from storage.recording_search import FoundRecording


def show_hits(
    found: Sequence[FoundRecording], zone: str, selected: Sequence[str] | None = None, *, wide: bool = False
) -> None:
    """Print the kinds of hits that there are, each with its title; `selected` are marked."""
    several = len({hit.number for hit in found if hit.number}) > 1
    for at, (title, hits) in enumerate(apart(found)):
        if at:
            say("")
        doubtful = any(one.match != "exact" for one in hits)
        rows = [line(hit, zone, doubtful=doubtful, several=several) for hit in hits]
        if selected is not None:
            rows = [
                {"arrived": row.pop("arrived"), "selected": "yes" if row["recording"] in selected else "no"} | row
                for row in rows
            ]
        show(rows, as_json=False, title=title, wide=wide)
