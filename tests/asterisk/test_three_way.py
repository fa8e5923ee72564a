"""Three-way (rule 11): the operator brings caller and colleague together, and one of the two may leave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from hotline import OPERATOR_HZ, Centre, Visit, open_centre

from bailanys.control import ControlError
from calls.journal import Fact
from phones import tones
from phones.call import Call
from recordings.vault.vault import Vault

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def open_hotline() -> AsyncIterator[Centre]:
    async with open_centre() as centre:
        yield centre


@pytest_asyncio.fixture(loop_scope="module")
async def centre(open_hotline: Centre) -> AsyncIterator[Centre]:
    yield open_hotline
    await open_hotline.closed_down()


@dataclass
class Consultation:
    """101 has the caller on hold and talks with 103."""

    visit: Visit
    held: Call
    """The first line of 101."""
    consult: Call
    """The second."""
    asked: Call
    """103's."""

    async def all_hear_each_other(self) -> None:
        first, colleague = OPERATOR_HZ["101"], OPERATOR_HZ["103"]
        await asyncio.gather(
            self.visit.call.until_hears(first),
            self.visit.call.until_hears(colleague),
            self.consult.until_hears(self.visit.hz),
            self.consult.until_hears(colleague),
            self.asked.until_hears(self.visit.hz),
            self.asked.until_hears(first),
        )


async def test_caller_is_told_then_all_three_talk_and_the_first_operator_leaves(centre: Centre) -> None:
    talk = await _consulting(centre, "ru")
    await talk.consult.press("*4")
    await talk.held.ended()
    await talk.all_hear_each_other()
    (told,) = talk.visit.heard("three-way-notice", "ru")
    for hz in (OPERATOR_HZ["101"], OPERATOR_HZ["103"]):
        assert not talk.visit.call.hears(hz, told[0], told[1], share=0.1)
    assert (await centre.state("101"))[0] == "talking"
    await talk.visit.call.listen(1.0)
    await talk.consult.hang_up()
    await talk.visit.fact(Fact.LEFT, operator="101", stays="103")
    await centre.until_state("101", "ready")
    begin = talk.visit.call.heard_s()
    await talk.visit.call.listen(1.5)
    assert talk.visit.call.hears(OPERATOR_HZ["103"], begin + 0.5)
    assert not talk.visit.call.hears(OPERATOR_HZ["101"], begin + 0.5, share=0.1)
    assert await centre.state("103") == ("talking", talk.visit.id)
    await talk.asked.hang_up()
    await talk.visit.fact(Fact.RATING_OFFERED, seq="2", operator="103")
    await talk.visit.call.hang_up()
    story = await talk.visit.recorded(2)
    first, both = story.record.segments[1], story.record.segments[2]
    assert (first.operator_id, first.ended_by, first.transfer_kind, first.wanted) == (
        "101", "transfer", "three-way", "103",
    )  # fmt: skip
    assert (both.operator_id, both.also, both.queued_via, both.ended_by) == ("103", "101", "three-way", "operator")
    assert both.notice_ms is not None and both.talking_ms is not None and both.notice_ms <= both.talking_ms
    assert [step.detail for step in story.steps if step.step == "left"] == ["101"]
    assert all(line.hung_up_ms is not None for line in story.record.lines.values())
    assert [recording.status for recording in story.recordings] == ["ok", "ok"]
    path = Vault(centre.up.places).recording(story.recordings[1].path)
    assert tones.hears(path, talk.visit.hz, channel=0)
    assert tones.hears(path, OPERATOR_HZ["103"], channel=1)
    assert tones.hears(path, OPERATOR_HZ["101"], 0.2, 1.2, channel=1)
    assert not tones.hears(path, OPERATOR_HZ["103"], channel=0, share=0.05)


async def test_operator_sends_the_colleague_away_and_goes_on_alone(centre: Centre) -> None:
    talk = await _consulting(centre, "kk")
    await centre.asked("POST /calls/{id}/three-way", talk.visit.id)
    await talk.all_hear_each_other()
    (row,) = (await centre.asked("GET /calls"))["calls"]
    assert (row["call"], row["where"], row["operator"]) == (talk.visit.id, "three-way", "101, 103")
    with pytest.raises(ControlError, match="to two already"):
        await centre.asked("POST /calls/{id}/three-way", talk.visit.id)
    assert await talk.consult.refer("62") == 404  # of three nobody can be transferred
    await talk.consult.press("*5")
    await talk.asked.ended()
    await talk.visit.fact(Fact.LEFT, operator="103", stays="101")
    await centre.until_state("103", "ready")
    assert await centre.state("101") == ("talking", talk.visit.id)
    begin = talk.visit.call.heard_s()
    await talk.visit.call.listen(1.5)
    assert talk.visit.call.hears(OPERATOR_HZ["101"], begin + 0.5)
    assert await talk.consult.refer("62") // 100 == 2  # a plain talk again
    moved = await centre.talk("103", talk.visit)
    await moved.hang_up()
    await talk.visit.fact(Fact.RATING_OFFERED, seq="3", operator="103")
    await talk.visit.call.hang_up()
    story = await talk.visit.recorded(3)
    told = [(s.operator_id, s.also, s.transfer_kind) for s in story.record.segments.values()]
    assert told == [("101", None, "three-way"), ("103", "101", "blind"), ("103", None, None)]
    assert [recording.status for recording in story.recordings] == ["ok", "ok", "ok"]


