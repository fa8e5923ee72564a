"""Which silent phone is dead, which is asked, which is left alone: against a manager that answers by table."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from calls.events import OperatorAnswered, Reachability
from calls.ids import CallId, OperatorId
from dispatch.ami_events import doubtful
from dispatch.notes import Notes
from dispatch.pulse import LOST, Pulse
from dispatch.snapshot import SeenChannel
from routing.from_settings import configured_router
from telephony.ami_event import AmiEvent
from telephony.errors import AmiRefusedError
from telephony.quoting import ActionFields
from tests.unit.dispatch.paper_asterisk import hotline
from tests.unit.dispatch.virtual_time import HandClock, VirtualClock

LINE, CALLER = "PJSIP/op101-00000002", "PJSIP/carrier-00000001"
OPERATOR = OperatorId("101")


@dataclass
class Asterisk:
    """Two channels in a talk; `packets_each` come from the phone between two looks."""

    packets_each: int = 0
    contact: str = "op101;@a"
    there: bool = True
    life: str = "first@phone"
    allow: str = "INVITE, UPDATE"
    did: list[Mapping[str, object]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    gone: bool = False
    others: dict[str, str] = field(default_factory=dict)
    """Further channels, each with its variable."""
    packets: int = 100

    async def send(self, action: ActionFields, timeout_s: float = 2.0) -> AmiEvent:
        if action["Action"] != "Getvar":
            self.did.append(action)
            return AmiEvent("Success")
        values = {
            "CHANNEL(rtcp,rxcount)": str(self.packets),
            "PJSIP_AOR(op101,contact)": self.contact,
            "PJSIP_DIAL_CONTACTS(op101)": "PJSIP/op101/sip:x" if self.there else "",
            "PJSIP_HEADER(read,Allow)": self.allow,
            f"PJSIP_CONTACT({self.contact},call_id)": self.life,
        }
        self.packets += self.packets_each
        name = str(action["Variable"])
        self.asked.append(name)
        if name not in values or (self.gone and "rtcp" in name):
            raise AmiRefusedError("no such function")
        return AmiEvent("Success", {"Value": values[name]})

    async def collect(self, action: ActionFields, timeout_s: float = 5.0) -> list[AmiEvent]:
        both = {LINE: ("2", {}), CALLER: ("1", {"Variable": "BLN_TALKED=101"})}
        both |= {name: ("3", {"Variable": said}) for name, said in self.others.items()}
        return [
            AmiEvent("Status", {"Channel": name, "Uniqueid": id, "Linkedid": "1", "ChannelState": "6", **more})
            for name, (id, more) in both.items()
        ]

    @property
    def done(self) -> list[tuple[object, ...]]:
        """What was asked to be done: the action, the channel, the variable and its value."""
        return [tuple(value for key, value in one.items()) for one in self.did]


class Alarms(Notes):
    """What a person is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def alarm(self, kind: str, detail: str) -> None:
        self.told.append((kind, detail))


ENDED = [("Setvar", CALLER, "BLN_LOST", "101"), ("Hangup", LINE)]
ASKED = [("Setvar", LINE, "PJSIP_SEND_SESSION_REFRESH()", "invite")]


@pytest.mark.parametrize(
    ("asterisk", "registers", "done"),
    [
        (Asterisk(there=False), "", ENDED),
        (Asterisk(), "second@phone", ENDED),
        (Asterisk(), "", ASKED),
        (Asterisk(contact=""), "", ASKED),  # taken back by a person, or its connection is made anew
        (Asterisk(packets_each=20, there=False), "", []),
        (Asterisk(packets_each=20), "second@phone", []),
    ],
    ids=["dead", "come up anew", "muted", "muted and not registered", "speaks, is not seen", "speaks, moved"],
)
async def test_only_a_silent_phone_that_is_not_there_any_more_is_taken_out_of_its_talk(
    asterisk: Asterisk, registers: str, done: list[tuple[str, ...]]
) -> None:
    there = Pulse(asterisk, VirtualClock(), alarms := Alarms(), 60)
    await there.talk_began(OPERATOR)
    asterisk.life = registers or asterisk.life
    lost = await there.doubt(OPERATOR, (LINE,))
    assert asterisk.done == done
    assert lost == ((Reachability(OPERATOR, asterisk.there, LOST),) if done == ENDED else ())
    assert alarms.told == ([("phone-lost", "101")] if done == ENDED else [])


async def test_who_sends_no_voice_is_asked_by_what_they_know_and_once_for_each_silence() -> None:
    asterisk, clock = Asterisk(), HandClock()
    channels = [
        SeenChannel(CALLER, "1", "1", up=True, context="waiting", application="", variables={}),
        SeenChannel("PJSIP/carrier-00000003", "3", "3", up=False, context="hotline", application="", variables={}),
        SeenChannel("Local/s@callback-leg-1;1", "4", "4", up=True, context="waiting", application="", variables={}),
    ]
    there = Pulse(asterisk, clock, Alarms(), 60)
    for clock.at_s in range(0, 300, 5):
        asterisk.packets += 1 if clock.at_s == 150 else 0
        await there.listen({}, channels)
    assert asterisk.done == [("Setvar", CALLER, "PJSIP_SEND_SESSION_REFRESH()", "update")] * 4


