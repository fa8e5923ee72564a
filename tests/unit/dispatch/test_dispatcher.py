"""The dispatcher between the core and an Asterisk on paper: what it hears, does, keeps and finds by itself."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import pytest

from calls.callback import Callback
from calls.events import CallPrioritised, CallWaiting, DutyChanged, WrapUpSet
from calls.ids import CallId, GroupId, OperatorId
from calls.journal import Fact
from dialplan import names
from dispatch.callbacks import Recalled
from dispatch.dispatcher import AUDIT_EVERY_S
from routing.commands import Resync
from routing.loans import Width
from storage.errors import LedgerUnavailableError
from telephony.ami_event import LinkDown, LinkUp
from telephony.errors import AmiDownError, AmiRefusedError, AmiTimeoutError
from tests.unit.dispatch.paper_asterisk import CALL, CALLER, Centre, PaperChannel, running
from tests.unit.dispatch.virtual_time import NOON_MS

TO_102 = (CALLER, names.CONNECT, "102")
PORTAL = GroupId("portal")
OUTBOUND = {"callback__outbound": "192.0.2.1"}


@pytest.fixture
def centre(tmp_path: Path) -> Centre:
    """The shipped centre; a caller who is sent to an operator is offered there at once."""
    made = Centre(tmp_path)
    made.asterisk.moves = partial(begins_offer, made)
    return made


def begins_offer(centre: Centre, channel: PaperChannel) -> None:
    """What the dialplan does with a caller in `[connect]`: the operator's phone rings."""
    if channel.context == names.CONNECT:
        channel.variables[names.OFFER] = str(int(channel.variables[names.OFFER]) + 1)
        leg = centre.asterisk.leg(channel.exten, channel.uniqueid, up=False)
        centre.says("Newchannel", Channel=leg.name, Uniqueid=leg.uniqueid, Linkedid=channel.uniqueid)
        centre.says("DialBegin", DestChannel=leg.name, DestLinkedid=channel.uniqueid)


def owed(call: str = "hl1-9.9", number: str = "77011234567", rank_ms: int = NOON_MS - 120_000) -> Callback:
    return Callback(CallId(call), number, PORTAL, "ru", rank_ms, NOON_MS - 60_000)


# -- in step with Asterisk ---------------------------------------------------------------------------------------------


async def test_it_beats_each_second_with_the_instant_once_it_is_in_step(centre: Centre) -> None:
    async with running(centre):
        first = int(centre.asterisk.globals[names.BEAT])
        assert first == NOON_MS // 1000
        beats = centre.beats
        await asyncio.sleep(10)
        assert centre.beats - beats == 10
        assert int(centre.asterisk.globals[names.BEAT]) == first + 10
        await asyncio.sleep(0.5)
        centre.inbox.put_nowait(LinkUp())
        await asyncio.sleep(0.01)
        assert centre.beats - beats == 11, "and at once when it is in step anew"


async def test_it_is_alive_and_out_of_step_until_the_link_is_up(centre: Centre) -> None:
    async with running(centre, up=False):
        await asyncio.sleep(3.5)
        assert (centre.beats, centre.dispatcher.synced) == (4, False)
        assert names.BEAT not in centre.asterisk.globals


async def test_a_lost_link_ends_the_beat_and_what_is_said_meanwhile_counts_for_nothing(centre: Centre) -> None:
    centre.registered("102")
    async with running(centre):
        centre.inbox.put_nowait(LinkDown("closed"))
        await asyncio.sleep(0.5)
        before = centre.asterisk.globals[names.BEAT]
        centre.says_waiting(centre.asterisk.caller())
        await asyncio.sleep(4)
        assert not centre.dispatcher.synced
        assert centre.asterisk.globals[names.BEAT] == before
        assert centre.asterisk.actions("Redirect") == []
        centre.inbox.put_nowait(LinkUp())
        await asyncio.sleep(0.01)
        assert centre.dispatcher.synced
        assert centre.asterisk.actions("Redirect") == [TO_102]


@pytest.mark.parametrize("kind", ["Setvar", "Status", "DeviceStateList"])
async def test_what_cannot_be_read_is_read_again_in_a_second(centre: Centre, kind: str) -> None:
    centre.asterisk.refuses[kind] = [AmiDownError("gone")]
    async with running(centre, up=False):
        centre.inbox.put_nowait(LinkUp())
        await asyncio.sleep(0.9)
        assert not centre.dispatcher.synced
        await asyncio.sleep(0.2)
        assert centre.dispatcher.synced


