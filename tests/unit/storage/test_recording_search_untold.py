"""Recordings that the journal does not tell of are found like every other, on both databases (rule 14; promise 8)."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, insert, update
from test_recording_search import DAY, NOON_MS, ZONE, enter

from calls.demand import Authority, StepKind
from calls.ids import CallId
from calls.local_day import local_date
from calls.recording import Recording, RecordingStatus
from calls.search import Why
from config.places import Places
from demands.desk import DemandDesk
from demands.package import pack
from demands.package_zip import PROTOCOL
from demands.search_report import searched
from recordings.access.search import Asked, look
from storage import tables
from storage.demands import Register
from storage.journal.projector import Projector
from storage.ledger import Ledger
from storage.record import CallRow, OfferRow, SegmentRow
from storage.recording_search import FoundRecording, counts
from storage.recordings import write_recording
from storage.rows import save
from tests.unit.storage.databases import BOTH_WAYS
from tests.unit.storage.scene import START_MS, Caller

LOOK_UPS = BOTH_WAYS

PHONE = "77050000009"
HOUR_MS = 3_600_000


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path, tmp_path / "archive", tmp_path / "keys" / "archive.json", "", tmp_path)


def adopt(engine: Engine, number: int, at_ms: int = NOON_MS, status: RecordingStatus = RecordingStatus.OK) -> Recording:
    """A recording of whose call nothing else is known: the ledger was lost, and the journal of that day is gone."""
    key = CallId(f"hl1-{at_ms // 1000}.{number}")
    path = "" if status is RecordingStatus.DISPOSED else f"x/{key}-1-1.flac"
    made = Recording(key, 1, 1, f"{key}-1-1", status, at_ms + 60_000, path=path, duration_ms=50_000, sha256="ab")
    with engine.begin() as connection:
        write_recording(connection, made)
    return made


def told(hits: list[FoundRecording]) -> list[tuple[str, str, str, str]]:
    return [(hit.call_id, hit.match, hit.why.value, hit.day) for hit in hits]


@pytest.mark.parametrize("status", [RecordingStatus.OK, RecordingStatus.ORPHAN, RecordingStatus.REPAIRED])
async def test_a_recording_of_which_nobody_knows_who_called_is_a_possible_hit(
    engine: Engine, ledger: Ledger, status: RecordingStatus
) -> None:
    made = adopt(engine, 1, status=status)
    adopt(engine, 2, NOON_MS + 2 * 24 * HOUR_MS)
    assert told(await ledger.recordings.find(DAY, PHONE, ZONE)) == [(made.call, "possible", "unattributed", "on")]
    for asked in (Asked(ZONE, DAY), Asked(ZONE, None, call=made.call), Asked(ZONE, DAY, anonymous=True)):
        (hit,), _ = await look(ledger, asked)
        assert (hit.recording, hit.caller_key, hit.answered_ms) == (made, None, None)
    (_,), covered = await look(ledger, Asked(ZONE, DAY, phone=PHONE))
    assert covered is not None and (covered.talks, covered.recorded, covered.unfinished) == (1, 1, 0)


async def test_it_is_looked_for_on_its_own_day_and_beside_it_only(engine: Engine, ledger: Ledger) -> None:
    """Nobody knows when that call ended; its recording was finished soon after."""
    midnight = NOON_MS - 12 * HOUR_MS
    before = adopt(engine, 1, midnight - HOUR_MS // 2)
    adopt(engine, 2, midnight - 5 * HOUR_MS)
    after = adopt(engine, 3, midnight + 24 * HOUR_MS + HOUR_MS // 2)
    found = await ledger.recordings.find(DAY, PHONE, ZONE)
    assert {(hit.call_id, hit.day) for hit in found} == {(before.call, "adjacent"), (after.call, "adjacent")}


async def test_a_talk_whose_arrival_is_lost_is_a_possible_hit(engine: Engine, ledger: Ledger) -> None:
    key = enter(engine, 1, PHONE)
    with engine.begin() as connection:
        connection.execute(update(tables.call).where(tables.call.c.id == key).values(caller_key=None, caller_raw=None))
    (hit,) = await ledger.recordings.find(DAY, PHONE, ZONE)
    assert (hit.call_id, hit.match, hit.why, hit.operator_id) == (key, "possible", Why.UNATTRIBUTED, "101")


@pytest.mark.parametrize("status", ["", "NOANSWER", None])
async def test_a_recording_without_the_journals_word_of_an_answer_is_its_callers(
    engine: Engine, ledger: Ledger, status: str | None
) -> None:
    """The line of the answer is lost (`""`: that of the offer, too): the number is known all the same."""
    key, other = enter(engine, 1, PHONE), enter(engine, 2, "77050000001")
    for call_id in (key, other):
        of_call = tables.offer.c.call_id == call_id
        with engine.begin() as connection:
            change = delete(tables.offer).where(of_call) if status == "" else update(tables.offer).where(of_call)
            connection.execute(change if status == "" else change.values(status=status))  # type: ignore[union-attr]
    (hit,) = await ledger.recordings.find(DAY, PHONE, ZONE)
    assert (hit.call_id, hit.match, hit.day) == (key, "exact", "on")
    assert hit.recording is not None and hit.recording.path
    assert len((await look(ledger, Asked(ZONE, DAY)))[0]) == 2
    assert (await ledger.recordings.coverage(NOON_MS, NOON_MS + 1)).recorded == 2


async def test_no_talk_is_told_twice(engine: Engine, ledger: Ledger) -> None:
    """An answer with its recording is one talk; a recording beside it in the same call is another."""
    key = enter(engine, 1, PHONE)
    second = Recording(CallId(key), 1, 2, f"{key}-1-2", RecordingStatus.ORPHAN, NOON_MS, path="x/y.flac", sha256="cd")
    with engine.begin() as connection:
        write_recording(connection, second)
    assert [hit.offer for hit in await ledger.recordings.find(DAY, PHONE, ZONE)] == [1, 2]
    assert (await ledger.recordings.coverage(NOON_MS, NOON_MS + 1)).talks == 2


async def test_a_talk_of_the_safety_net_and_one_of_three_are_found_by_every_operator_in_them(
    engine: Engine, ledger: Ledger
) -> None:
    net, three = enter(engine, 1, PHONE), enter(engine, 2, PHONE, operator="102")
    with engine.begin() as connection:
        of_net, of_three = tables.offer.c.call_id == net, tables.segment.c.call_id == three
        connection.execute(update(tables.offer).where(of_net).values(operator_id=None, via="net"))
        connection.execute(update(tables.segment).where(of_three).values(also="103,1040"))
    assert [hit.call_id for hit in await ledger.recordings.find(DAY, PHONE, ZONE)] == [net, three]
    for operator, wanted in {"102": [three], "103": [three], "1040": [three], "104": []}.items():
        found, _ = await look(ledger, Asked(ZONE, DAY, operator=operator))
        assert [hit.call_id for hit in found] == wanted


async def test_the_protocol_names_what_nobody_knows_the_caller_of(
    engine: Engine, ledger: Ledger, places: Places
) -> None:
    """Never "nothing found" while there is a recording that may be the one."""
    made = adopt(engine, 1)
    desk = DemandDesk(Register(engine), ledger, ZONE)
    entered = await desk.enter(
        Authority.SERVICE_QUALITY,
        "14-2/118",
        "rule 14",
        DAY,
        PHONE,
        time.time_ns() // 1_000_000,
        "clerk",
        confirm_dates=True,
    )
    assert entered.state.found == (made.file,)  # on hold with that
    found = await searched(ledger, places, DAY, ZONE)
    assert [one["file"] for one in found["unattributed"]] == [made.file]
    assert (found["talks"]["talks"], found["talks"]["recorded"]) == (1, 1)
    demand = entered.state.demand.id
    await desk.do(demand, StepKind.SELECTED, "auditor")
    await desk.do(demand, StepKind.APPROVED, "chief")
    target, _ = await pack(desk, demand, "auditor", places, ZONE)
    from demands.offline import verify

    said = verify.Package(target).read(PROTOCOL).decode()
    assert made.file in said and "неизвестно, кто звонил" in said and "Кім қоңырау шалғаны белгісіз" in said
    assert "не найдено" not in said and "табылған жоқ" not in said


async def test_a_callback_is_found_by_the_number_it_was_asked_for_from(
    engine: Engine, ledger: Ledger, projector: Projector, journal: Path
) -> None:
    """Called from one number, called back at another: either may be what the demand names."""
    own, other = "77011234567", "77272501234"
    asked = Caller(1, START_MS, own).arrive().choose().queue()
    asked.fact("callback_asked", 60_000, seq=1, number=other).hang_up(3000)
    back = Caller(2, START_MS + 600_000, f"+{other}")
    back.fact("arrived", arrived_ms=back.now_ms, dialled="callback", caller=f"+{other}", name="", callback_of=asked.id)
    back.queue(via="callback", after_ms=1).offer("103").pick_up("103").talk("103").operator_leaves("103").hang_up()
    journal.write_bytes(b"".join(asked.lines + back.lines))  # noqa: ASYNC240
    projector.project_now()
    day = local_date(START_MS, ZONE)
    assert told(await ledger.recordings.find(day, own, ZONE)) == [(back.id, "possible", "callback", "on")]
    assert told(await ledger.recordings.find(day, other, ZONE)) == [(back.id, "exact", "number", "on")]
    assert await ledger.recordings.find(day, "77011234568", ZONE) == []
    (hit,), _ = await look(ledger, Asked(ZONE, None, phone=own))
    assert hit.call_id == back.id


async def test_what_no_reading_of_a_number_finds_is_found_by_its_last_digits(engine: Engine, ledger: Ledger) -> None:
    """Before it is said that there is nothing, the calls of that day are gone through."""
    odd = enter(engine, 1, "+77050000001")
    with engine.begin() as connection:
        connection.execute(update(tables.call).values(caller_key="+999612345678"))
    assert told(await ledger.recordings.find(DAY, "06 12 34 56 78", ZONE)) == [(odd, "possible", "ending", "on")]
    assert await ledger.recordings.find(DAY, "06 12 34 56 79", ZONE) == []
    assert await ledger.recordings.find(DAY, "87051345678", ZONE) == []  # a whole number that ends otherwise
    assert (await look(ledger, Asked(ZONE, None, phone="06 12 34 56 78")))[0] == []  # no date: not all calls ever


async def test_the_last_digits_are_not_asked_where_the_number_itself_is_found(engine: Engine, ledger: Ledger) -> None:
    enter(engine, 1, "+77012501234")
    enter(engine, 2, "2501234")
    assert [hit.match for hit in await ledger.recordings.find(DAY, "87012501234", ZONE)] == ["exact"]


def _many(engine: Engine, count: int) -> None:
    """So many talks of callers who withheld their number, half a minute apart."""
    with engine.begin() as connection:
        for number in range(count):
            at_ms = NOON_MS - 11 * HOUR_MS + number * 30_000
            key = f"hl1-{at_ms // 1000}.{number}"
            save(
                connection,
                [
                    CallRow(key, "hl1", at_ms, "1414", "anonymous", "", "anonymous", ended_ms=at_ms + 60_000),
                    SegmentRow(key, 1, "portal", "ru", offer=1, operator_id="101", ended_ms=at_ms + 60_000),
                    OfferRow(key, 1, 1, "101", "router", f"{key}-1-1", at_ms, at_ms, "ANSWER"),
                ],
            )
            made = Recording(CallId(key), 1, 1, f"{key}-1-1", RecordingStatus.OK, at_ms, path="x", sha256="ab")
            row = {name: getattr(made, name, None) for name in tables.recording.c.keys()}  # noqa: SIM118
            connection.execute(insert(tables.recording).values(row | {"call_id": key, "status": "ok"}))


async def test_a_demand_holds_every_talk_however_many(engine: Engine, ledger: Ledger) -> None:
    _many(engine, 1_100)
    desk = DemandDesk(Register(engine), ledger, ZONE)
    entered = await desk.enter(
        Authority.SERVICE_QUALITY,
        "14-2/118",
        "rule 14",
        DAY,
        "скрыт",
        time.time_ns() // 1_000_000,
        "clerk",
        confirm_dates=True,
    )
    assert len(entered.found) == len(entered.state.found) == 1_100
    pages = [await look(ledger, Asked(ZONE, DAY, anonymous=True, after=after)) for after in range(0, 1_400, 200)]
    ids = [hit.call_id for found, _ in pages for hit in found]
    assert (len(ids), len(set(ids)), len(pages[0][0])) == (1_100, 1_100, 200)


async def test_the_sure_hits_are_on_the_first_page(engine: Engine, ledger: Ledger) -> None:
    doubtful = [enter(engine, number, "2501234", NOON_MS + number) for number in range(1, 4)]
    sure = enter(engine, 9, "+77272501234", NOON_MS + HOUR_MS)
    first, _ = await look(ledger, Asked(ZONE, DAY, phone="+77272501234", limit=2))
    rest, _ = await look(ledger, Asked(ZONE, DAY, phone="+77272501234", limit=2, after=2))
    assert [hit.call_id for hit in first + rest] == [sure, *doubtful]


async def test_talks_of_later_days_are_not_counted_to_a_day(engine: Engine, ledger: Ledger) -> None:
    enter(engine, 1, PHONE)
    enter(engine, 2, PHONE, NOON_MS + 24 * HOUR_MS)
    enter(engine, 3, PHONE, NOON_MS - 24 * HOUR_MS)
    _, covered = await look(ledger, Asked(ZONE, DAY))
    assert covered is not None and (covered.talks, covered.recorded) == (1, 1)
    _, covered = await look(ledger, Asked(ZONE, DAY, DAY + timedelta(days=1)))
    assert covered is not None and covered.talks == 2


async def test_hits_without_a_recording_are_counted(engine: Engine, ledger: Ledger) -> None:
    """Those that have a row which explains it, and those that have none yet."""
    enter(engine, 1, PHONE)
    enter(engine, 2, PHONE, seconds=None)
    unfinished = enter(engine, 3, PHONE)
    with engine.begin() as connection:
        connection.execute(delete(tables.recording).where(tables.recording.c.call_id == unfinished))
    found = await ledger.recordings.find(DAY, PHONE, ZONE)
    assert counts(found) == {"exact": 3, "possible": 0, "adjacent": 0, "without_recording": 2}
    assert counts([replace(hit, match="possible") for hit in found])["possible"] == 3


async def test_a_recording_without_its_answer_takes_nothing_from_another_talk_of_the_call(
    engine: Engine, ledger: Ledger
) -> None:
    """Of the second segment's talk only the recording is known; the first one's offer has the same number."""
    key = enter(engine, 1, PHONE)
    second = Recording(CallId(key), 2, 1, f"{key}-2-1", RecordingStatus.ORPHAN, NOON_MS, path="x/y.flac", sha256="cd")
    with engine.begin() as connection:
        write_recording(connection, second)
    found = await ledger.recordings.find(DAY, PHONE, ZONE)
    assert [(hit.seq, hit.offer, hit.operator_id) for hit in found] == [(1, 1, "101"), (2, 1, None)]
