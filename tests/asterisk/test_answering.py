"""Answering: every dialled form, the language, the menu, and nobody turned away (rules 4, 6, 7)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio
from hotline import LOOK_EVERY_S, Centre, open_centre
from journal_watch import Seen

from calls.journal import Fact
from phones.call import CallEndedError

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def open_hotline() -> AsyncIterator[Centre]:
    async with open_centre() as centre:
        yield centre


@pytest_asyncio.fixture(loop_scope="module")
async def centre(open_hotline: Centre) -> AsyncIterator[Centre]:
    yield open_hotline
    await open_hotline.closed_down()


async def test_every_dialled_form_reaches_the_hotline(centre: Centre) -> None:
    forms = centre.up.settings.hotline.numbers
    visits = await asyncio.gather(*(centre.visit(dialled=form) for form in forms))
    for form, visit in zip(forms, visits, strict=True):
        await visit.until_prompt("hello")
        await visit.call.hang_up()
        story = await visit.story()
        assert story.record.call.dialled == form
        assert story.record.call.result == "abandoned_menu"


async def test_another_number_is_answered_404(centre: Centre) -> None:
    caller = await centre.fleet.caller("77010000000")
    for number in ("1415", "101", "61", "s", "hotline", "*1"):
        call = await caller.dial(number, centre.port)
        with pytest.raises(CallEndedError) as ended:
            await call.answered()
        assert ended.value.status == 404
    assert not [seen for seen in centre.journal.facts(fact=Fact.ARRIVED) if seen.fields["caller"] == "77010000000"]


async def test_arrival_is_the_instant_of_the_invite(centre: Centre) -> None:
    visit = await centre.visit()
    await visit.enters("ict", "en")
    await visit.call.hang_up()
    call = (await visit.story()).record.call
    assert call.arrived_ms / 1000 == pytest.approx(visit.call.instants.invite, abs=0.2)
    assert call.queued_ms is not None
    assert call.queued_ms > call.arrived_ms
    assert (await visit.story()).record.segments[1].rank_ms == call.arrived_ms
    assert call.result == "abandoned_waiting"


async def test_new_caller_chooses_language_and_topic_and_is_told_of_the_recording(centre: Centre) -> None:
    visit = await centre.visit()
    hello = await visit.until_prompt("hello")
    for language in ("kk", "ru", "en"):  # each named in itself
        await visit.until_prompt("language", language, hello[1] - 0.1)
    await visit.enters("portal", "ru")
    await visit.until_prompt("please-wait", "ru")
    recorded = visit.heard("recorded", "ru")
    assert len(recorded) == 1
    assert recorded[0][0] > hello[1]
    await visit.call.hang_up()
    call = (await visit.story()).record.call
    assert (call.language, call.language_by, call.group_first) == ("ru", "key", "portal")


async def test_a_key_cuts_what_is_being_said(centre: Centre) -> None:
    visit = await centre.visit()
    await visit.until_prompt("hello")
    await visit.call.press("1")
    told = await visit.until_prompt("recorded", "kk")
    assert not visit.heard("language", "en")  # the third language's name was still to come
    await visit.picks("state-services")
    waits = await visit.until_prompt("please-wait", "kk")
    assert waits[0] - told[1] < 1.0


async def test_known_caller_is_greeted_in_the_language_of_last_time_and_can_change_it(centre: Centre) -> None:
    first = await centre.visit()
    await first.enters("state-services", "en")
    await first.call.hang_up()
    await first.story()
    again = await centre.dial(first.phone, first.number, first.hz, "88000807777")
    asked = await again.fact(Fact.STEP, step="topic-asked")
    assert asked.fields["detail"] == "menu-known"
    await again.until_prompt("hello-again", "en")
    await again.until_prompt("recorded", "en")
    await again.until_prompt("change-language", "en")
    assert not again.heard("hello")
    await again.call.press("0")
    await again.enters("state-services", "ru")
    await again.until_prompt("please-wait", "ru")
    await again.call.hang_up()
    call = (await again.story()).record.call
    assert (call.language, call.language_by) == ("ru", "key")
    third = await centre.dial(first.phone, first.number, first.hz)
    await third.picks("ict")
    await third.until_prompt("hello-again", "ru")
    await third.call.hang_up()
    call = (await third.story()).record.call
    assert (call.language, call.language_by, call.group_first) == ("ru", "known", "ict")


async def test_language_is_remembered_over_every_spelling_of_the_number(centre: Centre) -> None:
    first = await centre.visit("87019998877")
    await first.enters("ict", "ru")
    await first.call.hang_up()
    await first.story()
    again = await centre.visit("+77019998877")
    await again.fact(Fact.STEP, step="topic-asked", detail="menu-known")
    await again.until_prompt("hello-again", "ru")


async def test_silent_caller_and_caller_with_wrong_keys_reach_the_default_group(centre: Centre) -> None:
    silent, wrong, half = await asyncio.gather(*(centre.visit() for _ in range(3)))

    async def presses_wrongly() -> None:
        for question, tries in (("language", 3), ("topic", 3)):
            for asked in range(1, tries + 1):
                await _asked(wrong.facts, question, asked)
                await wrong.call.press("7")

    async def presses_late() -> None:  # wrong once, silent once, right at the last try
        await _asked(half.facts, "language", 1)
        await half.call.press("8")
        await _asked(half.facts, "language", 3, timeout_s=20)
        await half.call.press("3")
        await half.picks("ict")

    await asyncio.gather(
        silent.fact(Fact.QUEUED, 40, group="state-services", language="kk"),
        presses_wrongly(),
        presses_late(),
    )
    await wrong.fact(Fact.QUEUED, group="state-services", language="kk")
    await half.fact(Fact.QUEUED, group="ict", language="en")
    for visit in (silent, wrong):
        await visit.until_prompt("please-wait", "kk")
    assert sum(end - begin for begin, end in wrong.heard("wrong-key")) > 1.0  # said after each wrong key
    assert not silent.heard("wrong-key")
    await asyncio.gather(*(visit.call.hang_up() for visit in (silent, wrong, half)))
    assert [(await visit.story()).record.call.language_by for visit in (silent, wrong, half)] == [
        "default",
        "default",
        "key",
    ]


async def test_menu_is_said_again_on_demand(centre: Centre) -> None:
    visit = await centre.visit()
    await visit.fact(Fact.STEP, step="language-asked")
    await visit.call.press("1")
    await visit.fact(Fact.STEP, step="topic-asked", detail="menu-first")
    await visit.call.press("9")
    await visit.fact(Fact.STEP, step="topic-asked", detail="menu")
    await visit.call.press("2")
    await visit.fact(Fact.QUEUED, group="portal")


async def test_every_step_is_logged_with_the_call_id(centre: Centre) -> None:
    visit = await centre.visit()
    await visit.enters("portal", "en")
    await visit.call.hang_up()
    story = await visit.story()
    assert [(step.step, step.detail) for step in story.steps] == [
        ("language-asked", "welcome"),
        ("language-chosen", "en"),
        ("topic-asked", "menu-first"),
        ("topic-chosen", "portal"),
    ]
    assert [step.at_ms for step in story.steps] == sorted(step.at_ms for step in story.steps)
    logged = (centre.up.places.log / "controller.log").read_text()
    steps = [json.loads(line) for line in logged.splitlines() if '"step"' in line and visit.id in line]
    assert {line["call_id"] for line in steps} == {visit.id}
    assert [line["step"] for line in steps] == [step.step for step in story.steps]
    assert visit.number not in logged


async def test_caller_who_hangs_up_in_the_menu_is_kept_as_such(centre: Centre) -> None:
    visit = await centre.visit()
    await visit.fact(Fact.STEP, step="language-asked")
    await visit.call.press("2")
    await visit.fact(Fact.STEP, step="topic-asked")
    await visit.call.hang_up()
    story = await visit.story()
    assert story.record.call.result == "abandoned_menu"
    assert not story.record.segments


async def _asked(facts: Callable[[Fact], list[Seen]], question: str, times: int, timeout_s: float = 10.0) -> None:
    async with asyncio.timeout(timeout_s):
        while sum(seen.fields["step"] == f"{question}-asked" for seen in facts(Fact.STEP)) < times:
            await asyncio.sleep(LOOK_EVERY_S)
