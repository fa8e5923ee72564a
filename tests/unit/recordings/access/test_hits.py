"""What is told of a hit: the same facts wherever they are told."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest

from calls.ids import CallId
from calls.recording import Recording, RecordingStatus
from calls.search import Why
from console.operations.demands import DemandHit
from console.operations.recordings import FoundTalk
from recordings.access.hits import apart, facts, line, picked, row, row_of_demand
from storage.recording_search import FoundRecording

ZONE = "Asia/Almaty"
MADE = Recording(
    file="hl1-1764000000.12-1-1", call=CallId("hl1-1764000000.12"), seq=1, offer=1, made_ms=1764000300000,
    status=RecordingStatus.OK, duration_ms=61_240, bridged_ms=61_300, path="2025/11/24/16/a.flac", sha256="ab" * 32,
    bytes=900_000,
)  # fmt: skip
HIT = FoundRecording(
    call_id="hl1-1764000000.12", seq=1, offer=1, match="exact", day="on", caller_key="+77012345678",
    caller_raw="87012345678", arrived_ms=1764000000000, operator_id="101", group_id="portal",
    answered_ms=1764000012000, ended_ms=1764000073300, recording=MADE, language="kk", score=5, held=True,
    why=Why.NUMBER, number="8 701 234-56-78",
)  # fmt: skip
DISPOSED = replace(HIT, recording=replace(MADE, path="", sha256="", status=RecordingStatus.DISPOSED))
UNFINISHED = replace(HIT, recording=None, held=False, language=None, number="", match="possible", why=Why.ENDING)


def test_what_is_known_of_a_recordings_file() -> None:
    names = ("file", "status", "path", "sha256", "sound", "duration_ms", "bridged_ms")
    assert list(picked(HIT, *names).values()) == [
        "hl1-1764000000.12-1-1", "ok", "2025/11/24/16/a.flac", "ab" * 32, True, 61_240, 61_300,
    ]  # fmt: skip
    assert list(picked(DISPOSED, *names).values()) == [
        "hl1-1764000000.12-1-1", "disposed", None, None, False, 61_240, 61_300,
    ]  # fmt: skip
    assert list(picked(UNFINISHED, *names).values()) == [None, None, None, None, False, None, None]


def test_a_hit_for_programs() -> None:
    assert row(HIT, lambda path: f"/archive/{path}") == {
        "arrived_ms": 1764000000000,
        "match": "exact",
        "why": "number",
        "number": "8 701 234-56-78",
        "day": "on",
        "phone": "+77012345678",
        "operator": "101",
        "group": "portal",
        "language": "kk",
        "rating": 5,
        "status": "ok",
        "on_hold": True,
        "recording": "hl1-1764000000.12-1-1",
        "length_s": 61.2,
        "file": "/archive/2025/11/24/16/a.flac",
        "sha256": "ab" * 32,
        "call": "hl1-1764000000.12",
        "seq": 1,
        "answered_ms": 1764000012000,
        "ended_ms": 1764000073300,
        "duration_ms": 61_240,
        "path": "2025/11/24/16/a.flac",
    }
    told = row(UNFINISHED, str)
    assert (told["status"], told["recording"], told["length_s"], told["file"], told["sha256"]) == (
        "not finished yet", None, None, None, None,
    )  # fmt: skip
    assert list(row_of_demand(HIT).items())[:8] == [
        ("call", "hl1-1764000000.12"),
        ("segment", 1),
        ("file", "hl1-1764000000.12-1-1"),
        ("match", "exact"),
        ("why", "number"),
        ("number", "8 701 234-56-78"),
        ("day", "on"),
        ("arrived_ms", 1764000000000),
    ]
    assert list(row_of_demand(UNFINISHED))[8:] == ["phone", "operator", "status", "on_hold", "length_s"]


def test_a_hit_for_people() -> None:
    assert line(HIT, ZONE, doubtful=False, several=False) == {
        "arrived": "2025-11-24 21:00:00 +0500",
        "phone": "+77012345678",
        "operator": "101",
        "group": "portal (kk)",
        "rating": 5,
        "seconds": 61.2,
        "status": "ok, on hold",
        "recording": "hl1-1764000000.12-1-1",
    }
    told = line(UNFINISHED, ZONE, doubtful=True, several=True)
    assert (told["found_for"], told["why"], told["group"]) == (None, "the last digits are the same", "portal")
    assert (told["seconds"], told["status"], told["recording"]) == (None, "not finished yet", "hl1-1764000000.12-1-1")
    missing = replace(HIT, recording=replace(MADE, status=RecordingStatus.MISSING, path="", sha256=""), held=False)
    told = line(missing, ZONE, doubtful=False, several=False)
    assert (told["seconds"], told["status"]) == (None, "missing")


@pytest.mark.parametrize("hit", [HIT, UNFINISHED])
def test_the_api_tells_facts_by_their_names_and_no_others(hit: FoundRecording) -> None:
    told = facts(hit)
    assert set(FoundTalk.model_fields) - set(told) == {"seq"}
    assert set(DemandHit.model_fields) <= set(told)
    talk = FoundTalk.model_validate(told | {"seq": hit.seq})
    assert talk.model_dump(mode="json") == picked(
        hit, *(name for name in FoundTalk.model_fields if name != "seq")
    ) | {"seq": 1}  # fmt: skip
    assert DemandHit.model_validate(told).model_dump(mode="json") == picked(hit, *DemandHit.model_fields)
    assert told["sound"] is (hit.recording is not None)


@pytest.mark.parametrize(
    ("match", "day", "title"),
    [
        ("exact", "on", "Talks"),
        ("possible", "on", "Possible: see why; a person decides"),
        ("exact", "adjacent", "Adjacent: within an hour of the dates"),
    ],
)
def test_sure_and_doubtful_hits_are_never_mixed(
    match: Literal["exact", "possible"], day: Literal["on", "adjacent"], title: str
) -> None:
    found = [replace(HIT, match=match, day=day)]
    assert list(apart(found)) == [(title, found)]
    assert [name for name, _ in apart([HIT, *found])][-1] == title
