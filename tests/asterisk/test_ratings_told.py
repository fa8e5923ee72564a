"""What callers press after the talk, as far as `bailanys ratings` and the API tell it (rule 13)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
import pytest
import pytest_asyncio
from command_line import bailanys
from hotline import Centre, Visit, open_centre
from test_api import Program

from bailanys.cli.instants import with_instants
from calls.journal import Fact
from phones.call import Call
from phones.manners import Answer
from storage.journal.writer import ControllerJournal

pytestmark = pytest.mark.asyncio(loop_scope="module")

GROUPS = {"101": "state-services", "103": "portal", "105": "ict"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def open_hotline() -> AsyncIterator[Centre]:
    async with open_centre(rating__answer_s=4) as centre:  # a busy machine hears late
        yield centre


@pytest_asyncio.fixture(loop_scope="module")
async def centre(open_hotline: Centre) -> AsyncIterator[Centre]:
    yield open_hotline
    await open_hotline.closed_down()


@pytest_asyncio.fixture(loop_scope="module")
async def program(centre: Centre) -> AsyncIterator[Program]:
    made = await bailanys("tokens", "add", "lead", "--scope", "ratings:read", env=centre.env)
    async with aiohttp.ClientSession() as session:
        found = Program(centre, made.out.strip(), session)
        await found.until_up()
        yield found
    await bailanys("tokens", "revoke", "lead", env=centre.env)


async def test_ratings_by_key_reach_the_command_and_the_api(centre: Centre, program: Program) -> None:
    """One gives 5 at once; one presses 7, is asked again and gives 2; one hangs up in the question."""
    (content, first), (wrong, second), (leaver, third) = await asyncio.gather(
        _talk(centre, "101", "ru"), _talk(centre, "103", "kk"), _talk(centre, "105", "en")
    )
    await asyncio.gather(first.hang_up(), second.hang_up(), third.hang_up())

    async def gives_five() -> None:
        await content.until_prompt("rating-ask", "ru")
        await content.call.press("5")
        await content.call.ended()

    async def is_asked_again() -> None:
        await wrong.until_prompt("rating-ask", "kk")
        await wrong.call.press("7")
        await wrong.until_prompt("rating-again", "kk")
        await wrong.call.press("2")
        await wrong.call.ended()

    async def hangs_up() -> None:
        await leaver.until_prompt("rating-ask", "en")
        await leaver.call.hang_up()

    await asyncio.gather(gives_five(), is_asked_again(), hangs_up())
    await asyncio.gather(content.recorded(), wrong.recorded(), leaver.recorded())
    assert not content.heard("rating-again", "ru")

    figures = [(1, 1, 5.0), (1, 1, 2.0), (1, 0, None)]
    for by, keys in (("operator", GROUPS), ("language", ("ru", "kk", "en")), ("group", GROUPS.values())):
        told = (await bailanys("ratings", "--by", by, "--json", env=centre.env)).answer
        assert _lines(told) == dict(zip(keys, figures, strict=True))
        status, said = await program.ask("GET", "/ratings", params={"by": by})
        assert (status, said) == (200, told)
    assert (told["total"]["offered"], told["total"]["given"], told["total"]["mean"]) == (3, 2, 3.5)
    table = (await bailanys("ratings", env=centre.env)).out
    assert "2 of 3 (67%)" in table and "0 of 1 (0%)" in table

    low = (await bailanys("ratings", "--low", "--json", env=centre.env)).answer
    (talk,) = low["talks"]
    assert (talk["call"], talk["operator"], talk["score"], talk["group"]) == (wrong.id, "103", 2, "portal")
    assert (talk["language"], talk["others"], talk["recorded"]) == ("kk", [], True)
    status, said = await program.ask("GET", "/ratings/low")
    assert (status, with_instants(said)) == (200, low)  # the same, and ISO 8601 beside each instant
    listed = await bailanys("ratings", "--low", env=centre.env)
    for told_of in (listed.out, str(low), str(said)):
        assert wrong.number[-7:] not in told_of
    stats = (await bailanys("stats", "--json", env=centre.env)).answer
    assert stats["total"]["ratings"] == told["total"]
    assert '"path": "/ratings/low"' in (centre.up.places.log / "controller.log").read_text()


async def test_every_operator_of_a_transferred_call_has_its_rating_told_apart(centre: Centre) -> None:
    visit, talk = await _talk(centre, "101", "kk")
    await centre.phone_of("103", Answer())
    await centre.duty("103", ready=True)
    before = _same_call(await _ratings(centre))
    await talk.refer("62")
    await (await centre.talk("103", visit)).hang_up()
    await visit.until_prompt("rating-ask")
    await visit.call.press("1")
    await visit.call.ended()
    await visit.recorded(2)
    after = _same_call(await _ratings(centre))
    assert {one: after[one] - before.get(one, 0) for one in after} == {"101": 1, "103": 0, "105": 0}
    low = (await bailanys("ratings", "--low", "--json", env=centre.env)).answer
    talks = {talk["call"]: (talk["operator"], talk["others"], talk["group"]) for talk in low["talks"]}
    assert talks[visit.id] == ("103", ["101"], "portal")


async def test_a_rating_that_cannot_be_is_an_alarm_and_in_no_figures(centre: Centre) -> None:
    """What no dialplan of ours writes, in the journal all the same."""
    visit = await centre.visit()
    await visit.call.hang_up()
    await visit.story()
    before = await _ratings(centre)
    now_ms = time.time_ns() // 1_000_000
    told = {"seq": 1, "operator": "101", "score": 5}
    ControllerJournal(centre.up.places.journals[1]).write(Fact.RATED, now_ms, told, visit.id)
    async with asyncio.timeout(10):
        while not (rows := await _alarms(centre)):
            await asyncio.sleep(0.2)
    assert [row["detail"] for row in rows] == [f"call {visit.id}: nobody talked in that call"]
    assert await _ratings(centre) == before
    assert (await visit.story()).record.ratings == {}


async def _talk(centre: Centre, operator: str, language: str) -> tuple[Visit, Call]:
    """A caller talks with this operator, who answers at once."""
    await centre.phone_of(operator, Answer())
    await centre.duty(operator, ready=True)
    visit = await centre.visit()
    await visit.enters(GROUPS[operator], language)
    return visit, await centre.talk(operator, visit)


async def _ratings(centre: Centre) -> Any:
    today = datetime.now(ZoneInfo("Asia/Almaty")).date().isoformat()
    return (await bailanys("ratings", "--from", today, "--json", env=centre.env)).answer


async def _alarms(centre: Centre) -> Any:
    return (await bailanys("alarms", "--kind", "rating-impossible", "--json", env=centre.env)).answer


def _lines(told: Any) -> dict[str, tuple[int, int, float | None]]:
    rated = {line["of"]: line["rated"] for line in told["lines"]}
    return {of: (one["offered"], one["given"], one["mean"]) for of, one in rated.items()}


def _same_call(told: Any) -> dict[str, int]:
    return {line["of"]: line["same_call"]["given"] for line in told["lines"]}
