"""What a person should hear about a recording that is in the archive and yet not as it should be."""

from __future__ import annotations

from calls.recording import Recording

SLACK_MS = 1_000
SLACK_SHARE = 0.005
CLIPPED_MS = 200
CLIPPED_SHARE = 0.01
"""Of what is heard of a side: less is a laugh or a door."""


def remarks(recording: Recording, silent_sides: tuple[str, ...]) -> tuple[str, ...]:
    """`caller_silent`, `caller_clipped` (too loud), the same of the operator, and `short` or `long`.

    A length is right within a second and half a percent of the time that the two were bridged.
    """
    found = [f"{side}_silent" for side in silent_sides]
    sides = (
        ("caller", recording.caller_clipped_ms, recording.caller_active_ms),
        ("operator", recording.operator_clipped_ms, recording.operator_active_ms),
    )
    for side, clipped_ms, active_ms in sides:
        if clipped_ms is not None and clipped_ms >= max(CLIPPED_MS, CLIPPED_SHARE * (active_ms or 0)):
            found.append(f"{side}_clipped")
    if recording.bridged_ms is not None:
        off_ms = recording.duration_ms - recording.bridged_ms
        if abs(off_ms) > slack_ms(recording.bridged_ms):
            found.append("short" if off_ms < 0 else "long")
    return tuple(found)


def slack_ms(bridged_ms: int) -> float:
    """How far a recording's length may be from the time connected (promise 2)."""
    return SLACK_MS + SLACK_SHARE * bridged_ms
