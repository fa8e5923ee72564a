"""Target control with real phones: a group in danger gets its helper, who goes when it is calm again (rule 7)."""

from __future__ import annotations

import asyncio
import json
import tomllib
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from command_line import bailanys
from hotline import CONFIG, LOOK_EVERY_S, Centre, open_centre
from journal_watch import Journal

from calls.alarms import Alarm
from calls.journal import Fact

pytestmark = pytest.mark.asyncio(loop_scope="module")

GROUP, HELPER = "state-services", "105"
"""The helper serves `ict` alone."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centre() -> AsyncIterator[Centre]:
    groups = tomllib.loads(CONFIG.read_text())["groups"]
    groups[0] |= {"target_s": 20.0, "helpers": [HELPER]}
    quick = {
        "target__every_s": 0.2,
        "target__stay_s": 2.5,
        "target__calm": 0.5,
        "target__settle_calls": 0,
        "target__ahead_s": 0,  # judged by those who wait now
        "target__recent_s": 6,
        "target__remind_s": 1,
    }
    async with open_centre(groups=json.dumps(groups), **quick) as open_hotline:
        yield open_hotline


async def until_target(centre: Centre, **wanted: Any) -> dict[str, Any]:
    """Wait until the group's row is so."""
    row: dict[str, Any] = {}
    try:
        async with asyncio.timeout(15):
            while True:
                told = await centre.asked("GET /target")
                row = next(one for one in told["groups"] if one["group"] == GROUP)
                if all(row[key] == value for key, value in wanted.items()):
                    return row
                await asyncio.sleep(LOOK_EVERY_S)
    except TimeoutError:
        raise TimeoutError(f"the target is {row}, not {wanted}") from None


async def until_alarm(centre: Centre, kind: str) -> Alarm:
    """Wait until the ledger has an alarm of the group."""
    async with asyncio.timeout(15):
        while True:
            for alarm in await centre.ledger.alarms_between(centre.began_ms, 1 << 52):
                if alarm.kind == kind and alarm.detail.startswith(f"{GROUP}:"):
                    return alarm
            await asyncio.sleep(LOOK_EVERY_S)


async def test_group_in_danger_gets_its_helper_until_it_is_calm(centre: Centre) -> None:
    await centre.phone_of("101")
    await centre.phone_of(HELPER)
    await centre.duty("101", ready=True)
    await centre.duty(HELPER, ready=True)
    first, second = await centre.visit(), await centre.visit()
    await first.enters(GROUP)
    await centre.talk("101", first)
    await second.enters(GROUP)
    await until_target(centre, state="in danger", helpers=[])
    assert not second.facts(Fact.OFFERED)
    helped = await centre.talk(HELPER, second)
    assert (await until_target(centre, state="widened"))["width"] == "helpers"

    missed = await until_alarm(centre, "target-missed")
    assert "of 20; at the present rate the day ends at" in missed.detail
    assert "would mend it" in missed.detail
    changes = [seen.fields for seen in Journal(centre.up.places.journals[1]).facts(fact=Fact.TARGET)]
    assert ("widened", HELPER) in [(one["standing"], one["helpers"]) for one in changes]

    await helped.hang_up()
    await second.call.hang_up()
    await until_target(centre, state="calm", helpers=[], waiting=0)
    third = await centre.visit()
    await third.enters(GROUP)
    await until_target(centre, state="in danger", waiting=1)
    assert (await centre.state(HELPER))[0] == "ready"
    assert not third.facts(Fact.OFFERED)
    await third.call.hang_up()
    met = await until_alarm(centre, "target-met")
    assert "the target will be met" in met.detail

    shown = await bailanys("target", env=centre.env)
    assert shown.status == 0
    assert GROUP in shown.out
    told = (await bailanys("target", "--json", env=centre.env)).answer
    assert [one["group"] for one in told["groups"]] == [GROUP, "portal", "ict"]
    assert told["total"]["answered"] == 2
