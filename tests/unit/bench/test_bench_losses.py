"""The kill benchmark finds each kind of loss: what it calls none would be worth nothing if it found nothing."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from bench.crowd import Plan, Talk, Visit
from bench.leg import Seen
from bench.losses import Losses, Opened, counts, losses
from calls.ids import CallId
from calls.recording import Recording, RecordingStatus
from storage.ledger import CallStory
from storage.record import CallRecord, CallRow, OfferRow, RatingRow, SegmentRow

FLAC = b"not really a FLAC"
Change = dict[str, object]
NUMBER, CALL = "77010000000", "hl1-1764000000.1"


def visit() -> Visit:
    made = Visit(Plan(NUMBER, 0.0, 0.5, 2.0, False, 5, 1.0))
    made.talks = [Talk("101", Seen(1003.0, 1003.5, 1008.7, True, 200), whole=True)]
    made.pressed = 5
    return made


def story(archive: Path) -> CallStory:
    (archive / "a.flac").write_bytes(FLAC)
    record = CallRecord(
        CallRow(
            CALL, "hl1", 1_000_000, caller_raw=NUMBER, answered_ms=1_003_500, ended_ms=1_010_000, result="answered"
        ),
        segments={1: SegmentRow(CALL, 1, operator_id="101", answered_ms=1_003_500, ended_ms=1_008_700)},
        offers={(1, 1): OfferRow(CALL, 1, 1, "101", "router", "a", 1_003_000, 1_003_500, "ANSWER")},
        ratings={(1, "101"): RatingRow(CALL, 1, "101", 1_008_700, 1_009_700, "given", 5)},
    )
    recording = Recording(
        *(CallId(CALL), 1, 1, "a", RecordingStatus.OK, 1_011_000),
        path="a.flac",
        duration_ms=2_400,
        sha256=hashlib.sha256(FLAC).hexdigest(),
        caller_dbfs=-12.0,
        operator_dbfs=-12.0,
    )
    return CallStory(record, (), (recording,))


def found(visits: list[Visit], stories: list[CallStory], archive: Path) -> dict[str, int]:
    lost = losses(visits, stories, opener(archive))
    return {key: number for key, number in counts(lost).items() if number}


def opener(archive: Path) -> Opened:
    return lambda path: (archive / path).open("rb")


def test_a_call_that_went_its_way_is_no_loss(tmp_path: Path) -> None:
    assert found([visit()], [story(tmp_path)], tmp_path) == {}


def test_a_call_missing_or_doubled_in_the_ledger_is_lost(tmp_path: Path) -> None:
    assert found([visit()], [], tmp_path) == {"calls_lost": 1}
    assert found([visit()], [story(tmp_path)] * 2, tmp_path) == {"calls_lost": 1}
    assert found([], [story(tmp_path)], tmp_path) == {"calls_lost": 1}


def test_a_caller_who_was_not_answered_is_lost(tmp_path: Path) -> None:
    unserved = visit()
    unserved.talks, unserved.pressed = [], None
    whole = story(tmp_path)
    assert found([unserved], [replace(whole, record=replace(whole.record, ratings={}))], tmp_path) == {"calls_lost": 1}


@pytest.mark.parametrize(
    "change",
    [
        {"call": {"result": "in_progress"}},
        {"call": {"ended_ms": None}},
        {"segment": {"operator_id": "102"}},
        {"segment": {"answered_ms": 1_005_000}},
        {"offer": {"status": None}},
    ],
)
def test_a_call_told_otherwise_than_the_phones_saw_is_lost(
    tmp_path: Path, change: dict[str, dict[str, object]]
) -> None:
    whole = story(tmp_path)
    record = whole.record
    record = replace(
        record,
        call=replace(record.call, **change.get("call", {})),  # type: ignore[arg-type]
        segments={1: replace(record.segments[1], **change.get("segment", {}))},  # type: ignore[arg-type]
        offers={(1, 1): replace(record.offers[1, 1], **change.get("offer", {}))},  # type: ignore[arg-type]
    )
    assert found([visit()], [replace(whole, record=record)], tmp_path) == {"calls_lost": 1}


@pytest.mark.parametrize(
    "change",
    [
        {"status": RecordingStatus.MISSING},
        {"sha256": "0" * 64},
        {"path": "b.flac"},
        {"duration_ms": 100},
        {"duration_ms": 9_000},
        {"caller_dbfs": -90.0},
        {"operator_dbfs": None},
    ],
)
def test_a_recording_that_is_not_whole_is_lost(tmp_path: Path, change: dict[str, object]) -> None:
    whole = story(tmp_path)
    damaged = (replace(whole.recordings[0], **change),)  # type: ignore[arg-type]
    assert found([visit()], [replace(whole, recordings=damaged)], tmp_path) == {"recordings_lost": 1}
    assert found([visit()], [replace(whole, recordings=())], tmp_path) == {"recordings_lost": 1}


def test_a_rating_lost_changed_or_invented_is_a_loss(tmp_path: Path) -> None:
    whole = story(tmp_path)
    changed = replace(whole.record.ratings[1, "101"], score=4)
    for ratings in ({}, {(1, "101"): changed}):
        assert found([visit()], [replace(whole, record=replace(whole.record, ratings=ratings))], tmp_path) == {
            "ratings_lost": 1
        }
    silent = visit()
    silent.pressed = None
    assert found([silent], [whole], tmp_path) == {"ratings_lost": 1}


def test_a_talk_that_nobody_ended_and_a_phone_rung_twice_are_told(tmp_path: Path) -> None:
    cut = visit()
    cut.talks = [Talk("101", Seen(1001.0, 1001.5, 1002.0, False, 200)), *cut.talks]
    other = Visit(replace(cut.plan, number="77010000001"), talks=[Talk("101", Seen(1004.0, None, 1005.0, False, 487))])
    seen: Losses = losses([cut, other], [story(tmp_path)], opener(tmp_path))
    assert list(seen.cut) == [NUMBER]
    assert list(seen.doubled) == ["77010000001"]
