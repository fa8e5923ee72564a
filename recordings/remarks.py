"""What a person should hear about a recording that is in the archive and yet not as it should be."""

from __future__ import annotations

from calls.recording import Recording

SLACK_MS = 1_000
SLACK_SHARE = 0.005


def remarks(recording: Recording, silent_sides: tuple[str, ...]) -> tuple[str, ...]:
    """`caller_silent`, `operator_silent`, and `short` or `long` against the time that the two were bridged.

    A length is right within a second and half a percent of the bridged time.
    """
    found = [f"{side}_silent" for side in silent_sides]
    if recording.bridged_ms is not None:
        off_ms = recording.duration_ms - recording.bridged_ms
        if abs(off_ms) > SLACK_MS + SLACK_SHARE * recording.bridged_ms:
            found.append("short" if off_ms < 0 else "long")
    return tuple(found)
