"""What supervisors change while calls wait: at once in the core, kept at Asterisk, in the net, and audited."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from calls.ids import GroupId, OperatorId
from calls.journal import Fact
from console.answers import LARGEST_S
from console.errors import (
    NoSuchGroupError,
    NothingLeftError,
    UnavailableError,
    UnknownCallError,
    UnknownGroupError,
    UnknownLanguageError,
    UnknownOperatorError,
)
from console.operations.operators import SkillsBody
from dialplan import names
from dispatch.supervision import LiveSupervision
from telephony.errors import AmiDownError, AmiRefusedError
from tests.unit.dispatch.paper_asterisk import CALL, Centre, running, values

BY = "api:aliya"


class Room:
    """A centre with its supervisor."""

    def __init__(self, centre: Centre) -> None:
        self.centre, self.asterisk = centre, centre.asterisk
        self.live = LiveSupervision(
            centre.settings, centre.dispatcher, centre.asterisk, centre.clock, centre.told.journal
        )

    @property
    def audited(self) -> list[tuple[str, ...]]:
        """What was written down: kind, subject, by, before, after."""
        facts = self.centre.told.facts(Fact.CHANGED)
        return [tuple(one[name] for name in ("kind", "subject", "by", "before", "after")) for one in facts]


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    centre = Centre(tmp_path)
    centre.registered("102")
    async with running(centre):
        await centre.clock.sleep(0.1)
        yield Room(centre)


async def test_skills_are_changed_at_once_kept_and_told_the_net(room: Room) -> None:
    asked = SkillsBody(levels={"ict": 3}, remove=("portal",), add_languages=(), remove_languages=("en",))
    changed = await room.live.skills("102", asked, BY)
    assert changed.model_dump() == {
        "operator": "102", "levels": {"ict": 3}, "languages": ("kk", "ru"), "changed": True,
    }  # fmt: skip
    await room.centre.clock.sleep(0.1)
    operator = room.centre.dispatcher.router.operators[OperatorId("102")]
    assert (operator.levels, operator.languages) == ({"ict": 3}, {"kk", "ru"})
    assert room.asterisk.database[names.SKILLS_FAMILY]["102"] == "ict=3,-portal;-en"
    assert room.asterisk.members["ict", "PJSIP/op102"] == ("2", "0")
    assert ("portal", "PJSIP/op102") not in room.asterisk.members
    assert room.audited == [("operator.skills", "102", BY, "portal=1 en/kk/ru", "ict=3 kk/ru")]


async def test_a_second_change_comes_on_top_and_a_reset_takes_all_back(room: Room) -> None:
    await room.live.skills("102", SkillsBody(levels={"ict": 3}), BY)
    await room.live.skills("102", SkillsBody(levels={"portal": 2}), BY)
    await room.centre.clock.sleep(0.1)
    operator = room.centre.dispatcher.router.operators[OperatorId("102")]
    assert operator.levels == {"ict": 3, "portal": 2}
    assert room.asterisk.members["portal", "PJSIP/op102"] == ("1", "0"), "the level is the penalty less one"
    back = await room.live.skills("102", SkillsBody(reset=True), BY)
    await room.centre.clock.sleep(0.1)
    assert (back.levels, back.changed) == ({"portal": 1}, False)
    assert room.asterisk.database[names.SKILLS_FAMILY] == {}
    assert {queue for queue, at in room.asterisk.members if at == "PJSIP/op102"} == {"portal"}
    again = await room.live.skills("102", SkillsBody(reset=True), BY)  # nothing is kept that could be forgotten
    assert not again.changed


async def test_who_is_paused_is_paused_in_the_net_too(room: Room) -> None:
    await room.live.skills("101", SkillsBody(levels={"ict": 1}), BY)
    await room.centre.clock.sleep(0.1)
    assert room.asterisk.members["ict", "PJSIP/op101"] == ("0", "1")


async def test_a_group_that_is_taken_and_given_in_one_change_is_given(room: Room) -> None:
    asked = SkillsBody(levels={"ict": 2}, remove=("ict",), add_languages=("en",), remove_languages=("en",))
    changed = await room.live.skills("102", asked, BY)
    assert (changed.levels, changed.languages) == ({"ict": 2, "portal": 1}, ("en", "kk", "ru"))


@pytest.mark.parametrize(
    ("asked", "error", "words"),
    [
        (SkillsBody(levels={"nowhere": 1}), UnknownGroupError, "no group nowhere; there are: state-services, portal"),
        (SkillsBody(remove=("nowhere",)), UnknownGroupError, "no group nowhere"),
        (SkillsBody(add_languages=("de",)), UnknownLanguageError, "no language de; there are: kk, ru, en"),
        (SkillsBody(remove_languages=("de",)), UnknownLanguageError, "no language de"),
        (SkillsBody(remove=("portal",)), NothingLeftError, "left without a group"),
        (SkillsBody(remove_languages=("kk", "ru", "en")), NothingLeftError, "left without a language"),
    ],
)
async def test_a_change_that_makes_no_sense_is_not_made(
    room: Room, asked: SkillsBody, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        await room.live.skills("102", asked, BY)
    with pytest.raises(UnknownOperatorError, match="no operator 999"):
        await room.live.skills("999", asked, BY)
    assert (room.audited, room.asterisk.database[names.SKILLS_FAMILY]) == ([], {})


async def test_what_asterisk_does_not_keep_is_not_changed(room: Room) -> None:
    room.asterisk.refuses["DBPut"] = [AmiDownError("gone")]
    with pytest.raises(UnavailableError):
        await room.live.skills("102", SkillsBody(levels={"ict": 3}), BY)
    assert room.audited == []
    assert room.centre.dispatcher.router.operators[OperatorId("102")].levels.get(GroupId("ict")) is None


async def test_a_net_that_takes_nothing_changes_nothing_else(room: Room) -> None:
    room.asterisk.refuses["QueueAdd"] = [AmiDownError("gone")]
    await room.live.skills("102", SkillsBody(levels={"ict": 3}), BY)
    await room.centre.clock.sleep(0.1)
    assert room.centre.dispatcher.router.operators[OperatorId("102")].levels == {"ict": 3, "portal": 1}


async def test_a_disk_that_takes_nothing_does_not_stop_a_supervisor(room: Room) -> None:
    room.centre.told.journal.path.unlink()
    room.centre.told.journal.path.mkdir()
    assert (await room.live.prioritise_group("ict", 60, BY)).priority_s == 60


async def test_a_waiting_caller_is_given_seconds_more_fewer_or_so_many(room: Room) -> None:
    caller = room.asterisk.caller(group="ict")
    room.centre.says_waiting(caller)
    await room.centre.clock.sleep(0.01)
    for by_s, to_s, wanted in ((60, None, 60), (30, None, 90), (-100, None, -10), (None, 45, 45), (None, 0, 0)):
        told = await room.live.prioritise_call(CALL, by_s, to_s, BY)
        await room.centre.clock.sleep(0.01)
        assert told.model_dump() == {"of": CALL, "priority_s": wanted}
        assert caller.variables[names.PRIORITY] == str(wanted)
        (waiting,) = room.centre.dispatcher.router.waiting()
        assert waiting.priority_s == wanted
    assert room.audited[1] == ("call.priority", CALL, BY, "60", "90")


async def test_no_more_seconds_are_given_than_there_are(room: Room) -> None:
    room.asterisk.caller(group="ict")
    assert (await room.live.prioritise_call(CALL, 2 * LARGEST_S, None, BY)).priority_s == LARGEST_S
    assert (await room.live.prioritise_call(CALL, -4 * LARGEST_S, None, BY)).priority_s == -LARGEST_S
    assert (await room.live.prioritise_group("ict", 2 * LARGEST_S, BY)).priority_s == LARGEST_S


@pytest.mark.parametrize(("kept", "wanted"), [("-20", 10), ("20", 50), ("", 30), ("much", 30)])
async def test_a_caller_in_a_talk_keeps_seconds_for_the_next_wait(room: Room, kept: str, wanted: int) -> None:
    room.asterisk.caller(names.CONNECT, priority=kept)
    assert (await room.live.prioritise_call(CALL, 30, None, BY)).priority_s == wanted


async def test_a_callback_in_line_is_prioritised_without_a_channel(room: Room) -> None:
    room.centre.says_waiting(caller := room.asterisk.caller(group="ict"))
    await room.centre.clock.sleep(0.01)
    del room.asterisk.channels[caller.name]
    assert (await room.live.prioritise_call(CALL, 30, None, BY)).priority_s == 30


async def test_only_a_call_of_now_is_prioritised(room: Room) -> None:
    room.asterisk.caller(arrived="")
    room.asterisk.leg("102", "hl1-7.7", 3)
    room.asterisk.caller(name="PJSIP/carrier-00000009", call="hl1-9.9").linkedid = "hl1-8.8"
    for call in (CALL, "hl1-1.3", "hl1-7.7", "hl1-9.9", "hl1-8.8"):
        with pytest.raises(UnknownCallError, match=f"no such call now: {call}"):
            await room.live.prioritise_call(call, 30, None, BY)


async def test_a_groups_priority_is_kept_and_forgotten(room: Room) -> None:
    assert (await room.live.prioritise_group("ict", 90, BY)).model_dump() == {"of": "ict", "priority_s": 90}
    await room.centre.clock.sleep(0.01)
    assert room.centre.dispatcher.router.group_priority_s(GroupId("ict")) == 90
    assert room.asterisk.database[names.GROUP_PRIORITY_FAMILY] == {"ict": "90"}
    await room.live.prioritise_group("ict", 0, BY)
    assert room.asterisk.database[names.GROUP_PRIORITY_FAMILY] == {}
    assert room.audited == [("group.priority", "ict", BY, "0", "90"), ("group.priority", "ict", BY, "90", "0")]
    with pytest.raises(NoSuchGroupError, match="no group nowhere; there are: state-services, portal, ict"):
        await room.live.prioritise_group("nowhere", 1, BY)
    room.asterisk.refuses["DBDel"] = [AmiRefusedError("Database entry not found")]
    assert (await room.live.prioritise_group("ict", 0, BY)).priority_s == 0


async def test_groups_are_told_with_who_waits_and_who_serves_them(room: Room) -> None:
    room.centre.says_waiting(room.asterisk.caller(group="ict"))
    await room.live.prioritise_group("ict", 90, BY)
    await room.centre.clock.sleep(0.01)
    assert values(await room.live.groups(), "group", "priority_s", "waiting", "operators", "ready") == [
        ("state-services", 0, 0, 2, 0),
        ("portal", 0, 0, 3, 1),
        ("ict", 90, 1, 1, 0),
    ]
