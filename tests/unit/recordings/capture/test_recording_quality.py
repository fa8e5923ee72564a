"""What is said about a recording: silence, and a length that is not the talk's."""

from __future__ import annotations

import pytest

from calls.ids import CallId
from calls.recording import Recording, RecordingStatus
from recordings.capture.quality import remarks


@pytest.mark.parametrize(
    ("duration_ms", "bridged_ms", "said"),
    [
        (60_000, None, ()),
        (60_000, 61_300, ()),
        (60_000, 61_310, ("short",)),
        (61_300, 60_000, ()),
        (61_301, 60_000, ("long",)),
        (0, 1_000, ()),
        (3_600_000, 3_618_000, ()),
    ],
)
def test_a_length_is_right_within_a_second_and_half_a_percent(
    duration_ms: int, bridged_ms: int | None, said: tuple[str, ...]
) -> None:
    made = Recording(
        *(CallId("hl1-1.1"), 1, 1, "hl1-1.1-1-1", RecordingStatus.OK, 0),
        duration_ms=duration_ms,
        bridged_ms=bridged_ms,
    )
    assert remarks(made, ()) == said
    assert remarks(made, ("caller", "operator")) == ("caller_silent", "operator_silent", *said)


@pytest.mark.parametrize(
    ("clipped_ms", "active_ms", "said"),
    [
        (None, None, ()),
        (180, 5_000, ()),
        (200, 5_000, ("operator_clipped",)),
        (500, 60_000, ()),
        (600, 60_000, ("operator_clipped",)),
    ],
)
def test_a_side_that_is_too_loud_for_long_is_told(
    clipped_ms: int | None, active_ms: int | None, said: tuple[str, ...]
) -> None:
    made = Recording(
        *(CallId("hl1-1.1"), 1, 1, "hl1-1.1-1-1", RecordingStatus.OK, 0),
        operator_active_ms=active_ms,
        operator_clipped_ms=clipped_ms,
    )
    assert remarks(made, ()) == said