async def test_who_waits_is_offered_as_soon_as_the_state_is_read(centre: Centre) -> None:
    centre.registered("102")
    centre.asterisk.caller()
    async with running(centre):
        await asyncio.sleep(0.01)
        assert centre.asterisk.actions("Redirect") == [TO_102]
        assert centre.dispatcher.router.calls[CallId(CALL)].rank_ms == NOON_MS - 60_000


async def test_a_rebuilt_state_keeps_what_supervisors_changed(centre: Centre) -> None:
    centre.asterisk.database[names.SKILLS_FAMILY]["102"] = "-portal,ict=2;"
    centre.asterisk.database[names.GROUP_PRIORITY_FAMILY]["ict"] = "90"
    async with running(centre):
        assert centre.dispatcher.router.operators[OperatorId("102")].levels == {"ict": 2}
        assert centre.dispatcher.router.group_priority_s(GroupId("ict")) == 90


async def test_the_safety_net_gets_the_operators_and_the_silent_phones_are_asked(centre: Centre) -> None:
    centre.registered("101")
    async with running(centre):
        await asyncio.sleep(0.1)
        assert set(centre.asterisk.members) == {
            ("state-services", "PJSIP/op101"), ("portal", "PJSIP/op102"), ("state-services", "PJSIP/op103"),
            ("portal", "PJSIP/op103"), ("ict", "PJSIP/op104"), ("portal", "PJSIP/op104"),
        }  # fmt: skip
        assert centre.asterisk.members["state-services", "PJSIP/op101"] == ("0", "0")
        assert centre.asterisk.members["portal", "PJSIP/op102"] == ("0", "1")
        assert [endpoint for (endpoint,) in centre.asterisk.actions("PJSIPQualify")] == ["op102", "op103", "op104"]


