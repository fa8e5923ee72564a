"""The caller's language chooses the operator, on the wire, too: first who speaks it, later anybody."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from hotline import Centre, open_centre

from calls.journal import Fact
from phones.manners import Ring

pytestmark = pytest.mark.asyncio(loop_scope="module")

STEPS = [
    {"after_s": 0, "any_language": False},
    {"after_s": 6, "any_language": True},
]
GROUPS = ["state-services", "portal", "ict"]
PEOPLE = [
    {"number": "101", "name": "Айгүл", "groups": GROUPS, "languages": ["kk"]},
    {"number": "102", "name": "Елена", "groups": GROUPS, "languages": ["ru"]},
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def open_hotline() -> AsyncIterator[Centre]:
    async with open_centre(operators=json.dumps(PEOPLE), routing__steps=json.dumps(STEPS)) as centre:
        yield centre


@pytest_asyncio.fixture(loop_scope="module")
async def centre(open_hotline: Centre) -> AsyncIterator[Centre]:
    yield open_hotline
    await open_hotline.closed_down()


async def test_who_speaks_the_callers_language_is_rung_at_once(centre: Centre) -> None:
    for operator in ("101", "102"):
        await centre.phone_of(operator, Ring())
        await centre.duty(operator, ready=True)
    russian, kazakh = await centre.visit(), await centre.visit()
    await russian.enters(language="ru")  # 101 is the longest idle
    await (await centre.offered("102", russian, timeout_s=4)).answer()
    await kazakh.enters(language="kk")
    await (await centre.offered("101", kazakh, timeout_s=4)).answer()


async def test_who_does_not_is_rung_when_the_step_has_come(centre: Centre) -> None:
    await centre.phone_of("101", Ring())
    await centre.duty("101", ready=True)
    visit = await centre.visit()
    await visit.enters(language="ru")
    call = await centre.offered("101", visit)
    (arrived,) = visit.facts(Fact.ARRIVED)
    assert 6.0 < call.instants.invite - arrived.at_ms / 1000 < 7.0
    await call.answer()