async def test_colleague_who_hangs_up_while_the_caller_is_told_leaves_the_talk_as_it_was(centre: Centre) -> None:
    talk = await _consulting(centre, "kk")
    await talk.consult.press("*4")
    await talk.visit.fact(Fact.QUEUED, seq="2")
    await talk.asked.hang_up()
    await talk.visit.fact(Fact.LEFT, operator="103", stays="101")
    begin = talk.visit.call.heard_s()
    await talk.visit.call.until_hears(OPERATOR_HZ["101"])
    await talk.consult.until_hears(talk.visit.hz)
    assert not talk.visit.call.hears(OPERATOR_HZ["103"], begin, share=0.05)
    await talk.consult.hang_up()
    await talk.visit.fact(Fact.RATING_OFFERED, seq="2", operator="101")


async def test_caller_who_hangs_up_ends_the_talk_of_three(centre: Centre) -> None:
    talk = await _consulting(centre, "en")
    await talk.consult.press("*4")
    await talk.all_hear_each_other()
    await talk.visit.call.hang_up()
    await asyncio.gather(talk.consult.ended(), talk.asked.ended())
    for operator in ("101", "103"):
        await centre.until_state(operator, "ready")
    story = await talk.visit.recorded(2)
    both = story.record.segments[2]
    assert (both.operator_id, both.also, both.ended_by) == ("103", "101", "caller")
    assert all(line.hung_up_ms is not None for line in story.record.lines.values())


async def test_transfer_by_command_takes_the_caller_out_of_a_talk_of_three(centre: Centre) -> None:
    talk = await _consulting(centre, "en")
    await centre.phone_of("105")
    await centre.duty("105", ready=True)
    await talk.consult.press("*4")
    await talk.all_hear_each_other()
    await centre.asked("POST /calls/{id}/transfer", talk.visit.id, to="ict")
    await asyncio.gather(talk.consult.ended(), talk.asked.ended())
    await centre.talk("105", talk.visit)


@pytest.mark.parametrize("by_other_line", [False, True])
async def test_nobody_is_brought_into_a_talk_of_three_by_an_operators_other_line(
    centre: Centre, by_other_line: bool
) -> None:
    """An attended transfer (REFER with Replaces) out of the room: its sender leaves, and nobody comes unannounced."""
    talk = await _consulting(centre, "ru")
    await centre.phone_of("105")
    await centre.duty("105", ready=True)
    await talk.consult.press("*4")
    await talk.all_hear_each_other()
    await talk.consult.hold()
    other = await centre.operators["101"].dial("63")
    third = await centre.operators["105"].rung()
    await other.until_hears(OPERATOR_HZ["105"])
    begin = talk.visit.call.heard_s()
    await (other.refer_to_call(talk.consult) if by_other_line else talk.consult.refer_to_call(other))
    await talk.visit.fact(Fact.LEFT, operator="101", stays="103")
    await third.ended()
    went_on = talk.visit.call.heard_s()
    await talk.visit.call.listen(1.5)
    assert talk.visit.call.hears(OPERATOR_HZ["103"], went_on + 0.5)
    assert not talk.visit.call.hears(OPERATOR_HZ["105"], begin, share=0.1)
    await centre.until_state("105", "ready")
    await talk.asked.hang_up()
    await talk.visit.fact(Fact.RATING_OFFERED, seq="2", operator="103")
    await talk.visit.call.hang_up()
    story = await talk.visit.recorded(2)
    both = story.record.segments[2]
    assert (both.operator_id, both.also) == ("103", "101")


async def test_an_operators_own_call_to_the_hotline_is_not_brought_into_a_talk_of_three(centre: Centre) -> None:
    talk = await _consulting(centre, "kk")
    await talk.consult.press("*4")
    await talk.all_hear_each_other()
    other = await centre.operators["101"].dial("1414")
    await other.answered()
    begin = talk.visit.call.heard_s()
    await talk.consult.refer_to_call(other)
    await talk.visit.call.listen(3.0)
    assert not talk.visit.heard("language", "kk", begin)
    assert talk.visit.call.hears(OPERATOR_HZ["103"], begin + 0.5)
    assert not talk.visit.facts(Fact.RATING_OFFERED)


async def test_of_two_questions_the_one_that_somebody_answered_becomes_the_talk_of_three(centre: Centre) -> None:
    talk = await _consulting(centre, "ru")
    unanswered = await centre.operators["101"].dial("61")  # 102 is not on duty: it waits for 101's own group
    await unanswered.answered()
    await centre.asked("POST /calls/{id}/three-way", talk.visit.id)
    await talk.all_hear_each_other()
    assert not unanswered.over
    await unanswered.hang_up()
    await talk.consult.hang_up()
    await talk.visit.fact(Fact.LEFT, operator="101", stays="103")


async def test_without_a_consultation_there_is_nobody_to_join(centre: Centre) -> None:
    await centre.phone_of("101")
    await centre.duty("101", ready=True)
    visit = await centre.visit()
    await visit.enters("state-services")
    talk = await centre.talk("101", visit)
    with pytest.raises(ControlError, match="talks with no colleague"):
        await centre.asked("POST /calls/{id}/three-way", visit.id)
    await talk.press("*4")
    await talk.until_hears(visit.hz)
    assert not visit.facts(Fact.TRANSFERRED)


async def _consulting(centre: Centre, language: str) -> Consultation:
    for operator in ("101", "103"):
        await centre.phone_of(operator)
        await centre.duty(operator, ready=True)
    visit = await centre.visit()
    await visit.enters("state-services", language)
    held = await centre.talk("101", visit)
    await held.hold()
    consult = await centre.operators["101"].dial("62")
    asked = await centre.operators["103"].rung()
    await asyncio.gather(asked.until_hears(OPERATOR_HZ["101"]), consult.until_hears(OPERATOR_HZ["103"]))
    return Consultation(visit, held, consult, asked)