async def test_an_error_of_ours_is_an_alarm_and_the_state_is_read_anew(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    centre.registered("102")
    async with running(centre):
        monkeypatch.setattr("dispatch.dispatcher.events_of", lambda name, fields: 1 / (name != "UserEvent") and [])
        centre.says_waiting(centre.asterisk.caller())
        await asyncio.sleep(0.01)
        assert centre.told.alarms() == [("bug", "ZeroDivisionError('division by zero')")]
        monkeypatch.setattr("dispatch.dispatcher.events_of", lambda name, fields: {}["x" * 500])
        centre.says("Hangup")
        await asyncio.sleep(0.01)
        assert len(centre.told.alarms()[1][1]) == 200
        monkeypatch.undo()
        assert centre.dispatcher.synced
        assert centre.asterisk.actions("Redirect") == [TO_102], "found by the state that was read anew"


# -- offers ------------------------------------------------------------------------------------------------------------


async def test_a_caller_who_waits_is_sent_to_the_idle_operator_at_once(centre: Centre) -> None:
    centre.registered("102")
    async with running(centre):
        centre.says_waiting(centre.asterisk.caller())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await asyncio.sleep(0.001)
        assert centre.asterisk.actions("Redirect") == [TO_102]
        assert centre.told.facts(Fact.PRESENCE)[-1] == {
            "operator": "102", "state": "offered", "reason": CALL, "at_ms": str(NOON_MS + 1),
        }  # fmt: skip


async def test_a_caller_who_is_gone_when_the_offer_is_made_frees_the_operator(centre: Centre) -> None:
    centre.registered("102")
    async with running(centre):
        centre.says_waiting(centre.asterisk.caller())
        del centre.asterisk.channels[CALLER]
        await asyncio.sleep(0.01)
        assert CallId(CALL) not in centre.dispatcher.router.calls
        assert centre.dispatcher.router.operators[OperatorId("102")].call is None


async def test_an_offer_without_an_answer_is_not_made_twice(centre: Centre) -> None:
    centre.registered("102")
    centre.asterisk.refuses["Redirect"] = [AmiTimeoutError("no answer")]
    async with running(centre):
        centre.says_waiting(centre.asterisk.caller())
        await asyncio.sleep(1)
        assert len(centre.asterisk.actions("Redirect")) == 1
        assert CallId(CALL) in centre.dispatcher.router.calls


async def test_a_lost_move_is_made_again(centre: Centre) -> None:
    centre.registered("102")

    def lost(channel: PaperChannel) -> None:
        channel.context = names.WAITING
        centre.asterisk.moves = partial(begins_offer, centre)

    async with running(centre):
        centre.asterisk.moves = lost
        centre.says_waiting(centre.asterisk.caller())
        await asyncio.sleep(0.5)
        assert centre.asterisk.actions("Redirect") == [TO_102] * 2


async def test_an_offer_that_nobody_hears_of_again_ends_with_its_lease(centre: Centre) -> None:
    centre.registered("102")
    async with running(centre):
        centre.says_waiting(channel := centre.asterisk.caller())
        await asyncio.sleep(1)
        assert centre.dispatcher.router.operators[OperatorId("102")].call == CALL
        channel.context, channel.variables[names.OFFER] = names.WAITING, "1"
        del centre.asterisk.channels["PJSIP/op102-00000002"]
        await asyncio.sleep(120)
        assert centre.asterisk.actions("Redirect")[1] == TO_102, "read anew, and offered again"


async def test_the_end_of_a_wrap_up_wakes_it_to_the_millisecond(centre: Centre) -> None:
    centre.registered("102")
    async with running(centre):
        now_ms = centre.clock.now_ms()
        centre.dispatcher.say(WrapUpSet(OperatorId("102"), now_ms, now_ms + 345))
        await asyncio.sleep(0.01)
        centre.says_waiting(centre.asterisk.caller())
        await asyncio.sleep(0.334)
        assert centre.asterisk.actions("Redirect") == []
        await asyncio.sleep(0.003)
        assert centre.asterisk.actions("Redirect") == [TO_102]


async def test_helpers_are_lent_while_it_is_in_step(centre: Centre) -> None:
    centre.registered("101")
    async with running(centre):
        centre.says_waiting(centre.asterisk.caller())
        await asyncio.sleep(0.01)
        centre.inbox.put_nowait(LinkDown("closed"))
        await asyncio.sleep(0.01)
        centre.dispatcher.lend({OperatorId("101"): {PORTAL: Width.HELPERS}})
        assert centre.dispatcher.router.operators[OperatorId("101")].helps == {}
        centre.inbox.put_nowait(LinkUp())
        await asyncio.sleep(0.01)
        centre.dispatcher.lend({OperatorId("101"): {PORTAL: Width.HELPERS}})
        await asyncio.sleep(0.01)
        assert centre.asterisk.actions("Redirect") == [(CALLER, names.CONNECT, "101")]


# -- what is said of operators -----------------------------------------------------------------------------------------


async def test_a_duty_that_is_said_to_us_is_kept_at_asterisk(centre: Centre) -> None:
    async with running(centre):
        await asyncio.sleep(0.1)
        centre.dispatcher.say(DutyChanged(OperatorId("102"), False, "обед, 100%"), keep=True)
        await asyncio.sleep(0.1)
        kept = "paused:%D0%BE%D0%B1%D0%B5%D0%B4%2C%20100%25"
        assert centre.asterisk.database[names.PRESENCE_FAMILY]["102"] == kept
        assert centre.asterisk.members["portal", "PJSIP/op102"][1] == "1"
        centre.dispatcher.say(DutyChanged(OperatorId("102"), True), keep=True)
        await asyncio.sleep(0.1)
        now_ms = centre.clock.now_ms() - 100
        assert centre.asterisk.database[names.PRESENCE_FAMILY]["102"] == "ready:"
        assert centre.asterisk.database[names.WRAP_UP_FAMILY]["102"] == f"{now_ms}:{now_ms}"
        assert centre.asterisk.members["portal", "PJSIP/op102"][1] == "0"


async def test_a_wrap_up_that_is_said_to_us_is_kept_at_asterisk_and_nothing_else(centre: Centre) -> None:
    async with running(centre):
        await asyncio.sleep(0.1)
        before = len(centre.asterisk.done)
        centre.dispatcher.say(WrapUpSet(OperatorId("102"), NOON_MS, NOON_MS + 9_000), keep=True)
        centre.dispatcher.say(CallPrioritised(CallId(CALL), 60), keep=True)
        centre.dispatcher.say(DutyChanged(OperatorId("101"), False, "lunch"))
        await asyncio.sleep(0.1)
        assert centre.asterisk.database[names.WRAP_UP_FAMILY] == {"102": f"{NOON_MS}:{NOON_MS + 9_000}"}
        assert centre.asterisk.database[names.PRESENCE_FAMILY] == {}
        assert len(centre.asterisk.done) == before + 1


async def test_the_dialplan_is_told_which_groups_nobody_is_logged_in_for(centre: Centre) -> None:
    centre.registered("101", "104")
    async with running(centre):
        await asyncio.sleep(0.1)
        assert centre.asterisk.globals[names.UNSTAFFED] == "--"
        centre.says("DeviceStateChange", Device="PJSIP/op104", State="UNAVAILABLE")
        await asyncio.sleep(0.1)
        assert centre.asterisk.globals[names.UNSTAFFED] == "-62-63-"
        told = centre.asterisk.actions("Setvar")
        centre.says("DeviceStateChange", Device="PJSIP/op104", State="UNAVAILABLE")
        await asyncio.sleep(0.1)
        assert centre.asterisk.actions("Setvar") == told, "nothing has changed"


async def test_who_has_no_registration_any_more_is_logged_out(centre: Centre) -> None:
    centre.registered("101", "102")
    centre.asterisk.values[None, "PJSIP_DIAL_CONTACTS(op102)"] = "PJSIP/op102/sip:x"
    async with running(centre):
        for operator in ("101", "102"):
            centre.says("ContactStatus", AOR=f"op{operator}", ContactStatus="Removed")
        await asyncio.sleep(0.1)
        reachable = {one.id: one.reachable for one in centre.dispatcher.router.operators.values()}
        assert (reachable[OperatorId("101")], reachable[OperatorId("102")]) == (False, True)


async def test_a_phone_that_died_in_its_talk_is_an_alarm_and_the_operator_logged_out(centre: Centre) -> None:
    centre.registered("102")
    centre.asterisk.caller(names.CONNECT, talked="102")
    line = centre.asterisk.leg("102")
    centre.asterisk.values |= {
        (None, "PJSIP_AOR(op102,contact)"): "op102;@a",
        (None, "PJSIP_CONTACT(op102;@a,call_id)"): "one@phone",
        (line.name, "CHANNEL(rtcp,rxcount)"): "7",
    }
    async with running(centre):
        centre.says("ContactStatus", AOR="op102", ContactStatus="Unreachable")
        await asyncio.sleep(5)
        assert centre.told.alarms() == [("phone-lost", "102")]
        assert line.name not in centre.asterisk.channels
        assert centre.asterisk.channels[CALLER].variables[names.LOST] == "102"
        operator = centre.dispatcher.router.operators[OperatorId("102")]
        assert (operator.reachable, operator.away_reason) == (False, "phone lost in a talk")


# -- transfers ---------------------------------------------------------------------------------------------------------


async def test_a_join_of_another_operators_call_is_an_alarm(centre: Centre) -> None:
    async with running(centre):
        centre.says(
            "AttendedTransfer",
            OrigTransfererChannel="PJSIP/op101-00000002",
            SecondTransfererChannel="PJSIP/op102-00000003",
        )
        await asyncio.sleep(0.1)
        assert centre.told.alarms() == [("dialog-not-own", "PJSIP/op101-00000002 with PJSIP/op102-00000003")]


async def test_whom_a_join_has_put_elsewhere_without_a_word_is_looked_for_and_moved_on(centre: Centre) -> None:
    async with running(centre):
        caller = centre.asterisk.caller(id="hl1-5.5")

        def moves_on(channel: PaperChannel) -> None:
            channel.variables[names.ID] = channel.uniqueid

        centre.asterisk.moves = moves_on
        centre.says("AttendedTransfer", DestType="App", TransfereeChannel="N/A")
        await asyncio.sleep(3)
        assert centre.asterisk.actions("Redirect") == [(CALLER, names.MOVED_ON, "s")]
        assert caller.context == names.MOVED_ON
        assert centre.told.alarms() == []


# -- what no event tells -----------------------------------------------------------------------------------------------


async def test_a_caller_whose_event_was_lost_is_found_by_the_second_look(centre: Centre) -> None:
    centre.registered("102")
    async with running(centre):
        await asyncio.sleep(AUDIT_EVERY_S - 1)
        centre.asterisk.caller()
        await asyncio.sleep(AUDIT_EVERY_S)
        assert centre.asterisk.actions("Redirect") == []
        await asyncio.sleep(AUDIT_EVERY_S)
        assert centre.told.alarms() == [("forgotten-caller", CALL)]
        assert centre.asterisk.actions("Redirect") == [TO_102]


async def test_a_caller_left_in_the_net_is_taken_back_by_the_second_look(centre: Centre) -> None:
    async with running(centre):
        centre.asterisk.caller(names.NET, application="Queue")
        await asyncio.sleep(AUDIT_EVERY_S + 1)
        assert centre.asterisk.actions("Redirect") == []
        await asyncio.sleep(AUDIT_EVERY_S)
        assert centre.asterisk.actions("Redirect") == [(CALLER, names.WAITING, "back")]
        assert centre.told.alarms() == []


async def test_callers_in_the_net_are_taken_back_before_anybody_is_offered(centre: Centre) -> None:
    centre.registered("102")
    centre.asterisk.caller(names.NET, application="Queue")
    async with running(centre, up=False):
        centre.inbox.put_nowait(LinkUp())
        await asyncio.sleep(0.03)
        assert (centre.dispatcher.synced, centre.asterisk.actions("Redirect")) == (
            False,
            [(CALLER, names.WAITING, "back")],
        )
        await asyncio.sleep(0.1)
        assert centre.asterisk.actions("Redirect")[1:] == [TO_102]


async def test_a_caller_in_anothers_place_is_moved_on_by_the_second_look(centre: Centre) -> None:
    async with running(centre):
        centre.asterisk.caller(id="hl1-5.5")
        await asyncio.sleep(2 * AUDIT_EVERY_S + 1)
        assert centre.told.alarms() == [("misplaced-caller", CALL)]
        assert (CALLER, names.MOVED_ON, "s") in centre.asterisk.actions("Redirect")


async def test_who_is_taken_care_of_meanwhile_is_left_alone_by_the_second_look(centre: Centre) -> None:
    async with running(centre):
        await asyncio.sleep(AUDIT_EVERY_S - 1)
        caller = centre.asterisk.caller()
        await asyncio.sleep(2)
        centre.says_waiting(caller)
        await asyncio.sleep(3 * AUDIT_EVERY_S)
        assert centre.told.alarms() == []


async def test_an_operator_left_idle_beside_a_caller_is_an_alarm(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    centre.registered("102")
    async with running(centre):
        monkeypatch.setattr(centre.dispatcher._actions, "of", lambda decided: ())
        centre.says_waiting(centre.asterisk.caller())
        await asyncio.sleep(0.08)
        assert centre.dispatcher.idle_watch.alarms == 0
        await asyncio.sleep(0.12)
        assert centre.dispatcher.idle_watch.alarms == 1


async def test_nobody_is_left_idle_while_asterisk_is_away(centre: Centre, monkeypatch: pytest.MonkeyPatch) -> None:
    centre.registered("102")
    async with running(centre):
        monkeypatch.setattr(centre.dispatcher._actions, "of", lambda decided: ())
        centre.says_waiting(centre.asterisk.caller())
        await asyncio.sleep(0.05)
        centre.inbox.put_nowait(LinkDown("closed"))
        await asyncio.sleep(5)
        assert centre.dispatcher.idle_watch.alarms == 0


async def test_what_the_dialplan_says_while_it_is_out_of_step_is_left_to_the_ledger(tmp_path: Path) -> None:
    centre = Centre(tmp_path, **OUTBOUND)
    async with running(centre):
        centre.inbox.put_nowait(LinkDown("closed"))
        centre.says(
            "UserEvent", UserEvent=names.CALLBACK_EVENT, Call=CALL, Number="77011234567", Rank=str(NOON_MS - 60_000),
            Group="portal", Speaks="ru",
        )  # fmt: skip
        await asyncio.sleep(0.1)
        assert centre.dispatcher.callbacks.owed() == []


async def test_talks_are_listened_to_every_few_seconds(centre: Centre) -> None:
    centre.registered("102")
    centre.asterisk.caller(names.CONNECT, talked="102")
    line = centre.asterisk.leg("102")
    for channel in (CALLER, line.name):
        centre.asterisk.values[channel, "CHANNEL(rtcp,rxcount)"] = "7"
    centre.asterisk.values[None, "PJSIP_DIAL_CONTACTS(op102)"] = "PJSIP/op102/sip:x"
    async with running(centre):
        await asyncio.sleep(centre.settings.sip.silent_s + 20)
        asked = [one for one in centre.asterisk.actions("Setvar") if one[1] == "PJSIP_SEND_SESSION_REFRESH()"]
        assert sorted(asked) == [
            (CALLER, "PJSIP_SEND_SESSION_REFRESH()", "invite"), (line.name, "PJSIP_SEND_SESSION_REFRESH()", "invite"),
        ]  # fmt: skip


async def test_a_guesser_is_heard_of_out_of_step_too_and_another_asterisk_is_told_anew(centre: Centre) -> None:
    async with running(centre):
        await centre.dispatcher.slowing.look()
        centre.inbox.put_nowait(LinkDown("closed"))
        centre.says(
            "InvalidPassword", AccountID="101", SessionID="1", LocalAddress="IPV4/UDP/192.0.2.1/5060",
            RemoteAddress="IPV4/UDP/203.0.113.5/5062",
        )  # fmt: skip
        await asyncio.sleep(0.1)
        assert centre.dispatcher.slowing.refused == 1
        told = len(centre.asterisk.actions("SorceryMemoryCachePopulate"))
        await centre.dispatcher.slowing.look()
        assert len(centre.asterisk.actions("SorceryMemoryCachePopulate")) == told
        centre.inbox.put_nowait(LinkUp())
        await asyncio.sleep(0.1)
        await centre.dispatcher.slowing.look()
        assert len(centre.asterisk.actions("SorceryMemoryCachePopulate")) == told + 1


async def test_what_a_caller_was_told_before_a_restart_holds_after_it(centre: Centre) -> None:
    centre.registered("102")
    centre.asterisk.caller(names.CONNECT, name="PJSIP/carrier-00000007", call="hl1-1.7", talked="102")
    centre.asterisk.leg("102", "hl1-1.7")
    centre.asterisk.caller(told="1:0:1")
    async with running(centre):
        await asyncio.sleep(centre.settings.waiting.announce_first_s + 1)
        assert centre.asterisk.channels[CALLER].variables[names.TOLD] == "1:0:1", "no more minutes than before"


async def test_a_caller_who_falls_into_the_net_while_the_state_is_read_is_taken_back_too(centre: Centre) -> None:
    centre.asterisk.caller(names.NET, application="Queue")
    misplaced = centre.asterisk.caller(name="PJSIP/carrier-00000005", call="hl1-1.5", id="hl1-9.9")

    def taken(channel: PaperChannel) -> None:
        late = "PJSIP/carrier-00000006"
        if channel.name == CALLER and late not in centre.asterisk.channels:
            centre.asterisk.caller(names.NET, late, "hl1-1.6", "Queue")

    centre.asterisk.moves = taken
    async with running(centre, up=False):
        centre.inbox.put_nowait(LinkUp())
        await asyncio.sleep(1)
        assert centre.asterisk.channels["PJSIP/carrier-00000006"].context == names.WAITING
        assert misplaced.context == names.MOVED_ON


async def test_a_rebuilt_state_is_asked_for_once_however_often_it_is_wanted(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(centre):
        reads = centre.asterisk.asked.count("DeviceStateList")
        monkeypatch.setattr(centre.dispatcher.router, "handle", lambda event, now_ms: [Resync("a test")] * 3)
        centre.says("Hangup", Channel=CALLER, Uniqueid=CALL, Linkedid=CALL)
        centre.says("Hangup", Channel=CALLER, Uniqueid=CALL, Linkedid=CALL)
        await asyncio.sleep(0.1)
        assert centre.asterisk.asked.count("DeviceStateList") == reads + 1
        centre.dispatcher.say(CallPrioritised(CallId(CALL), 0))
        monkeypatch.setattr(centre.dispatcher.router, "handle", lambda event, now_ms: [Resync("a test")])
        centre.dispatcher.say(CallPrioritised(CallId(CALL), 0))
        await asyncio.sleep(0.1)
        assert centre.asterisk.asked.count("DeviceStateList") == reads + 2, "and again later"


# -- callbacks ---------------------------------------------------------------------------------------------------------


async def test_who_asks_to_be_called_back_keeps_the_place_without_the_channel(tmp_path: Path) -> None:
    centre = Centre(tmp_path, **OUTBOUND)
    async with running(centre):
        centre.says_waiting(centre.asterisk.caller())
        await asyncio.sleep(0.01)
        assert centre.dispatcher.router.place(CallId(CALL)) == 1
        centre.says(
            "UserEvent", UserEvent=names.CALLBACK_EVENT, Call=CALL, Number="77011234567", Rank=str(NOON_MS - 60_000),
            Group="portal", Speaks="ru",
        )  # fmt: skip
        centre.says("Hangup", Channel=CALLER, Uniqueid=CALL, Linkedid=CALL)
        del centre.asterisk.channels[CALLER]
        await asyncio.sleep(0.01)
        assert centre.dispatcher.router.place(CallId(CALL)) is None
        assert centre.dispatcher.announcements.tallies == {}, "who asks for a callback has not given up"
        centre.owed = Recalled(NOON_MS + 9_000, (), ())
        await asyncio.sleep(2 * AUDIT_EVERY_S)
        (waiting,) = centre.dispatcher.router.waiting()
        assert (waiting.rank_ms, waiting.channel) == (NOON_MS - 60_000, "")


async def test_an_owed_callback_is_called_when_its_operator_is_free_and_not_before(tmp_path: Path) -> None:
    centre = Centre(tmp_path, **OUTBOUND)
    centre.owed = Recalled(NOON_MS + 9_000, (owed(),), ())
    async with running(centre):
        await asyncio.sleep(AUDIT_EVERY_S + 2)
        assert centre.asterisk.actions("Originate") == []
        centre.says("DeviceStateChange", Device="PJSIP/op102", State="NOT_INUSE")
        centre.says("UserEvent", UserEvent=names.PRESENCE_EVENT, Operator="102", State="ready")
        await asyncio.sleep(0.1)
        ((channel, call, context, operator, *_),) = centre.asterisk.actions("Originate")
        assert (channel, context, operator) == (f"Local/s@{names.CALLBACK_LEG}/n", names.CALLBACK, "102")
        assert centre.dispatcher.callbacks.call_for(CallId("hl1-9.9")) == call
        centre.says("UserEvent", UserEvent=names.CALLBACK_TRIED_EVENT, Of="hl1-9.9", Status="NOANSWER")
        centre.says("Hangup", Channel="Local/s@callback-leg-1;1", Uniqueid=call, Linkedid=call)
        await asyncio.sleep(0.1)
        (left,) = centre.dispatcher.callbacks.owed()
        assert (left.tried, centre.dispatcher.callbacks.call_for(CallId("hl1-9.9"))) == (1, None)


async def test_who_is_asked_for_at_a_number_that_was_called_too_often_is_dropped_with_the_reason(
    tmp_path: Path,
) -> None:
    centre = Centre(tmp_path, **OUTBOUND)
    often = tuple(("77011234567", NOON_MS - 1_000) for _ in range(centre.settings.callback.most_per_number))
    centre.owed = Recalled(NOON_MS + 9_000, (owed(),), often)
    async with running(centre):
        await asyncio.sleep(AUDIT_EVERY_S + 2)
        assert centre.told.facts(Fact.CALLBACK_CANCELLED) == [{"reason": "too-often"}]
        assert centre.dispatcher.callbacks.owed() == []


async def test_callbacks_leave_the_line_when_the_hours_are_over(tmp_path: Path) -> None:
    centre = Centre(tmp_path, **OUTBOUND)
    centre.owed = Recalled(NOON_MS + 9_000, (owed(),), ())
    async with running(centre):
        await asyncio.sleep(AUDIT_EVERY_S + 2)
        assert len(centre.dispatcher.router.waiting()) == 1
        centre.clock.set(12 * 3_600_000)
        await asyncio.sleep(1.5)
        assert centre.dispatcher.router.waiting() == []


async def test_a_callback_that_is_being_called_goes_on_when_it_is_cancelled_or_the_hours_end(tmp_path: Path) -> None:
    centre = Centre(tmp_path, **OUTBOUND, callback__until_hour="13")
    centre.registered("102")
    centre.clock.set(3_590_000)  # ten seconds to one
    centre.owed = Recalled(NOON_MS + 3_599_000, (owed(),), ())
    async with running(centre):
        await asyncio.sleep(AUDIT_EVERY_S + 2)
        (made,) = (CallId(call) for _, call, *_ in centre.asterisk.actions("Originate"))
        centre.dispatcher.cancel_callback(CallId("hl1-9.9"))
        await asyncio.sleep(6)
        assert not centre.dispatcher.callbacks.may_call(centre.clock.now_ms())
        assert centre.dispatcher.router.calls[made].offered_to == "102"
        centre.dispatcher.cancel_callback(CallId("hl1-7.7"))
        await asyncio.sleep(0.1)
        assert centre.dispatcher.router.calls[made].offered_to == "102", "nor does another's end it"


async def test_a_cancelled_callback_is_written_down_and_leaves_the_line(tmp_path: Path) -> None:
    centre = Centre(tmp_path, **OUTBOUND)
    centre.owed = Recalled(NOON_MS + 9_000, (owed(),), ())
    async with running(centre):
        await asyncio.sleep(AUDIT_EVERY_S + 2)
        centre.dispatcher.cancel_callback(CallId("hl1-9.9"))
        await asyncio.sleep(0.1)
        assert centre.told.facts(Fact.CALLBACK_CANCELLED) == [{}]
        assert (centre.dispatcher.callbacks.owed(), centre.dispatcher.router.waiting()) == ([], [])


async def test_a_callback_that_cannot_be_written_off_stays_owed(tmp_path: Path) -> None:
    centre = Centre(tmp_path, **OUTBOUND)
    centre.owed = Recalled(NOON_MS + 9_000, (owed(),), ())
    async with running(centre):
        await asyncio.sleep(AUDIT_EVERY_S + 2)
        centre.told.journal.path.unlink(missing_ok=True)
        centre.told.journal.path.mkdir()
        with pytest.raises(OSError, match="directory"):
            centre.dispatcher.cancel_callback(CallId("hl1-9.9"))
        assert len(centre.dispatcher.callbacks.owed()) == 1


async def test_a_ledger_that_is_away_leaves_the_callbacks_for_the_next_look(tmp_path: Path) -> None:
    centre = Centre(tmp_path, **OUTBOUND)
    centre.owed = Recalled(NOON_MS + 99_000, (owed(),), ())
    centre.recall_fails = LedgerUnavailableError("away")
    async with running(centre):
        await asyncio.sleep(AUDIT_EVERY_S + 2)
        assert centre.dispatcher.callbacks.owed() == []
        centre.recall_fails = None
        await asyncio.sleep(AUDIT_EVERY_S)
        assert len(centre.dispatcher.callbacks.owed()) == 1


async def test_a_callback_in_flight_at_a_restart_is_not_called_a_second_time(tmp_path: Path) -> None:
    centre = Centre(tmp_path, **OUTBOUND)
    centre.asterisk.caller(
        names.CALLBACK, "Local/s@callback-leg-00000001;1", "cb1.1", callback_of="hl1-9.9", id="cb1.1"
    )
    centre.owed = Recalled(NOON_MS + 9_000, (owed(),), ())
    async with running(centre):
        await asyncio.sleep(AUDIT_EVERY_S + 2)
        assert centre.dispatcher.callbacks.call_for(CallId("hl1-9.9")) == "cb1.1"
        assert centre.dispatcher.router.waiting() == []


async def test_a_wait_without_a_channel_never_moves_a_channel(tmp_path: Path) -> None:
    centre = Centre(tmp_path)
    centre.registered("102")
    async with running(centre):
        centre.dispatcher.say(CallWaiting(CallId("cb1.7"), "", PORTAL, "ru", NOON_MS - 5_000))
        await asyncio.sleep(0.1)
        assert (centre.asterisk.actions("Redirect"), centre.asterisk.actions("Originate")) == ([], [])
        assert centre.dispatcher.router.operators[OperatorId("102")].call is None, "it was none of ours"


async def test_a_refused_call_back_frees_the_operator(tmp_path: Path) -> None:
    centre = Centre(tmp_path, **OUTBOUND)
    centre.registered("102")
    centre.owed = Recalled(NOON_MS + 9_000, (owed(),), ())
    centre.asterisk.refuses["Originate"] = [AmiRefusedError("Originate failed")]
    async with running(centre):
        await asyncio.sleep(AUDIT_EVERY_S + 2)
        assert centre.dispatcher.router.operators[OperatorId("102")].call is None
