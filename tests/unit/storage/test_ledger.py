"""What the rest asks of the ledger, on both databases."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from calls.ids import CallId
from calls.local_day import local_day
from calls.phone import caller_key
from calls.recording import Recording, RecordingStatus
from rating.day import rated_day
from storage.engine import open_engine
from storage.errors import LedgerUnavailableError
from storage.journal.projector import Projector
from storage.ledger import Ledger, Step
from storage.recording_search import FoundRecording
from tests.unit.storage import scene
from tests.unit.storage.databases import BOTH_WAYS
from tests.unit.storage.scene import START_MS, Caller

LOOK_UPS = BOTH_WAYS

ZONE = "Asia/Almaty"
DAY = date(2025, 11, 24)  # of START_MS: 21:00 in Almaty
MINUTE_MS = 60_000


async def take_in(projector: Projector, journal: Path, *callers: Caller) -> None:
    with journal.open("ab") as file:
        for caller in callers:
            file.writelines(caller.lines)
    while await projector.project_once():
        pass


def made(caller: Caller, seq: int = 1, offer: int = 1) -> Recording:
    return Recording(
        call=CallId(caller.id),
        seq=seq,
        offer=offer,
        file=caller.file(seq, offer),
        status=RecordingStatus.OK,
        made_ms=START_MS + 10**6,
        path="2025/11/24/x.flac",
        duration_ms=60_000,
        bridged_ms=60_001,
        bytes=123_456,
        sha256="ab" * 32,
        caller_dbfs=-21.5,
        operator_dbfs=-19.25,
    )


def hits(found: list[FoundRecording]) -> list[tuple[str, int, str, str]]:
    return [(hit.call_id.rpartition(".")[2], hit.seq, hit.match, hit.day) for hit in found]


async def test_a_language_chosen_by_a_key_is_remembered(projector: Projector, ledger: Ledger, journal: Path) -> None:
    assert await ledger.language_of("+77011234567") is None
    await take_in(projector, journal, Caller(1).arrive().choose("ru"))
    assert await ledger.language_of("+77011234567") == "ru"
    await take_in(projector, journal, Caller(2, START_MS + MINUTE_MS).arrive().choose("en").choose("kk"))
    assert await ledger.language_of("+77011234567") == "kk"


async def test_an_older_choice_read_later_does_not_win(projector: Projector, ledger: Ledger, journal: Path) -> None:
    newer, older = Caller(2, START_MS + MINUTE_MS).arrive().choose("kk"), Caller(1).arrive().choose("ru")
    await take_in(projector, journal, newer, older)
    assert await ledger.language_of("+77011234567") == "kk"


@pytest.mark.parametrize("by", ["default", "known", "net"])
async def test_a_language_not_chosen_is_not_remembered(
    projector: Projector, ledger: Ledger, journal: Path, by: str
) -> None:
    await take_in(projector, journal, Caller(1).arrive().choose("en", by))
    assert await ledger.language_of("+77011234567") is None


async def test_an_anonymous_callers_language_is_never_kept(projector: Projector, ledger: Ledger, journal: Path) -> None:
    await take_in(projector, journal, Caller(1, caller="anonymous").arrive().choose("en"))
    assert await ledger.language_of(caller_key("anonymous")) is None


async def test_the_figures_come_from_the_rows(projector: Projector, ledger: Ledger, journal: Path) -> None:
    calls = [make(number, START_MS + number * MINUTE_MS) for number, make in enumerate(scene.SCENES, start=1)]
    await take_in(projector, journal, *calls)
    figures = rated_day(await ledger.calls_between(START_MS, START_MS + 60 * MINUTE_MS))
    total = figures.total
    assert (total.arrived, total.answered, total.abandoned_menu, total.abandoned_waiting) == (6, 4, 1, 1)
    assert total.abandoned_short == 1
    assert total.to_operator.longest_s == 29.024  # the transferred one: 101 let it ring for 15 s
    assert (total.ratings.offered, total.ratings.given, total.ratings.hung_up) == (2, 1, 1)
    assert list(figures.groups) == ["ict", "portal", "state-services"]
    only = await ledger.calls_between(START_MS + MINUTE_MS, START_MS + 2 * MINUTE_MS)
    assert [call.arrived_ms for call in only] == [START_MS + MINUTE_MS]
    assert await ledger.call_ids_between(START_MS + MINUTE_MS, START_MS + 2 * MINUTE_MS) == [calls[0].id]


async def test_a_calls_story(projector: Projector, ledger: Ledger, journal: Path) -> None:
    caller = scene.transferred_call(1)
    await take_in(projector, journal, caller)
    await ledger.recordings.add_recording(made(caller, 1, 2))
    story = await ledger.call_story(caller.id)
    assert story is not None
    assert story.record == scene.as_recorded(caller)
    assert [(step.step, step.detail) for step in story.steps] == [("language", "kk"), ("returned", "1")]
    assert story.steps[0] == Step(START_MS + 4013, "language", "kk")
    assert story.recordings == (made(caller, 1, 2),)
    assert await ledger.call_story("hl1-1.1") is None


async def test_talks_await_their_recording_until_they_have_it(
    projector: Projector, ledger: Ledger, journal: Path
) -> None:
    caller = scene.transferred_call(1)
    whole = list(caller.lines)
    caller.lines = whole[: next(i for i, line in enumerate(whole) if b'"transferred"' in line)]
    await take_in(projector, journal, caller)
    assert await ledger.recordings.segments_to_finalise() == []
    caller.lines = whole[len(caller.lines) :]
    await take_in(projector, journal, caller)
    first, second = await ledger.recordings.segments_to_finalise()
    assert (first.call, first.seq, first.offer, first.operator, first.group) == (
        caller.id,
        1,
        2,
        "103",
        "state-services",
    )
    assert (first.began_ms, first.ended_ms, first.bridged_ms) == (START_MS + 29_024, START_MS + 60_535, 30_001)
    assert (second.seq, second.offer, second.operator, second.bridged_ms) == (2, 3, "104", 45_000)
    await ledger.recordings.add_recording(made(caller, 1, 2))
    assert [talk.seq for talk in await ledger.recordings.segments_to_finalise()] == [2]
    await ledger.recordings.add_recording(made(caller, 2, 3))
    await ledger.recordings.add_recording(made(caller, 2, 3))
    assert await ledger.recordings.segments_to_finalise() == []


async def test_an_operator_who_picked_up_in_vain_and_the_next_one_are_two_talks(
    projector: Projector, ledger: Ledger, journal: Path
) -> None:
    caller = Caller(1).arrive().queue().offer("101").pick_up("101").on_phone("HANGUP", "101", 300)
    caller.offer("102", offer=2).pick_up("102").talk("102", offer=2).operator_leaves("102").hang_up()
    await take_in(projector, journal, caller)
    first, second = await ledger.recordings.segments_to_finalise()
    assert (first.offer, first.operator, first.bridged_ms) == (1, "101", 0)
    assert first.ended_ms < second.began_ms
    assert (second.offer, second.operator, second.bridged_ms) == (2, "102", 60_001)


async def test_an_orphans_recording_is_kept_and_its_call_may_follow(
    projector: Projector, ledger: Ledger, journal: Path
) -> None:
    caller = scene.plain_call(1)
    await ledger.recordings.add_recording(made(caller))
    story = await ledger.call_story(caller.id)
    assert story is not None
    assert story.record.call.arrived_ms == START_MS
    await take_in(projector, journal, caller)
    story = await ledger.call_story(caller.id)
    assert story is not None
    assert story.record == scene.as_recorded(caller)
    assert story.recordings == (made(caller),)
    assert await ledger.recordings.segments_to_finalise() == []


async def test_a_gap_is_a_row_too(projector: Projector, ledger: Ledger, journal: Path) -> None:
    caller = scene.left_in_announcement(1)
    await take_in(projector, journal, caller)
    (talk,) = await ledger.recordings.segments_to_finalise()
    assert talk.bridged_ms == 0
    gap = Recording(talk.call, talk.seq, talk.offer, caller.file(1, 1), RecordingStatus.EMPTY, START_MS, bridged_ms=0)
    await ledger.recordings.add_recording(gap)
    (hit,) = await ledger.recordings.find(DAY, "87011234567", ZONE)
    assert hit.recording == gap


@pytest.mark.parametrize("typed", ["+7 701 123-45-67", "8 (701) 123 45 67", "тел. 7011234567", "sip:87011234567@x"])
async def test_a_recording_is_found_by_any_spelling(
    projector: Projector, ledger: Ledger, journal: Path, typed: str
) -> None:
    caller = scene.plain_call(1, caller="87011234567")
    await take_in(projector, journal, caller, scene.plain_call(2, caller="+77019999999"), scene.left_waiting(3))
    await ledger.recordings.add_recording(made(caller))
    (hit,) = await ledger.recordings.find(DAY, typed, ZONE)
    assert hits([hit]) == [("1", 1, "exact", "on")]
    assert (hit.operator_id, hit.group_id, hit.caller_raw) == ("103", "portal", "87011234567")
    assert hit.recording == made(caller)


async def test_both_talks_of_a_transferred_call_are_found(projector: Projector, ledger: Ledger, journal: Path) -> None:
    await take_in(projector, journal, scene.transferred_call(1))
    found = await ledger.recordings.find(DAY, "+77011234567", ZONE)
    assert hits(found) == [("1", 1, "exact", "on"), ("1", 2, "exact", "on")]
    assert [hit.recording for hit in found] == [None, None]


async def test_a_call_over_midnight_is_found_on_both_dates(projector: Projector, ledger: Ledger, journal: Path) -> None:
    midnight_ms = local_day(DAY, ZONE).to_ms
    await take_in(
        projector,
        journal,
        scene.plain_call(1, midnight_ms - 30_000),
        scene.plain_call(2, midnight_ms + 30 * MINUTE_MS),
        scene.plain_call(3, midnight_ms + 61 * MINUTE_MS),
        scene.plain_call(4, midnight_ms - 62 * MINUTE_MS),
        scene.plain_call(5, midnight_ms - 50 * MINUTE_MS),
    )
    that_day = await ledger.recordings.find(DAY, "+77011234567", ZONE)
    assert hits(that_day) == [
        ("4", 1, "exact", "on"), ("5", 1, "exact", "on"), ("1", 1, "exact", "on"), ("2", 1, "exact", "adjacent"),
    ]  # fmt: skip
    next_day = await ledger.recordings.find(date(2025, 11, 25), "+77011234567", ZONE)
    assert hits(next_day) == [
        ("1", 1, "exact", "on"), ("2", 1, "exact", "on"), ("3", 1, "exact", "on"), ("5", 1, "exact", "adjacent"),
    ]  # fmt: skip


async def test_the_day_of_25_hours_is_searched_whole(projector: Projector, ledger: Ledger, journal: Path) -> None:
    day = local_day(date(2024, 2, 29), ZONE)
    calls = [scene.plain_call(number, day.from_ms + hour * 3600_000 + 1) for number, hour in enumerate((0, 23, 24), 1)]
    await take_in(projector, journal, *calls)
    found = await ledger.recordings.find(date(2024, 2, 29), "+77011234567", ZONE)
    assert [(hit.call_id, hit.day) for hit in found] == [(call.id, "on") for call in calls]


async def test_a_doubtful_hit_is_shown_as_such_and_last(projector: Projector, ledger: Ledger, journal: Path) -> None:
    await take_in(
        projector,
        journal,
        scene.plain_call(1, caller="2501234"),
        scene.plain_call(2, START_MS + MINUTE_MS, caller="+77272501234"),
    )
    assert hits(await ledger.recordings.find(DAY, "8 727 250 12 34", ZONE)) == [
        ("2", 1, "exact", "on"),
        ("1", 1, "possible", "on"),
    ]


async def test_nothing_is_found_for_another_number_or_day(projector: Projector, ledger: Ledger, journal: Path) -> None:
    await take_in(projector, journal, scene.plain_call(1), scene.plain_call(2, caller="anonymous"))
    assert await ledger.recordings.find(DAY, "+77011234568", ZONE) == []
    assert await ledger.recordings.find(date(2025, 11, 26), "+77011234567", ZONE) == []
    assert await ledger.recordings.find(DAY, " ", ZONE) == []


async def test_a_ledger_that_is_away_says_so(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/no/such/folder/ledger.db")
    with pytest.raises(LedgerUnavailableError) as caught:
        await Ledger(engine).language_of("+77011234567")
    assert caught.value.retryable
