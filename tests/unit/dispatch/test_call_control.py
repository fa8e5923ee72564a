"""What is done to the calls of this moment by command or over the API, at an Asterisk on paper."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from urllib.parse import unquote

import pytest

from calls.callback import Callback
from calls.events import WrapUpSet
from calls.ids import CallId, GroupId, OperatorId
from console.errors import (
    AlreadyConsultingError,
    ApiError,
    NobodyThereError,
    NoConsultationError,
    NoTalkError,
    NoWrapUpError,
    RecordingGoesOnError,
    RecordingPausedError,
    UnavailableError,
    UnknownCallbackError,
    UnknownCallError,
    UnknownGroupError,
    UnknownOperatorError,
)
from dialplan import names
from dispatch.call_control import ON_THE_MOVE, CallControl
from dispatch.callbacks import Recalled
from dispatch.talks import TALKING
from telephony.errors import AmiDownError, AmiRefusedError
from tests.unit.dispatch.paper_asterisk import CALL, CALLER, Centre, PaperChannel, running
from tests.unit.dispatch.virtual_time import NOON_MS


class Desk:
    """A centre with the control of its calls."""

    def __init__(self, centre: Centre) -> None:
        self.centre, self.asterisk = centre, centre.asterisk
        self.control = CallControl(centre.settings, centre.dispatcher, centre.asterisk, centre.clock)

    def talk(self, context: str = names.CONNECT, **variables: str) -> tuple[PaperChannel, PaperChannel]:
        """A caller who talks with 101."""
        said = {"talked": "101", "talked_offer": "1", "offer": "1"} | variables
        return self.asterisk.caller(context, **said), self.asterisk.leg("101")

    def colleague(self, operator: str = "103", *, up: bool = True) -> PaperChannel:
        """101 asks this colleague on a second line."""
        line = self.asterisk.leg("101", "hl1-1.3", 3, consult="1", me="101")
        line.context = names.CONSULT_TO
        return self.asterisk.leg(operator, line.uniqueid, 4, up=up)

    def moves(self) -> list[tuple[str, ...]]:
        return self.asterisk.actions("Redirect")


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    centre = Centre(tmp_path, callback__outbound="192.0.2.1")
    centre.registered("101", "103")
    async with running(centre):
        yield Desk(centre)


# -- duty and wrap-up --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "state", "kept"),
    [(None, "ready", "ready:"), ("  long \n lunch ", "paused", "paused:long%20lunch"), (" ", "paused", "paused:break")],
)
async def test_a_duty_is_said_to_the_core_and_kept(desk: Desk, reason: str | None, state: str, kept: str) -> None:
    assert desk.control.duty("102", reason).model_dump() == {"operator": "102", "state": state}
    await desk.centre.clock.sleep(0.1)
    assert desk.asterisk.database[names.PRESENCE_FAMILY]["102"] == kept
    operator = desk.centre.dispatcher.router.operators[OperatorId("102")]
    assert (operator.ready, operator.reason) == (reason is None, unquote(kept.partition(":")[2]))


async def test_who_is_no_operator_has_neither_duty_nor_wrap_up(desk: Desk) -> None:
    with pytest.raises(UnknownOperatorError, match="no operator 999"):
        desk.control.duty("999", None)
    with pytest.raises(UnknownOperatorError, match="no operator 999"):
        desk.control.wrap_up("999", longer=True)


async def test_a_wrap_up_is_made_longer_and_ended_and_kept(desk: Desk) -> None:
    with pytest.raises(NoWrapUpError, match="operator 101"):
        desk.control.wrap_up("101", longer=True)
    now_ms = desk.centre.clock.now_ms()
    desk.centre.dispatcher.say(WrapUpSet(OperatorId("101"), now_ms, now_ms + 20_000))
    await desk.centre.clock.sleep(0.001)
    longer = desk.control.wrap_up("101", longer=True)
    assert longer.until_ms == now_ms + 20_000 + round(desk.centre.settings.offers.wrap_up_extension_s * 1000)
    await desk.centre.clock.sleep(1)
    assert desk.asterisk.database[names.WRAP_UP_FAMILY]["101"] == f"{now_ms}:{longer.until_ms}"
    over = desk.control.wrap_up("101", longer=False)
    assert (over.operator, over.until_ms) == ("101", desk.centre.clock.now_ms())
    await desk.centre.clock.sleep(0.001)
    with pytest.raises(NoWrapUpError):
        desk.control.wrap_up("101", longer=False)


# -- transfers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("to", "dialled", "named"),
    [("portal", "62", "portal"), ("62", "62", "portal"), ("103", "7103", "103"), ("7103", "7103", "103")],
)
async def test_a_talk_is_transferred_by_name_and_by_number(desk: Desk, to: str, dialled: str, named: str) -> None:
    desk.talk()
    assert (await desk.control.transfer(CALL, to)).model_dump() == {"call": CALL, "to": named}
    assert desk.moves() == [(CALLER, names.TRANSFER_TO, dialled)]


async def test_a_talk_of_three_is_transferred_though_the_lines_are_not_the_calls(desk: Desk) -> None:
    caller, line = desk.talk(names.THREE_WAY)
    line.linkedid = line.uniqueid
    await desk.control.transfer(CALL, "portal")
    assert caller.context == names.TRANSFER_TO


@pytest.mark.parametrize("context", ON_THE_MOVE)
async def test_who_is_being_transferred_is_not_transferred_again(desk: Desk, context: str) -> None:
    desk.talk(context)
    with pytest.raises(NoTalkError, match="only a talk"):
        await desk.control.transfer(CALL, "portal")


async def test_only_a_talk_of_a_call_of_now_goes_to_a_group_that_there_is(desk: Desk) -> None:
    with pytest.raises(UnknownGroupError, match=r"no group nowhere.*; there are: state-services, portal, ict"):
        await desk.control.transfer(CALL, "nowhere")
    with pytest.raises(UnknownCallError, match=f"no such call now: {CALL}"):
        await desk.control.transfer(CALL, "portal")
    desk.asterisk.caller()
    with pytest.raises(NoTalkError):
        await desk.control.transfer(CALL, "portal")
    desk.asterisk.leg("101", up=False)
    with pytest.raises(NoTalkError):
        await desk.control.transfer(CALL, "portal")
    del desk.asterisk.channels["PJSIP/op101-00000002"]
    desk.asterisk.leg("103", "hl1-7.7", 7)  # another caller talks
    with pytest.raises(NoTalkError):
        await desk.control.transfer(CALL, "portal")
    desk.talk()
    with pytest.raises(UnknownCallError):
        await desk.control.transfer("hl1-1.2", "portal")
    with pytest.raises(NobodyThereError, match="nobody is logged in who serves ict"):
        await desk.control.transfer(CALL, "ict")
    assert desk.moves() == []


async def test_a_transfer_that_asterisk_does_not_do_is_told_with_its_error(desk: Desk) -> None:
    desk.talk()
    desk.asterisk.refuses["Redirect"] = [AmiDownError("gone")]
    with pytest.raises(UnavailableError, match="Asterisk did not do it: gone") as told:
        await desk.control.transfer(CALL, "portal")
    assert (told.value.error_id, told.value.retryable) == ("ami-down", True)
    desk.asterisk.refuses["Status"] = [AmiRefusedError("no")]
    with pytest.raises(UnavailableError) as told:
        await desk.control.transfer(CALL, "portal")
    assert (told.value.error_id, told.value.retryable) == ("ami-refused", False)


async def test_a_move_that_was_lost_is_made_again_and_a_new_segment_is_none(desk: Desk) -> None:
    desk.talk()

    def lost(channel: PaperChannel) -> None:
        channel.context = names.CONNECT
        desk.asterisk.moves = new_segment

    def new_segment(channel: PaperChannel) -> None:
        channel.context, channel.variables[names.SEQ] = names.CONNECT, "2"

    desk.asterisk.moves = lost
    await desk.control.transfer(CALL, "portal")
    assert len(desk.moves()) == 2


# -- consultations -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("context", TALKING)
async def test_an_operator_asks_a_colleague_with_the_caller_on_hold(desk: Desk, context: str) -> None:
    caller, line = desk.talk(context)
    desk.asterisk.values[CALLER, "BRIDGEPEER"] = line.name
    asked = await desk.control.consult(CALL, "portal")
    assert asked.model_dump() == {"call": CALL, "to": "portal"}
    assert (caller.context, line.context) == (names.HELD, names.ASKING)
    assert caller.variables[names.LINE] == line.name
    ((half, call, where, exten, timeout, _, codecs, variables),) = desk.asterisk.actions("Originate")
    assert (half, where, exten, timeout) == (f"Local/s@{names.ASKING_LINE}/n", names.CONSULT_TO, "62", "15000")
    asked_ms = int(call.removeprefix("consult-101-"))
    assert NOON_MS < asked_ms <= desk.centre.clock.now_ms()
    assert codecs == ",".join(desk.centre.settings.sip.codecs)
    assert variables == str([f"{names.ME}=101"])


async def test_nobody_asks_who_asks_already_or_where_nobody_is(desk: Desk) -> None:
    _, line = desk.talk()
    with pytest.raises(NobodyThereError, match="nobody is logged in at ict"):
        await desk.control.consult(CALL, "ict")
    with pytest.raises(NobodyThereError, match="nobody is logged in at 102"):
        await desk.control.consult(CALL, "102")
    with pytest.raises(NoTalkError, match="talks to no operator"):
        await desk.control.consult(CALL, "103")  # whom the caller is bridged with is not known
    desk.asterisk.values[CALLER, "BRIDGEPEER"] = "PJSIP/op103-00000009"
    with pytest.raises(NoTalkError, match="talks to no operator"):
        await desk.control.consult(CALL, "103")
    desk.asterisk.values[CALLER, "BRIDGEPEER"] = line.name
    desk.colleague()
    with pytest.raises(AlreadyConsultingError, match="operator 101"):
        await desk.control.consult(CALL, "103")
    assert (desk.moves(), desk.asterisk.actions("Originate")) == ([], [])


@pytest.mark.parametrize(
    ("where", "do"),
    [(names.JOIN, lambda desk: desk.control.join), (names.THREE_WAY, lambda desk: desk.control.three_way)],
)
@pytest.mark.parametrize("context", [names.CONNECT, names.HELD])
async def test_a_colleague_who_has_answered_is_joined(
    desk: Desk, where: str, do: Callable[[Desk], Callable[[str], Awaitable[object]]], context: str
) -> None:
    caller, _ = desk.talk(context)
    with pytest.raises(NoConsultationError, match="operator 101 talks with no colleague"):
        await do(desk)(CALL)
    colleague = desk.colleague(up=False)
    with pytest.raises(NoConsultationError):
        await do(desk)(CALL)
    colleague.up = True
    await do(desk)(CALL)
    assert caller.context == where
    assert desk.moves() == [(CALLER, where, "s")]


async def test_a_question_is_ended_answered_or_not_and_the_caller_taken_back(desk: Desk) -> None:
    desk.talk(names.HELD)
    with pytest.raises(NoConsultationError, match="operator 101 asks nobody"):
        await desk.control.take_back(CALL)
    desk.colleague(up=False)
    assert (await desk.control.take_back(CALL)).model_dump() == {"call": CALL, "operator": "101"}
    assert desk.asterisk.actions("Hangup") == [("PJSIP/op101-00000003",)]


@pytest.mark.parametrize("context", [names.WAITING, names.THREE_WAY, names.HELD])
async def test_a_question_needs_a_talk_of_two(desk: Desk, context: str) -> None:
    desk.talk(context)
    with pytest.raises(NoTalkError, match="or to two already"):
        await desk.control.consult(CALL, "103")


# -- the recording -----------------------------------------------------------------------------------------------------


async def test_a_recording_pauses_once_asterisk_has_and_goes_on(desk: Desk) -> None:
    caller, _ = desk.talk()
    clock, asterisk = desk.centre.clock, desk.asterisk
    with pytest.raises(RecordingGoesOnError):
        await desk.control.resume_recording(CALL, "api:aliya")

    async def pauses_later() -> None:
        await clock.sleep(1)
        caller.variables[names.PAUSED] = str(clock.now_ms())

    later = asyncio.create_task(pauses_later())
    began_s = clock.passed_s()
    paused = await desk.control.pause_recording(CALL, "  card \n number & more " + 60 * "x", "api:Әлия")
    assert clock.passed_s() - began_s == pytest.approx(1, abs=0.06)
    await later
    assert (paused.call, paused.paused, paused.most_s) == (CALL, True, desk.centre.settings.recordings.pause_most_s)
    ((watcher, application, data, _, _, variables),) = asterisk.actions("Originate")
    assert (watcher, application, data) == (f"Local/s@{names.RECORDING_PAUSED}/n", "Wait", "86400")
    reason = "card%20number%20%26%20more%20" + (48 - 19) * "x"
    assert variables == str(
        [
            f"{names.PAUSE_OF}={CALL}",
            f"{names.PAUSED_BY}=api%3A%D3%98%D0%BB%D0%B8%D1%8F",
            f"{names.PAUSE_REASON}={reason}",
        ]
    )
    with pytest.raises(RecordingPausedError):
        await desk.control.pause_recording(CALL, "again", "api:aliya")

    async def goes_on_later() -> None:
        await clock.sleep(0.2)
        caller.variables[names.PAUSED] = ""

    later = asyncio.create_task(goes_on_later())
    began_s = clock.passed_s()
    assert (await desk.control.resume_recording(CALL, "cli:root")).model_dump() == {
        "call": CALL, "paused": False, "most_s": None,
    }  # fmt: skip
    assert caller.variables[names.RESUMED_BY] == "cli%3Aroot"
    assert clock.passed_s() - began_s == pytest.approx(0.2, abs=0.06)
    await later


async def test_a_recording_that_does_not_pause_in_five_seconds_is_told(desk: Desk) -> None:
    desk.talk()
    began_s = desk.centre.clock.passed_s()
    with pytest.raises(UnavailableError, match="see its log") as told:
        await desk.control.pause_recording(CALL, "card", "api:aliya")
    assert (told.value.error_id, told.value.retryable) == ("recording-mute", True)
    assert desk.centre.clock.passed_s() - began_s == pytest.approx(5, abs=0.06)


@pytest.mark.parametrize(
    ("context", "variables", "error"),
    [
        (names.WAITING, {}, NoTalkError),
        (names.CONNECT, {"talked_offer": "", "offer": ""}, NoTalkError),
        (names.CONNECT, {"talked_offer": "1", "offer": "2"}, NoTalkError),
        (names.CONNECT, {"arrived": ""}, UnknownCallError),
    ],
)
async def test_what_is_not_recorded_is_not_paused(
    desk: Desk, context: str, variables: dict[str, str], error: type[ApiError]
) -> None:
    desk.talk(context, **variables)
    with pytest.raises(error):
        await desk.control.pause_recording(CALL, "card", "api:aliya")
    with pytest.raises(UnknownCallError):
        await desk.control.pause_recording("hl1-1.2", "card", "api:aliya")
    desk.asterisk.caller(name="PJSIP/carrier-00000009", call="hl1-9.9").linkedid = "hl1-1.1"
    with pytest.raises(UnknownCallError):
        await desk.control.pause_recording("hl1-9.9", "card", "api:aliya")


# -- callbacks ---------------------------------------------------------------------------------------------------------


async def test_a_callback_is_cancelled_and_told_whether_it_is_being_called(desk: Desk) -> None:
    with pytest.raises(UnknownCallbackError, match=r"no callback is owed for hl1-9\.9"):
        await desk.control.cancel_callback("hl1-9.9")
    owed = [
        Callback(CallId(call), number, GroupId(group), "ru", NOON_MS - 90_000, NOON_MS - 60_000)
        for call, number, group in (("hl1-9.9", "77011234567", "portal"), ("hl1-9.8", "77011234568", "ict"))
    ]
    desk.centre.owed = Recalled(NOON_MS + 9_000, tuple(owed), ())
    await desk.centre.clock.sleep(8)
    assert (await desk.control.cancel_callback("hl1-9.9")).being_called  # 103 is rung for it
    assert not (await desk.control.cancel_callback("hl1-9.8")).being_called
    desk.centre.told.journal.path.unlink()
    desk.centre.told.journal.path.mkdir()
    desk.centre.dispatcher.callbacks.asked(
        Callback(CallId("hl1-9.7"), "77011234569", GroupId("ict"), "ru", NOON_MS, NOON_MS)
    )
    with pytest.raises(UnavailableError, match="not written down, so not cancelled") as told:
        await desk.control.cancel_callback("hl1-9.7")
    assert told.value.error_id == "journal-unwritable"
