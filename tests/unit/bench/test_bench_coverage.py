"""The coverage benchmark finds each talk without a recording; the drift benchmark each tick that moves."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bench.drift import figures, ticks
from bench.recorded import CALLER_HZ, OPERATOR_HZ, judge
from calls.ids import CallId
from calls.recording import Recording, RecordingStatus
from phones import tones
from storage.ledger import CallStory
from storage.record import CallRecord, CallRow, GapRow, SegmentRow

CALL = "hl1-1764000000.1"
TALKS = [{"201"}, {"201", "202"}]


def story(
    archive: Path,
    statuses: Mapping[int, RecordingStatus | None],
    gaps: Mapping[int, str] | None = None,
    *,
    swapped: bool = False,
    bridged_ms: int = 2_000,
) -> CallStory:
    said = [tones.tone(CALLER_HZ, 2.0), tones.tone(OPERATOR_HZ, 2.0)]
    flac = io.BytesIO()
    soundfile.write(flac, np.column_stack(said[::-1] if swapped else said), 8000, format="FLAC")
    (archive / "a.flac").write_bytes(flac.getvalue())
    sha256 = hashlib.sha256(flac.getvalue()).hexdigest()
    record = CallRecord(
        CallRow(CALL, "hl1", 1_000_000),
        segments={1: SegmentRow(CALL, 1, operator_id="201"), 2: SegmentRow(CALL, 2, operator_id="202", also="201")},
        gaps={(seq, 1): GapRow(CALL, seq, 1, 2, reason) for seq, reason in (gaps or {}).items()},
    )
    made = [
        Recording(*(CallId(CALL), seq, seq, f"{CALL}-{seq}-{seq}", status, 0, "a.flac", 2_000, bridged_ms, 1, sha256))
        for seq, status in statuses.items()
        if status is not None
    ]
    return CallStory(record, (), tuple(made))


OK, MISSING = RecordingStatus.OK, RecordingStatus.MISSING


@pytest.mark.parametrize(
    ("statuses", "gaps", "unexplained", "explained"),
    [
        ({1: OK, 2: OK}, {}, 0, 0),
        ({1: OK, 2: None}, {}, 1, 0),
        ({1: OK, 2: MISSING}, {}, 1, 0),
        ({1: OK, 2: MISSING}, {2: "disk-full"}, 0, 1),
        ({1: OK, 2: MISSING}, {2: "unknown"}, 1, 0),
        ({1: OK, 2: MISSING}, {1: "disk-full"}, 1, 0),
        ({1: OK, 2: OK, 3: OK}, {}, 1, 0),
    ],
)
def test_talk_without_recording_and_without_reason_is_counted(
    tmp_path: Path,
    statuses: dict[int, RecordingStatus | None],
    gaps: dict[int, str],
    unexplained: int,
    explained: int,
) -> None:
    found = judge(TALKS, story(tmp_path, statuses, gaps), lambda path: (tmp_path / path).open("rb"))
    assert (len(found.unexplained), found.explained) == (unexplained, explained)


def test_sides_the_wrong_way_another_operator_and_a_call_unknown_are_counted(tmp_path: Path) -> None:
    def opened(path: str) -> io.BufferedReader:
        return (tmp_path / path).open("rb")

    assert len(judge(TALKS, story(tmp_path, {1: OK, 2: OK}, swapped=True), opened).unexplained) == 2
    assert len(judge([{"209"}, {"201", "202"}], story(tmp_path, {1: OK, 2: OK}), opened).unexplained) == 1
    assert len(judge(TALKS, None, opened).unexplained) == 2


def test_length_is_held_against_the_time_connected_less_the_share(tmp_path: Path) -> None:
    found = judge(TALKS, story(tmp_path, {1: OK, 2: OK}, bridged_ms=4_000), lambda path: (tmp_path / path).open("rb"))
    assert found.lengths_off_s == pytest.approx((1.98, 1.98))


def ticking(moved_from: int = 99) -> tuple[np.ndarray, np.ndarray]:
    """30 s of ticks on both sides; on the right 20 ms later from a tick on."""
    made = np.zeros((30 * 8000, 2))
    made[:1600] = 0.5  # the tone before
    for at in range(1, 29):
        for side in (0, 1):
            begin = at * 8000 + (160 if side and at >= moved_from else 0)
            made[begin : begin + 160, side] = 0.5
    return ticks(made[:, 0], 8000), ticks(made[:, 1], 8000)


def test_ticks_that_stand_still_are_no_drift_and_one_that_moves_is_found() -> None:
    still, moved = (figures(each, ticking(), ticking()) for each in (ticking(), ticking(moved_from=15)))
    for key in ("drift_ms_per_hour", "time_drift_ms_per_hour"):
        assert still[key] == pytest.approx(0.0, abs=1e-6)
    assert (still["ticks"], still["moved"]) == (27, 0)
    for key in ("fast_apart_most_ms", "slow_apart_most_ms"):  # 1,000 ppm over 26 s, as if nothing had kept step
        assert still[key] == pytest.approx(26.0)
    assert moved["drift_ms_per_hour"] > 1_000
    assert (moved["moved"], moved["apart_most_ms"]) == (1, pytest.approx(20.0))
