"""The controller's side of the back office: started again when it dies, ended with the controller, heard meanwhile."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

import pytest

from bailanys.processes.office_keeper import OfficeKeeper

SAYS = """
import json, sys
print(json.dumps({"in_step_ms": 4102444800000, "away": "refused"}), flush=True)
sys.stdin.read()
"""


async def _until(holds: object) -> None:
    async with asyncio.timeout(10):
        while not holds():  # type: ignore[operator]
            await asyncio.sleep(0.01)


@pytest.mark.process
async def test_it_is_heard_started_again_when_killed_and_ended_with_the_controller() -> None:
    told: list[tuple[str, str]] = []
    office = OfficeKeeper([sys.executable, "-c", SAYS], lambda kind, detail: told.append((kind, detail)))
    keeping = asyncio.create_task(office.run())
    await _until(lambda: office.in_step_ms == 4102444800000)
    assert office.away == "refused"
    first = office.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await _until(lambda: office.pid not in (None, first))
    assert [kind for kind, _ in told] == ["back-office"]
    second = office.pid
    assert second is not None
    keeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await keeping
    with pytest.raises(ProcessLookupError):
        os.kill(second, 0)


@pytest.mark.process
async def test_many_deaths_in_a_row_are_one_alarm() -> None:
    told: list[str] = []
    office = OfficeKeeper([sys.executable, "-c", "raise SystemExit(3)"], lambda _, detail: told.append(detail))
    keeping = asyncio.create_task(office.run())
    await asyncio.sleep(2.5)
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    assert len(told) == 1
    assert "status 3" in told[0]


async def test_one_that_cannot_be_started_is_an_alarm() -> None:
    told: list[str] = []
    office = OfficeKeeper(["/nowhere/python"], lambda _, detail: told.append(detail))
    keeping = asyncio.create_task(office.run())
    await _until(lambda: told)
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    assert "No such file" in told[0]
