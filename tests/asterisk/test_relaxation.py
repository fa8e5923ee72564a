"""Who may serve a caller widens on the caller's own clock, from the arrival: better levels and own language first."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from hotline import OPERATOR_HZ, Centre, Visit, open_centre
from journal_watch import Seen

from calls.journal import Fact
from phones.manners import Ring

pytestmark = pytest.mark.asyncio(loop_scope="module")

LEVEL_3_S, ANY_LANGUAGE_S, RING_S = 3.0, 4.5, 4.0
STEPS = (
    {"after_s": 0, "level": 1, "any_language": False},
    {"after_s": LEVEL_3_S, "level": 3, "any_language": False},
    {"after_s": ANY_LANGUAGE_S, "level": 3, "any_language": True},
)
GROUP = "state-services"
BEST, THIRD, RUSSIAN, STRANGER = "101", "102", "103", "105"
OPERATORS = (
    {"number": BEST, "name": "Айгүл", "skills": {GROUP: 1}, "languages": ["kk"]},
    {"number": THIRD, "name": "Нұрлан", "skills": {GROUP: 3, "portal": 1}, "languages": ["kk"]},
    {"number": RUSSIAN, "name": "Елена", "skills": {GROUP: 1}, "languages": ["ru"]},
    {"number": STRANGER, "name": "Ольга", "skills": {GROUP: 5, "ict": 1}, "languages": ["kk", "ru", "en"]},
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def open_hotline() -> AsyncIterator[Centre]:
    async with open_centre(
        operators=json.dumps(OPERATORS), routing__steps=json.dumps(STEPS), offers__ring_s=RING_S
    ) as centre:
        yield centre


@pytest_asyncio.fixture(loop_scope="module")
async def centre(open_hotline: Centre) -> AsyncIterator[Centre]:
    yield open_hotline
    await open_hotline.closed_down()


async def test_lower_level_serves_from_its_step_on_and_the_lowest_never(centre: Centre) -> None:
    await _ready(centre, THIRD, STRANGER)
    visit = await centre.visit()
    await visit.enters()
    await centre.talk(THIRD, visit)
    offered = _only_offer(visit)
    assert offered.fields["operator"] == THIRD
    assert _waited_s(visit, offered) == pytest.approx(LEVEL_3_S, abs=0.3)


async def test_other_language_serves_from_its_step_on(centre: Centre) -> None:
    await _ready(centre, RUSSIAN, STRANGER)
    visit = await centre.visit()
    await visit.enters(language="en")
    await centre.talk(RUSSIAN, visit)
    offered = _only_offer(visit)
    assert offered.fields["operator"] == RUSSIAN
    assert _waited_s(visit, offered) == pytest.approx(ANY_LANGUAGE_S, abs=0.3)


async def test_step_comes_while_another_callers_phone_is_ringing(centre: Centre) -> None:
    ringing_phone = await centre.phone_of(BEST, Ring())
    await centre.duty(BEST, ready=True)
    await _ready(centre, THIRD)
    first = await centre.visit()
    await first.enters()
    ringing = await centre.offered(BEST, first)
    second = await centre.visit()
    await second.enters()
    offered = await second.fact(Fact.OFFERED)
    assert not ringing.over, "the best is still rung for the first"
    assert _waited_s(second, offered) == pytest.approx(LEVEL_3_S, abs=0.3)
    await centre.talk(THIRD, second)
    assert [call.caller_number for call in ringing_phone.calls if call.message] == [first.number]


async def test_step_that_came_in_the_middle_of_an_offer_holds_as_soon_as_the_offer_fails(centre: Centre) -> None:
    await centre.phone_of(BEST, Ring())
    await centre.duty(BEST, ready=True)
    await _ready(centre, THIRD)
    visit = await centre.visit()
    await visit.enters()
    missed = await visit.fact(Fact.OFFER_ENDED, operator=BEST)
    assert _waited_s(visit, missed) > LEVEL_3_S
    offered = await visit.fact(Fact.OFFERED, operator=THIRD)
    assert offered.at_ms - missed.at_ms < 300
    await centre.talk(THIRD, visit)


async def test_operator_of_two_groups_serves_at_once_where_the_best_level_is_and_later_where_it_is_not(
    centre: Centre,
) -> None:
    await _ready(centre, THIRD)
    helped, own = await centre.visit(), await centre.visit()
    await helped.enters()
    await own.enters("portal")
    first = await centre.talk(THIRD, own)  # at once, though the other has waited longer
    assert _waited_s(own, _only_offer(own)) < LEVEL_3_S
    assert helped.facts(Fact.OFFERED) == []
    await helped.call.listen(max(0.1, LEVEL_3_S - first.heard_s()))
    await first.hang_up()
    await centre.talk(THIRD, helped)
    await helped.call.until_hears(OPERATOR_HZ[THIRD])
    assert _waited_s(helped, _only_offer(helped)) > LEVEL_3_S


async def _ready(centre: Centre, *operators: str) -> None:
    for operator in operators:
        await centre.phone_of(operator)
        await centre.duty(operator, ready=True)


def _only_offer(visit: Visit) -> Seen:
    (offered,) = visit.facts(Fact.OFFERED)
    return offered


def _waited_s(visit: Visit, seen: Seen) -> float:
    """From the arrival, as rule 7 counts."""
    (arrived,) = visit.facts(Fact.ARRIVED)
    return (seen.at_ms - int(arrived.fields["arrived_ms"])) / 1000
