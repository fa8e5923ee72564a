"""Commands of the core as actions at an Asterisk on paper, each for itself."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from structlog.testing import capture_logs

from calls.callback import Callback
from calls.events import CallGone, CallWaiting, DutyChanged, Event, Reachability, SkillsChanged, Tick
from calls.ids import CallId, GroupId, OperatorId
from calls.journal import Fact
from dialplan import names
from dispatch.actions import JOIN_LOOKS_S, MOVE_LOOKS, Actions
from dispatch.callbacks import Callbacks, Recalled
from dispatch.running import Running
from dispatch.wait_announcements import WaitAnnouncements, Words
from routing.commands import Alarm, Announce, Command, KeepDuty, MoveOn, Offer, Reclaim, Resync, ShowState
from routing.core import Router
from routing.from_settings import configured_router
from routing.waits.announced import Announced, Minutes
from telephony.errors import AmiDownError, AmiRefusedError
from tests.unit.dispatch.paper_asterisk import CALL, CALLER, Notebook, PaperAsterisk, PaperChannel, hotline
from tests.unit.dispatch.virtual_time import NOON_MS, VirtualClock

PORTAL, NURLAN = GroupId("portal"), OperatorId("102")
WAITS = CallWaiting(CallId(CALL), CALLER, PORTAL, "ru", NOON_MS - 60_000)
PLACE = Announce(CallId(CALL), CALLER, "ru", 2)
UNDER_WAY = AmiRefusedError("Redirect failed, channel not up.")


class Said(WaitAnnouncements):
    """Announces what a test says."""

    wait_s: float | None = 100.0

    def words(self, place: Announce, router: Router, now_ms: int) -> Words:
        return Words(("position-2", "wait"), Announced(2, Minutes(1, 4), Minutes(1, 4)), self.wait_s)


class Stage:
    """Actions with all that they need; `said` are the events for the queue."""

    def __init__(self, *ready: str, **over: str) -> None:
        self.settings = hotline(**over)
        self.asterisk, self.clock, self.notes = PaperAsterisk(), VirtualClock(), Notebook()
        self.callbacks = Callbacks(self.settings.callback, "Asia/Almaty", self.clock)
        self.announcements = Said()
        self.router = configured_router(self.settings)
        for operator in ready:
            self.router.handle(Reachability(OperatorId(operator), True), NOON_MS)
            self.router.handle(DutyChanged(OperatorId(operator), True), NOON_MS)
        self.actions = Actions(
            self.settings, self.asterisk, self.clock, self.notes, self.callbacks, self.announcements, self.router
        )
        self.said: list[Event] = []
        self.running = Running(self.said.append)

    def does(self, *decided: Command) -> None:
        self.running.begin(self.actions.of(decided))

    async def done(self, *decided: Command, within_s: float = 10.0) -> None:
        self.does(*decided)
        await self.clock.sleep(within_s)

    def moves(self) -> list[tuple[str, ...]]:
        return self.asterisk.actions("Redirect")


def offered(stage: Stage) -> Offer:
    """The caller waits, and the core offers them."""
    (offer,) = (one for one in stage.router.handle(WAITS, NOON_MS) if isinstance(one, Offer))
    return offer


# -- offers ------------------------------------------------------------------------------------------------------------


async def test_an_offer_of_a_call_that_the_core_does_not_know_any_more_is_not_made() -> None:
    stage = Stage()
    stage.asterisk.caller()
    (action,) = stage.actions.of([Offer(CallId(CALL), CALLER, NURLAN)])
    assert await action == ()
    assert stage.moves() == []


async def test_an_offer_is_moved_until_it_begins_and_no_longer_than_it_stands() -> None:
    stage = Stage("102")
    stage.asterisk.caller()
    offer = offered(stage)
    stage.asterisk.refuses["Redirect"] = [UNDER_WAY] * 500
    stage.does(offer)
    await stage.clock.sleep(0.5)
    assert len(stage.moves()) > 20
    stage.router.handle(CallGone(offer.call), NOON_MS)
    await stage.clock.sleep(0.1)
    tries = len(stage.moves())
    await stage.clock.sleep(5)
    assert len(stage.moves()) == tries


async def test_an_offer_to_another_operator_meanwhile_is_not_made_to_the_first() -> None:
    stage = Stage("102", "103")
    stage.asterisk.caller()
    offer = offered(stage)
    stage.asterisk.refuses["Redirect"] = [UNDER_WAY] * 500
    stage.does(offer)
    await stage.clock.sleep(0.1)
    stage.router.calls[offer.call].offered_to = OperatorId("101")
    await stage.clock.sleep(0.1)
    tries = len(stage.moves())
    await stage.clock.sleep(5)
    assert len(stage.moves()) == tries


async def test_an_offer_of_the_core_before_a_rebuilt_state_stands_no_more() -> None:
    stage = Stage("102")
    stage.asterisk.caller()
    stage.asterisk.refuses["Redirect"] = [UNDER_WAY]
    stage.does(offered(stage))
    await asyncio.sleep(0)
    router = Stage("102").router
    router.handle(WAITS, NOON_MS)
    stage.actions.follow(router)
    await stage.clock.sleep(5)
    assert len(stage.moves()) == 1, "the new core offers the call itself"


async def test_a_caller_who_is_given_back_is_told_so_first() -> None:
    stage = Stage("102")
    stage.asterisk.caller()
    offer = offered(stage)
    stage.asterisk.moves = lambda channel: channel.variables.update({names.OFFER: "1"})
    await stage.done(Offer(offer.call, CALLER, NURLAN, given_back=True))
    assert stage.moves() == [(CALLER, names.GIVEN_BACK, "102")]


async def test_a_caller_who_hung_up_before_the_offer_is_gone() -> None:
    stage = Stage("102")
    await stage.done(offered(stage))
    assert stage.said == [CallGone(CallId(CALL))]


async def test_an_offer_that_the_link_swallowed_tells_nothing() -> None:
    stage = Stage("102")
    stage.asterisk.refuses["Redirect"] = [AmiDownError("gone")]
    await stage.done(offered(stage))
    assert stage.said == []


async def test_lost_moves_are_logged_with_their_number() -> None:
    stage = Stage("102")
    stage.asterisk.caller()

    def lost(channel: PaperChannel) -> None:
        channel.context = names.WAITING
        if len(stage.moves()) == 3:
            channel.context = names.CONNECT

    stage.asterisk.moves = lost
    with capture_logs() as logs:
        await stage.done(offered(stage))
    (told,) = (one for one in logs if one["event"] == "a move was lost on the way")
    assert (told["call"], told["operator"], told["times"]) == (CALL, "102", 2)


async def test_offers_are_begun_before_all_else() -> None:
    stage = Stage("102")
    stage.asterisk.caller()
    stage.asterisk.caller(names.NET, "PJSIP/carrier-00000009", "hl1-1.9")
    await stage.done(Reclaim(CallId("hl1-1.9"), "PJSIP/carrier-00000009"), offered(stage), within_s=0.001)
    assert stage.moves() == [(CALLER, names.CONNECT, "102"), ("PJSIP/carrier-00000009", names.WAITING, "back")]


async def test_a_callback_is_made_for_its_operator_or_its_place_is_given_up() -> None:
    stage = Stage("102", callback__outbound="192.0.2.1")
    owed = Callback(CallId("hl1-9.9"), "77011234567", PORTAL, "ru", NOON_MS - 90_000, NOON_MS - 60_000)
    stage.callbacks.recalled(Recalled(NOON_MS + 9_000, (owed,), ()))
    (waiting,) = stage.callbacks.due(NOON_MS)
    await stage.done(Offer(waiting.call, "", NURLAN))
    ((stand_in, call, context, operator, *_),) = stage.asterisk.actions("Originate")
    assert (stand_in, call, context, operator) == (
        f"Local/s@{names.CALLBACK_LEG}/n", waiting.call, names.CALLBACK, "102",
    )  # fmt: skip
    assert stage.said == []
    await stage.done(Offer(CallId("cb1.1"), "", NURLAN))
    assert stage.said == [CallGone(CallId("cb1.1"))]


# -- callers in the wrong place ----------------------------------------------------------------------------------------


async def test_a_caller_is_taken_back_out_of_the_net_until_there() -> None:
    stage = Stage()
    stage.asterisk.caller(names.NET, application="Queue")

    def lost(channel: PaperChannel) -> None:
        channel.context = names.NET if len(stage.moves()) == 1 else names.WAITING

    stage.asterisk.moves = lost
    await stage.done(Reclaim(CallId(CALL), CALLER))
    assert stage.moves() == [(CALLER, names.WAITING, "back")] * 2


async def test_a_caller_is_moved_on_once_in_the_place_and_until_out_of_it() -> None:
    stage = Stage()
    caller = stage.asterisk.caller()

    def taken_by_the_second(channel: PaperChannel) -> None:
        if len(stage.moves()) == 2:
            channel.variables[names.ID] = CALL

    stage.asterisk.moves = taken_by_the_second
    stage.does(MoveOn(CallId(CALL), CALLER))
    await stage.clock.sleep(0.2)
    assert stage.moves() == [], "Asterisk's own move would undo ours"
    caller.variables[names.ID] = "hl1-5.5"
    with capture_logs() as logs:
        await stage.clock.sleep(5)
    assert stage.moves() == [(CALLER, names.MOVED_ON, "s")] * 2
    assert [one["times"] for one in logs if one["event"] == "a move was lost on the way"] == [1]


async def test_a_caller_who_never_comes_to_the_place_is_looked_for_two_seconds() -> None:
    stage = Stage()
    stage.asterisk.caller()
    with capture_logs() as logs:
        await stage.done(MoveOn(CallId(CALL), CALLER))
    assert stage.asterisk.asked.count("Status") == MOVE_LOOKS
    assert (stage.moves(), logs) == ([], [])


async def test_a_caller_who_has_hung_up_is_looked_for_no_longer() -> None:
    stage = Stage()
    await stage.done(MoveOn(CallId(CALL), CALLER))
    assert stage.asterisk.asked.count("Status") == 1


async def test_whoever_a_join_misplaced_is_found_by_one_of_four_looks() -> None:
    stage = Stage()
    caller = stage.asterisk.caller()
    stage.asterisk.moves = lambda channel: channel.variables.update({names.ID: CALL})
    stage.asterisk.refuses["Status"] = [AmiDownError("gone")]
    stage.running.begin(stage.actions.looks_for_misplaced())
    await stage.clock.sleep(sum(JOIN_LOOKS_S[:2]) + 0.01)
    assert stage.moves() == []
    caller.variables[names.ID] = "hl1-5.5"
    await stage.clock.sleep(JOIN_LOOKS_S[2])
    assert stage.moves() == [(CALLER, names.MOVED_ON, "s")]
    await stage.clock.sleep(5)
    assert len(stage.moves()) == 1


# -- operators ---------------------------------------------------------------------------------------------------------


async def test_states_are_written_down_at_once_and_the_dialplan_told_once_for_all() -> None:
    stage = Stage("101", "102")
    stage.does(*(ShowState(OperatorId(one), "ready", "") for one in ("101", "102", "103")))
    assert [(fact, told) for fact, _, told in stage.notes.noted] == [
        (Fact.PRESENCE, {"operator": one, "state": "ready", "reason": "", "at_ms": NOON_MS})
        for one in ("101", "102", "103")
    ]
    await stage.clock.sleep(1)
    assert stage.asterisk.actions("Setvar") == [(names.UNSTAFFED, "-63-")]


async def test_the_dialplan_is_told_when_somebody_logs_in_or_out_and_not_of_every_state() -> None:
    stage = Stage("101")
    await stage.done(ShowState(OperatorId("101"), "ready", ""))
    stage.router.handle(Reachability(OperatorId("101"), False), NOON_MS)
    stage.actions.forget()
    await stage.done(ShowState(OperatorId("101"), "unreachable", ""))
    assert [value for _, value in stage.asterisk.actions("Setvar")] == ["-62-63-", "-61-62-63-"]
    stage.actions.forget()
    await stage.done(ShowState(OperatorId("101"), "unreachable", "anew"))
    assert len(stage.asterisk.actions("Setvar")) == 2, "the same person, still out"


async def test_the_dialplan_hears_of_changed_skills_and_of_nothing_else() -> None:
    stage = Stage("101")
    assert list(stage.actions.after(Tick(), stage.router, NOON_MS)) == []
    change = SkillsChanged(OperatorId("101"), {PORTAL: 1}, frozenset({"kk"}))
    stage.router.handle(change, NOON_MS)
    first = list(stage.actions.after(change, stage.router, NOON_MS))
    assert list(stage.actions.after(change, stage.router, NOON_MS)) == [], "once for both"
    stage.running.begin(first)
    await stage.clock.sleep(1)
    assert stage.asterisk.globals[names.UNSTAFFED] == "-61-63-"


async def test_a_duty_is_kept_and_ready_ends_the_wrap_up() -> None:
    stage = Stage()
    await stage.done(KeepDuty(NURLAN, False, "a,b"))
    assert stage.asterisk.database == {names.PRESENCE_FAMILY: {"102": "paused:a%2Cb"}}
    assert stage.asterisk.actions("QueuePause") == [("PJSIP/op102", "true")]
    await stage.done(KeepDuty(NURLAN, True, ""))
    now_ms = stage.clock.now_ms() - 10_000
    assert stage.asterisk.database[names.WRAP_UP_FAMILY] == {"102": f"{now_ms}:{now_ms}"}
    assert stage.asterisk.actions("QueuePause")[1:] == [("PJSIP/op102", "false")]
    assert stage.actions.keep(Tick()) == []


async def test_an_alarm_is_noted_and_a_rebuild_is_not_ours() -> None:
    stage = Stage()
    assert stage.actions.of([Alarm("kind", "detail"), Resync("why")]) == []
    assert stage.notes.alarms() == [("kind", "detail")]


async def test_a_phone_without_a_contact_is_told() -> None:
    stage = Stage()
    found: Sequence[Event] = await stage.actions.look_for_phone(NURLAN)
    assert found == (Reachability(NURLAN, False),)
    stage.asterisk.values[None, "PJSIP_DIAL_CONTACTS(op102)"] = "PJSIP/op102/sip:x"
    assert await stage.actions.look_for_phone(NURLAN) == ()


# -- announcements -----------------------------------------------------------------------------------------------------


async def test_a_place_is_told_and_kept_on_the_channel() -> None:
    stage = Stage()
    caller = stage.asterisk.caller()
    stage.router.handle(WAITS, NOON_MS)
    await stage.done(PLACE)
    assert caller.variables[names.SAY] == "bailanys/position-2&bailanys/wait"
    assert caller.variables[names.TOLD] == "2:1:4"
    assert stage.moves() == [(CALLER, names.WAITING, names.ANNOUNCE)]


@pytest.mark.parametrize("channel", ["", "Local/s@callback-leg-1;1"])
async def test_a_callbacks_place_is_told_nobody(channel: str) -> None:
    stage = Stage()
    if channel:
        stage.asterisk.caller(name=channel)
    await stage.done(Announce(CallId(CALL), channel, "ru", 2))
    assert (stage.asterisk.done, stage.asterisk.asked) == ([], [])


async def test_who_gives_a_number_or_is_gone_is_not_cut_short() -> None:
    stage = Stage()
    stage.router.handle(WAITS, NOON_MS)
    await stage.done(PLACE)
    stage.asterisk.caller(names.CALLBACK_ASK)
    await stage.done(PLACE)
    assert stage.asterisk.done == []


@pytest.mark.parametrize("known", [True, False])
async def test_who_is_offered_meanwhile_is_not_moved_into_the_announcement(known: bool) -> None:
    stage = Stage("102")
    stage.asterisk.caller()
    if known:
        offered(stage)
    (action,) = stage.actions.of([PLACE])
    assert not await action
    assert stage.moves() == []


async def test_a_caller_whose_channel_is_gone_is_told_nothing() -> None:
    stage = Stage()
    (action,) = stage.actions.of([PLACE])
    assert not await action
    assert stage.asterisk.done == []


@pytest.mark.parametrize(
    ("outbound", "wait_s", "asked"),
    [("192.0.2.1", 119.9, False), ("192.0.2.1", 120.0, True), ("192.0.2.1", None, True), ("", 900.0, False)],
)
async def test_who_waits_long_is_asked_whether_to_be_called_back(
    outbound: str, wait_s: float | None, asked: bool
) -> None:
    stage = Stage(callback__outbound=outbound, callback__after_s="120")
    stage.announcements.wait_s = wait_s
    caller = stage.asterisk.caller()
    stage.router.handle(WAITS, NOON_MS)
    await stage.done(PLACE)
    assert caller.variables[names.SAY].endswith("&bailanys/callback-offer") is asked
    assert caller.exten == (names.ANNOUNCE_AND_ASK if asked else names.ANNOUNCE)
