"""What of a talk has no sound, and the reason that the ledger then holds (promise 1)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from calls.recording import EndedTalk, Gap, SpoolFault
from recordings.capture.gaps import BUFFER_MS, as_it_was, gaps_of, lacks
from tests.unit.recordings.raw_talk import BEGAN_MS, ended_talk

MINUTE = 60_000


def talk(bridged_ms: int | None = MINUTE, **over: object) -> EndedTalk:
    return replace(ended_talk(lasted_ms=MINUTE, bridged_ms=bridged_ms), **over)  # type: ignore[arg-type]


def told(gaps: tuple[Gap, ...]) -> list[tuple[int, int | None, str]]:
    """From and to, counted from the talk's begin, and why."""
    return [(gap.from_ms - BEGAN_MS, gap.to_ms and gap.to_ms - BEGAN_MS, gap.reason) for gap in gaps]


@pytest.mark.parametrize(("recorded_ms", "missing"), [(60_000, False), (58_701, False), (58_699, True), (0, True)])
def test_a_recording_within_the_tolerance_lacks_nothing(recorded_ms: int, missing: bool) -> None:
    """Promise 2: a second and half a percent."""
    assert lacks(talk(), recorded_ms) is missing
    assert bool(gaps_of(talk(), recorded_ms, ())) is missing


def test_a_full_disk_explains_what_is_missing_for_as_long_as_it_was_full() -> None:
    """Promise 14: a gap row."""
    full = SpoolFault(BEGAN_MS + 20_000, BEGAN_MS + 50_000, "disk-full")
    assert told(gaps_of(talk(), 30_000, [full])) == [(20_000, 50_000, "disk-full")]
    still = SpoolFault(BEGAN_MS - 5_000, None, "disk-full")
    assert told(gaps_of(talk(), 0, [still])) == [(0, MINUTE, "disk-full")]
    assert gaps_of(talk(), 60_000, [still]) == ()  # whatever the disk did: every second is there


def test_what_nobody_can_explain_is_said_to_be_so() -> None:
    before = SpoolFault(BEGAN_MS - 5_000, BEGAN_MS - 1, "disk-full")
    (gap,) = gaps_of(talk(), 30_000, [before])
    assert told((gap,)) == [(0, MINUTE, "unknown")]  # somewhere: what is there may be of its end
    assert gap.detail == "30000 ms, somewhere in it"


def test_a_talk_that_asterisk_died_in_ends_with_its_file_and_lacks_one_buffer() -> None:
    """Promise 5."""
    noticed_late = talk(lost=True)
    was = as_it_was(noticed_late, BEGAN_MS + 30_000)
    assert (was.ended_ms - BEGAN_MS, was.bridged_ms) == (30_000 + BUFFER_MS, 30_000 + BUFFER_MS)
    assert told(gaps_of(was, 30_000, ())) == [(30_000, 30_000 + BUFFER_MS, "asterisk-died")]
    assert as_it_was(talk(), BEGAN_MS + 30_000) == talk()  # an end that was told is believed
    more = gaps_of(was, 10_000, ())
    assert [gap.reason for gap in more] == ["unknown", "asterisk-died"]


def test_without_a_time_connected_only_a_recording_that_is_not_there_is_missed() -> None:
    assert gaps_of(talk(None), 5_000, ()) == ()
    assert told(gaps_of(talk(None), 0, ())) == [(0, MINUTE, "unknown")]
