"""Three-way (rule 11): the operator brings caller and colleague together, and one of the two may leave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from hotline import OPERATOR_HZ, Centre, Visit, open_centre

from calls.journal import Fact
from phones import tones
from phones.call import Call

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
    path = centre.up.places.recording(story.recordings[1].path)
    assert tones.hears(path, talk.visit.hz, channel=0)
    assert tones.hears(path, OPERATOR_HZ["103"], channel=1)
    assert tones.hears(path, OPERATOR_HZ["101"], 0.2, 1.2, channel=1)
    assert not tones.hears(path, OPERATOR_HZ["103"], channel=0, share=0.05)


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
