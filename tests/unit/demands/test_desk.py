"""What people and the clock do with a demand at the desk: searched, heard, handed over, told in time (rule 14)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from calls.demand import ActionRefusedError, Authority, Demand, DemandState, DemandStep, StepKind
from calls.ids import CallId
from calls.local_day import local_date
from calls.recording import Recording, RecordingStatus
from config.places import Places
from config.visible_text import is_plain
from demands.desk import DemandDesk, alarm_of, check_understood, time_left
from recordings.vault.vault import Vault
from storage.demands import Register
from storage.ledger import Ledger
from storage.record import CallRow, OfferRow
from storage.recordings import write_recording
from storage.rows import save

ZONE = "Asia/Almaty"
NOON_MS = 1_763_967_600_000  # 2025-11-24 12:00 in Almaty
DAY = date(2025, 11, 24)
PHONE = "8 705 111-22-33"
MINUTE_MS = 60_000


@pytest.fixture
def desk(engine: Engine) -> DemandDesk:
    return DemandDesk(Register(engine), Ledger(engine), ZONE)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path, tmp_path / "archive", tmp_path / "keys" / "archive.json", "", tmp_path)


def talk(engine: Engine, number: int, status: RecordingStatus | None = RecordingStatus.OK) -> str:
    """A talk of the caller's on that day; with a recording of that status, if any. Returns the recording's name."""
    call = CallId(f"hl1-{NOON_MS // 1000}.{number}")
    path = f"x/{call}-1-1.flac" if status is RecordingStatus.OK else ""
    with engine.begin() as connection:
        save(connection, [CallRow(call, "hl1", NOON_MS, "1414", PHONE, "", "+77051112233", ended_ms=NOON_MS + 9_000),
                          OfferRow(call, 1, 1, "101", "router", "f", NOON_MS, NOON_MS, "ANSWER")])  # fmt: skip
        if status is not None:
            made = Recording(
                call, 1, 1, f"{call}-1-1", status, NOON_MS + 10_000, path=path, sha256="ab" if path else ""
            )
            write_recording(connection, made)
    return f"{call}-1-1"


async def enter(desk: DemandDesk, *, received_ms: int | None = None, **more: object) -> str:
    told = {"letter": "14-2/118", "ground": "rule 14", "day": DAY, "phone": PHONE, "confirm_dates": True} | more
    now_ms = time.time_ns() // 1_000_000
    received_ms = now_ms if received_ms is None else received_ms
    entered = await desk.enter(Authority.SERVICE_QUALITY, received_ms=received_ms, clerk="clerk", **told)  # type: ignore[arg-type]
    return entered.state.demand.id


async def test_a_demand_is_searched_as_it_is_entered_and_the_count_is_kept(engine: Engine, desk: DemandDesk) -> None:
    kept, gap = talk(engine, 1), talk(engine, 2, RecordingStatus.MISSING)
    talk(engine, 3, None)
    state, steps = await desk.of(await enter(desk))
    assert (state.found, state.demand.day, state.demand.phone) == ((kept, gap), "2025-11-24", PHONE)
    (searched,) = steps
    assert searched.detail == '{"adjacent": 0, "exact": 3, "possible": 0, "without_recording": 2}'


async def test_what_a_letter_says_is_one_line_and_complete(desk: DemandDesk) -> None:
    demand = await enter(desk, letter=" 14-2/118 \n of  24.11 ", ground="g" * 500, phone="8 705 111-22-33\n")
    state, _ = await desk.of(demand)
    assert (state.demand.letter, state.demand.ground, state.demand.phone) == ("14-2/118 of 24.11", "g" * 500, PHONE)
    for wrong, why in (
        ({"letter": "  "}, "the letter's number is missing"),
        ({"ground": "g" * 501}, "the legal ground is missing"),
        ({"ground": "a\u202eb"}, "the legal ground is missing or no line of text"),
        ({"letter": "14\u3164-2"}, "the letter's number is missing or no line of text"),
        ({"phone": "87051112"}, None),
        ({"phone": "%"}, "no number is in it"),
    ):
        if why is None:
            await enter(desk, **wrong)
        else:
            with pytest.raises(ActionRefusedError, match=why):
                await enter(desk, **wrong)


async def test_a_day_that_had_not_begun_when_the_letter_came_is_a_mistake(desk: DemandDesk) -> None:
    """The local day: 24 November begins at 19:00 UTC of the day before."""
    begins_ms = NOON_MS - 12 * 3_600_000
    with pytest.raises(ActionRefusedError, match="2025-11-24 was not yet"):
        await enter(desk, received_ms=begins_ms - 1)
    assert await enter(desk, received_ms=begins_ms) == "D-2025-0001"


async def test_dates_that_look_mistyped_are_asked_about_and_the_term_runs_from_the_receipt(desk: DemandDesk) -> None:
    now_ms = time.time_ns() // 1_000_000
    day_ms, today = 24 * 60 * MINUTE_MS, local_date(now_ms, ZONE)
    for wrong, why in (
        (
            {"received_ms": now_ms - day_ms - MINUTE_MS, "day": today - timedelta(days=3)},
            "a receipt at .*, 24 hours ago",
        ),
        ({"day": today - timedelta(days=366)}, "a talk of .*, 366 days before the receipt"),
    ):
        with pytest.raises(ActionRefusedError, match=f"^{why}: mistyped.*--confirm-dates") as refused:
            await enter(desk, confirm_dates=False, **wrong)
        assert is_plain(str(refused.value))
        state, _ = await desk.of(await enter(desk, **wrong))
        assert state.demand.deadline_ms == state.demand.received_ms + 4 * 60 * MINUTE_MS
    for confirm in (False, True):
        with pytest.raises(ActionRefusedError, match="received in the future"):
            await enter(desk, received_ms=now_ms + 2 * day_ms, confirm_dates=confirm)
    with pytest.raises(ActionRefusedError, match="no number is in it"):  # what is wrong anyway is told first
        await enter(desk, phone="%", confirm_dates=False)
    assert await enter(desk, confirm_dates=False, day=today - timedelta(days=365))
    assert await enter(
        desk, confirm_dates=False, day=today - timedelta(days=1), received_ms=now_ms - day_ms + MINUTE_MS
    )


async def test_without_who_received_it_and_how_nothing_is_delivered(desk: DemandDesk) -> None:
    demand = await enter(desk)
    for to, way, why in ((" ", "courier", "who received it"), ("A. Serikova", "\u3164", "the way it went")):
        with pytest.raises(ActionRefusedError, match=f"{why} is missing or no line of text"):
            await desk.deliver(demand, to, way, "clerk")
    with pytest.raises(ActionRefusedError, match="there is no package"):
        await desk.deliver(demand, "A. Serikova", "courier", "clerk")


async def test_who_wrote_before_midnight_of_new_year_has_a_number_of_the_old_one(desk: DemandDesk) -> None:
    new_year_ms = 1_767_207_600_000  # 2026-01-01 00:00 in Almaty
    assert await enter(desk, received_ms=new_year_ms - 1) == "D-2025-0001"
    assert await enter(desk, received_ms=new_year_ms) == "D-2026-0001"


async def test_what_has_no_sound_is_neither_handed_over_nor_heard(
    engine: Engine, desk: DemandDesk, places: Places, tmp_path: Path
) -> None:
    kept, gap = talk(engine, 1), talk(engine, 2, RecordingStatus.MISSING)
    demand = await enter(desk)
    with pytest.raises(ActionRefusedError, match=rf"{gap} has no sound \(missing\): leave it out"):
        await desk.do(demand, StepKind.SELECTED, "auditor", (kept, gap))
    assert (await desk.do(demand, StepKind.SELECTED, "auditor", (kept,))).selected == (kept,)
    for file in (gap, "hl1-1.1-1-1"):
        with pytest.raises(ActionRefusedError, match="no audio of"):
            await desk.listen(demand, file, "auditor", "to know", places, tmp_path)
    assert [step.kind for step in (await desk.of(demand))[1]] == ["searched", "selected"]


async def test_who_hears_a_recording_is_entered_before_a_byte_of_it_leaves(
    engine: Engine, desk: DemandDesk, places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = talk(engine, 1)
    demand = await enter(desk)
    entered: list[int] = []

    def look(source: object, target: Path, kind: object) -> None:
        with engine.connect() as connection:
            query = "SELECT count(*) FROM demand_step WHERE kind = 'listened'"
            entered.append(connection.exec_driver_sql(query).scalar_one())

    monkeypatch.setattr("demands.desk.copy", look)
    monkeypatch.setattr(Vault, "recording", lambda _, path: path)
    target = await desk.listen(demand, kept, "auditor", " to \n know ", places, tmp_path)
    assert (entered, target) == ([1], tmp_path / f"{kept}.opus")
    step = (await desk.of(demand))[1][-1]
    assert (step.kind, step.actor, step.files, step.detail) == (StepKind.LISTENED, "auditor", (kept,), "to know")
    with pytest.raises(ActionRefusedError, match="cannot be seen"):
        await desk.listen(demand, kept, "auditor", "to\u202eknow", places, tmp_path)


async def test_the_proof_is_what_was_done_with_the_demand_and_with_what_was_chosen(
    engine: Engine, desk: DemandDesk
) -> None:
    kept = talk(engine, 1)
    talk(engine, 2)
    demand = await enter(desk)
    await desk.do(demand, StepKind.SELECTED, "auditor", (kept,))
    await desk.note_fetched(demand, "clerk", "ab" * 32)
    proof = (await desk.case(demand)).proof
    assert [entry.seq for entry in proof] == sorted({entry.seq for entry in proof})
    assert {entry.subject for entry in proof} == {demand, kept}
    assert {entry.kind for entry in proof if entry.subject == kept} == {
        "recording.kept", "recording.searched", "recording.selected",
    }  # fmt: skip
    fetched = proof[-1]
    assert (fetched.kind, fetched.actor, fetched.detail) == ("demand.fetched", "clerk", f'{{"sha256":"{"ab" * 32}"}}')


async def test_the_clock_tells_what_is_due_of_every_open_demand_once(desk: DemandDesk) -> None:
    """Promise 12."""
    now_ms = time.time_ns() // 1_000_000
    fresh = await enter(desk, received_ms=now_ms)
    old = await enter(desk, received_ms=now_ms - 125 * MINUTE_MS)
    withdrawn = await enter(desk, received_ms=now_ms - 125 * MINUTE_MS)
    await desk.do(withdrawn, StepKind.WITHDRAWN, "clerk", detail="letter 5")
    told: list[tuple[str, str]] = []
    await desk.keep_time(lambda kind, detail: told.append((kind, detail.partition(":")[0])))
    await desk.keep_time(lambda kind, detail: told.append((kind, detail.partition(":")[0])))
    assert told == [
        ("demand-due", fresh),
        *[("demand-due", old)] * 3,
        ("demand-not-approved", old),
    ]


DEMAND = Demand("D-2025-0001", Authority.SERVICE_QUALITY, "1", "g", "2025-11-24", PHONE, NOON_MS, NOON_MS, "clerk")


@pytest.mark.parametrize(
    ("kind", "after_min", "alarm"),
    [
        (StepKind.ALERTED, 0, ("demand-due", "D-2025-0001: 4 h 00 min left")),
        (StepKind.ALERTED, 181, ("demand-due", "D-2025-0001: 0 h 59 min left")),
        (StepKind.ALERTED, 240, ("demand-missed", "D-2025-0001: 0 h 00 min late")),
        (StepKind.ALERTED, 305, ("demand-missed", "D-2025-0001: 1 h 05 min late")),
        (StepKind.ESCALATED, 120, ("demand-not-approved", "D-2025-0001: nobody has approved yet, 2 h 00 min left")),
    ],
)
def test_an_alarm_says_how_much_time_is_left(kind: StepKind, after_min: int, alarm: tuple[str, str]) -> None:
    now_ms = NOON_MS + after_min * MINUTE_MS
    assert alarm_of(DemandState(DEMAND), DemandStep(kind, now_ms, "clock"), now_ms) == alarm


def test_time_is_told_in_whole_minutes() -> None:
    assert [time_left(ms) for ms in (59_999, 60_000, -59_999, -60_000, 3_600_000 - 1)] == [
        "0 h 00 min left", "0 h 01 min left", "0 h 00 min late", "0 h 01 min late", "0 h 59 min left",
    ]  # fmt: skip


def test_that_there_is_nothing_is_said_only_of_a_number_that_was_understood() -> None:
    check_understood(DemandState(DEMAND))
    with pytest.raises(ActionRefusedError, match="enter the demand anew so, and withdraw D-2025-0001"):
        check_understood(DemandState(replace(DEMAND, phone="see the letter")))


async def test_who_approved_alone_hands_over_only_as_one_who_may(engine: Engine, desk: DemandDesk) -> None:
    asked: list[bool] = []
    check: Callable[..., None] = desk.people.check

    def note(name: str, deed: StepKind, *, broke_glass: bool = False) -> None:
        asked.append(broke_glass)
        check(name, deed, broke_glass=broke_glass)

    demand = await enter(desk, received_ms=time.time_ns() // 1_000_000 - 200 * MINUTE_MS)
    await desk.do(demand, StepKind.SELECTED, "aigul")
    await desk.do(demand, StepKind.BROKE_GLASS, "aigul", detail="nobody else is there")
    await desk.do(demand, StepKind.PACKAGED, "aigul", detail="ab" * 32)
    object.__setattr__(desk.people, "check", note)
    for actor in ("berik", "aigul"):
        with pytest.raises(ActionRefusedError, match="to whom"):
            await desk.do(demand, StepKind.DELIVERED, actor)
    assert asked == [False, True]


async def test_a_demand_whose_number_was_never_understood_can_be_withdrawn_and_answered_with_recordings(
    engine: Engine, desk: DemandDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of before that was asked: nothing can be answered of it, all else can be done."""
    register, kept = Register(engine), talk(engine, 1)
    wanted = replace(DEMAND, id="", phone="see the letter")
    demand = (await register.enter(wanted, 2025)).demand.id
    await register.do(demand, DemandStep(StepKind.SEARCHED, 0, "clerk", (kept,)))
    assert (await desk.do(demand, StepKind.SELECTED, "auditor", (kept,))).selected == (kept,)
    with pytest.raises(ActionRefusedError, match=f"enter the demand anew so, and withdraw {demand}"):
        await desk.do(demand, StepKind.SELECTED, "auditor")
    assert (await desk.do(demand, StepKind.WITHDRAWN, "clerk", detail="letter 15")).withdrawn
