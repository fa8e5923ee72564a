"""The alarm for an operator who is left idle beside a caller: silent in every other test, and heard in this one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from hotline import LOOK_EVERY_S, Centre, open_centre

from bailanys.processes.hotline import Hotline
from calls.alarms import Alarm
from dialplan import names
from phones.manners import Ring
from telephony.process import rx

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def centre() -> AsyncIterator[Centre]:
    async with open_centre() as made:
        yield made


async def test_decision_that_asterisk_does_not_carry_out_is_an_alarm(centre: Centre) -> None:
    """Every offer ends in a pause instead of a ringing phone, while the router takes it for under way."""
    await centre.phone_of("101", Ring())
    await centre.duty("101", ready=True)
    await console(centre.up, f"dialplan remove context {names.CONNECT}")
    await console(centre.up, f"dialplan add extension _X!,1,Wait,20 into {names.CONNECT}")
    visit = await centre.visit()
    queued = await visit.enters()
    (alarm,) = await alarms(centre)
    assert f"call {visit.id} operator 101 " in alarm.detail
    assert alarm.detail.endswith("offered to 101")
    assert 100 <= alarm.at_ms - queued.at_ms < 1000
    await visit.call.hang_up()


async def console(up: Hotline, command: str) -> None:
    await rx(up.asterisk, up.places.asterisk_conf, command)


async def alarms(centre: Centre) -> list[Alarm]:
    """The alarms of this kind in the ledger, once there is one."""
    async with asyncio.timeout(5):
        while True:
            found = await centre.ledger.alarms_between(0, 1 << 50)
            if named := [alarm for alarm in found if alarm.kind == "idle-beside-waiting"]:
                return named
            await asyncio.sleep(LOOK_EVERY_S)
