"""What is read from Asterisk: channels, what it keeps, phones; and what supervisors changed."""

from __future__ import annotations

import pytest

from calls.events import CallWaiting, DutyChanged, GroupPrioritised, Reachability, SkillsChanged, WrapUpSet
from calls.ids import CallId, GroupId, OperatorId
from dialplan import names
from dispatch.channels import has_contact, seen_channel, seen_channels
from dispatch.overrides import Overrides
from dispatch.resync import ask_silent_phones, device_states, kept, read_state
from dispatch.snapshot import SeenChannel
from routing.presence import Operator
from routing.skill_overrides import SkillChange, Skilled
from telephony.errors import AmiDownError, AmiRefusedError
from tests.unit.dispatch.paper_asterisk import CALL, CALLER, PaperAsterisk, PaperChannel, hotline

AIGUL, NURLAN, STRANGER = OperatorId("101"), OperatorId("102"), OperatorId("999")
PORTAL = GroupId("portal")


async def test_a_channel_is_seen_with_its_place_and_variables() -> None:
    asterisk = PaperAsterisk()
    asterisk.channels[CALLER] = PaperChannel(
        CALLER, CALL, "hl1-9.9", up=False, context="connect", exten="101", application="Dial",
        variables={names.GROUP: "portal", names.OFFER: "(null)"},
    )  # fmt: skip
    leg = asterisk.leg("102")
    seen = SeenChannel(CALLER, CALL, "hl1-9.9", False, "connect", "Dial", {names.GROUP: "portal"}, "101")
    assert await seen_channel(asterisk, CALLER) == seen
    assert await seen_channels(asterisk) == [seen, SeenChannel(leg.name, "hl1-1.2", CALL, True, "", "", {}, "s")]
    assert await seen_channel(asterisk, "PJSIP/carrier-00000009") is None
    asterisk.refuses["Status"] = [AmiDownError("gone")]
    with pytest.raises(AmiDownError):
        await seen_channel(asterisk, CALLER)


@pytest.mark.parametrize(("told", "there"), [("PJSIP/op101/sip:x", True), (" ", False), ("", False)])
async def test_a_phone_can_be_rung_where_asterisk_has_a_contact(told: str, there: bool) -> None:
    asterisk = PaperAsterisk()
    asterisk.values[None, "PJSIP_DIAL_CONTACTS(op101)"] = told
    assert await has_contact(asterisk, AIGUL) is there


async def test_what_asterisk_keeps_is_read_by_its_last_word_and_nothing_is_no_error() -> None:
    asterisk = PaperAsterisk()
    assert await kept(asterisk, names.PRESENCE_FAMILY) == {}
    asterisk.database[names.PRESENCE_FAMILY] = {"101": "ready:", "102": "paused:lunch"}
    assert await kept(asterisk, names.PRESENCE_FAMILY) == {"101": "ready:", "102": "paused:lunch"}


async def test_a_phone_that_is_not_listed_has_no_state() -> None:
    asterisk = PaperAsterisk()
    asterisk.devices = {"PJSIP/op101": "RINGING", "PJSIP/carrier": "INUSE"}
    assert await device_states(asterisk, [AIGUL, NURLAN]) == {AIGUL: "RINGING", NURLAN: ""}


async def test_the_whole_state_is_read_as_events() -> None:
    asterisk = PaperAsterisk()
    asterisk.caller()
    asterisk.caller(names.NET, "PJSIP/carrier-00000002", "hl1-1.5", application="Queue")
    asterisk.devices = {"PJSIP/op101": "NOT_INUSE"}
    asterisk.database[names.PRESENCE_FAMILY] = {"101": "paused:%D0%BE%D0%B1%D0%B5%D0%B4"}
    asterisk.database[names.WRAP_UP_FAMILY] = {"101": "1000:2000"}
    state = await read_state(asterisk, [AIGUL, NURLAN])
    waiting, *_ = (event for event in state.events if isinstance(event, CallWaiting))
    assert (waiting.call, waiting.channel) == (CALL, CALLER)
    assert [event for event in state.events if not isinstance(event, CallWaiting)] == [
        Reachability(AIGUL, True),
        Reachability(NURLAN, False),
        DutyChanged(AIGUL, False, "обед", kept=True),
        WrapUpSet(AIGUL, 1000, 2000),
    ]
    assert state.in_net == ((CallId("hl1-1.5"), "PJSIP/carrier-00000002"),)


async def test_only_silent_phones_are_asked_and_one_that_cannot_be_keeps_no_other_from_it() -> None:
    asterisk = PaperAsterisk()
    asterisk.refuses["PJSIPQualify"] = [AmiRefusedError("no such endpoint")]
    everybody = [
        Operator(OperatorId(number), frozenset(), frozenset(), reachable=reachable)
        for number, reachable in (("101", False), ("102", True), ("103", False))
    ]
    await ask_silent_phones(asterisk, everybody)
    assert asterisk.actions("PJSIPQualify") == [("op101",), ("op103",)]


async def test_what_supervisors_changed_is_recalled_and_nonsense_is_not() -> None:
    asterisk = PaperAsterisk()
    overrides = Overrides(hotline(), asterisk)
    assert await overrides.recall() == []
    asterisk.database[names.SKILLS_FAMILY] = {"101": "ict=2;-en", "102": "¿?", "999": "ict=1;"}
    asterisk.database[names.GROUP_PRIORITY_FAMILY] = {"ict": "-60", "portal": "90", "gone": "5", "state-services": "x"}
    told = await overrides.recall()
    assert told == [
        SkillsChanged(AIGUL, {"state-services": 1, "ict": 2}, frozenset({"kk", "ru"})),
        GroupPrioritised(GroupId("ict"), -60),
        GroupPrioritised(PORTAL, 90),
    ]
    assert (overrides.priority_s(PORTAL), overrides.priority_s(GroupId("state-services"))) == (90, 0)
    assert (bool(overrides.change_of(AIGUL)), bool(overrides.change_of(NURLAN))) == (True, False)
    asterisk.database[names.SKILLS_FAMILY] = {}
    await overrides.recall()
    assert not overrides.change_of(AIGUL), "another Asterisk keeps nothing"


async def test_a_change_can_be_weighed_before_it_is_made() -> None:
    overrides = Overrides(hotline(), PaperAsterisk())
    usual = Skilled({PORTAL: 1}, frozenset({"kk", "ru", "en"}))
    assert overrides.skilled(NURLAN) == usual
    change = SkillChange({PORTAL: 2})
    assert overrides.skilled(NURLAN, change).levels == {PORTAL: 2}
    assert overrides.skilled(NURLAN) == usual
    said = await overrides.change(NURLAN, change)
    assert (said.levels, overrides.skilled(NURLAN).levels) == ({PORTAL: 2}, {PORTAL: 2})