async def test_a_side_that_speaks_is_looked_at_four_times_in_each_silence() -> None:
    asterisk, clock = Asterisk(packets_each=20), HandClock()
    channels = [SeenChannel(CALLER, "1", "1", up=True, context="waiting", application="", variables={})]
    there = Pulse(asterisk, clock, Alarms(), 60)
    for clock.at_s in range(0, 121, 5):
        await there.listen({}, channels)
    assert asterisk.asked.count("CHANNEL(rtcp,rxcount)") == 1 + 120 // 15
    assert asterisk.done == []


async def test_a_line_that_is_gone_while_it_is_looked_at_does_not_speak() -> None:
    asterisk = Asterisk(there=False)
    there = Pulse(asterisk, VirtualClock(), Alarms(), 60)
    doubted = asyncio.create_task(there.doubt(OPERATOR, (LINE,)))
    await asyncio.sleep(0.1)
    asterisk.gone = True
    assert await doubted == (Reachability(OPERATOR, False, LOST),)


async def test_a_talk_is_doubted_once_at_a_time_and_only_where_there_is_a_line() -> None:
    asterisk = Asterisk(there=False)
    there = Pulse(asterisk, VirtualClock(), Alarms(), 60)
    assert await there.doubt(OPERATOR, ()) == ()
    both = await asyncio.gather(there.doubt(OPERATOR, (LINE,)), there.doubt(OPERATOR, (LINE,)))
    assert sorted(map(len, both)) == [0, 1]
    assert len(await there.doubt(OPERATOR, (LINE,))) == 1, "and again later"


async def test_only_the_callers_of_that_operator_are_told_why_their_talk_ended() -> None:
    asterisk = Asterisk(there=False)
    asterisk.others = {"PJSIP/carrier-00000007": "BLN_TALKED=102", "PJSIP/op101-00000008": "BLN_TALKED=101"}
    await Pulse(asterisk, VirtualClock(), Alarms(), 60).doubt(OPERATOR, (LINE,))
    assert asterisk.done == ENDED


async def test_the_tail_of_what_was_on_its_way_is_no_voice() -> None:
    clock = VirtualClock()
    for packets_each, done in ((0, ENDED), (1, [])):
        began_s = clock.passed_s()
        asterisk = Asterisk(there=False, packets_each=packets_each)
        await Pulse(asterisk, VirtualClock(), Alarms(), 60).doubt(OPERATOR, (LINE,))
        assert asterisk.done == done, "one packet at each of three looks is more than two"
        assert clock.passed_s() - began_s == 1.5, "so long a talk that is none goes on"


async def test_a_phone_without_a_registration_that_is_known_is_asked_and_not_taken_out() -> None:
    asterisk = Asterisk(contact="", there=False)
    there = Pulse(asterisk, VirtualClock(), Alarms(), 60)
    assert await there.doubt(OPERATOR, (LINE,)) == ()
    assert asterisk.done == ASKED
    asterisk.did.clear()
    assert await there.listen({OPERATOR: (LINE,)}, []) == []
    assert asterisk.done == [], "nor doubted without news"


async def test_an_operators_phone_and_a_leg_are_asked_by_what_everybody_knows() -> None:
    asterisk, clock = Asterisk(), HandClock()
    channels = [
        SeenChannel(LINE, "2", "2", up=True, context="", application="", variables={}),
        SeenChannel("PJSIP/carrier-00000009", "9", "1", up=True, context="", application="", variables={}),
    ]
    there = Pulse(asterisk, clock, Alarms(), 60)
    for clock.at_s in (0, 61):
        await there.listen({}, channels)
    assert [said[-1] for said in asterisk.done] == ["invite", "invite"]


async def test_a_channel_that_goes_and_comes_again_is_listened_to_anew() -> None:
    asterisk, clock = Asterisk(), HandClock()
    one = SeenChannel(CALLER, "1", "1", up=True, context="waiting", application="", variables={})
    there = Pulse(asterisk, clock, Alarms(), 60)
    for clock.at_s, channels in ((0, [one]), (50, []), (61, [one])):
        await there.listen({}, channels)
    assert asterisk.done == []
    asterisk.gone = True
    clock.at_s = 200
    assert await there.listen({}, [one]) == [], "gone while it is looked at"


async def test_a_talk_whose_phone_is_not_registered_any_more_is_doubted_without_news() -> None:
    asterisk = Asterisk(there=False)
    there = Pulse(asterisk, VirtualClock(), Alarms(), 60)
    assert await there.listen({OPERATOR: (LINE,)}, []) == [Reachability(OPERATOR, False, LOST)]
    asterisk.there = True
    assert await there.listen({OPERATOR: (LINE,)}, []) == []


async def test_which_life_of_the_phone_has_a_talk_is_asked_when_it_begins() -> None:
    there = Pulse(Asterisk(), VirtualClock(), Alarms(), 60)
    router = configured_router(hotline())
    assert list(there.after(Reachability(OPERATOR, True), router, 0)) == []
    (action,) = there.after(OperatorAnswered(OPERATOR, CallId("hl1-1.1")), router, 0)
    assert await action is None


@pytest.mark.parametrize("said", ["Unreachable", "Created", "Updated", "Removed"])
def test_a_talk_is_looked_at_when_its_phone_does_not_answer_or_registers(said: str) -> None:
    assert doubtful("ContactStatus", {"AOR": "op101", "ContactStatus": said}) == OPERATOR
    assert doubtful("ContactStatus", {"AOR": "op101", "ContactStatus": "Reachable"}) is None
    assert doubtful("ContactStatus", {"AOR": "carrier", "ContactStatus": said}) is None
    assert doubtful("Hangup", {"AOR": "op101", "ContactStatus": said}) is None
