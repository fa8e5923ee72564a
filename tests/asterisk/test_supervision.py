"""Supervisors change who serves what and who is first while calls wait: at once, kept over a kill -9, and audited."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from command_line import Finished, bailanys
from hotline import LOOK_EVERY_S, Centre, Visit, open_centre

from bailanys.processes.hotline import controller_ready
from calls.journal import Fact
from phones.manners import Answer, Ring
from storage import audit
from storage.engine import open_engine
from telephony.process import rx

pytestmark = pytest.mark.asyncio(loop_scope="module")

AT_ONCE_S = 0.1


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def open_hotline() -> AsyncIterator[Centre]:
    async with open_centre(
        routing__policy="longest_wait", waiting__announce_first_s=2, waiting__announce_every_s=30
    ) as centre:
        yield centre


@pytest_asyncio.fixture(loop_scope="module")
async def centre(open_hotline: Centre) -> AsyncIterator[Centre]:
    yield open_hotline
    for operator in ("101", "102"):
        await skills(open_hotline, operator, reset=True)
    await open_hotline.closed_down()


async def test_skill_given_to_an_idle_operator_rings_the_waiting_call_within_100_ms(centre: Centre) -> None:
    phone = await centre.phone_of("101", Ring())
    await centre.duty("101", ready=True)
    visit = await centre.visit()
    await visit.enters("portal")
    assert not phone.calls or phone.calls[-1].over
    asked_at = asyncio.get_running_loop().time()
    told = await skills(centre, "101", levels={"portal": 2}, remove=["state-services"])
    ringing = await centre.offered("101", visit)
    took_s = asyncio.get_running_loop().time() - asked_at
    assert took_s < AT_ONCE_S, f"{took_s * 1000:.0f} ms"
    assert told["levels"] == {"portal": 2}
    await ringing.answer()
    await ringing.until_hears(visit.hz)
    assert await penalties(centre, "101") == {"portal": 1}
    await kill_and_wait(centre)
    rows = {row["operator"]: row for row in (await centre.asked("GET /operators"))["operators"]}
    assert (rows["101"]["levels"], rows["101"]["changed"], rows["102"]["changed"]) == ({"portal": 2}, True, False)
    assert await penalties(centre, "101") == {"portal": 1}
    await visit.call.hang_up()
    other, again = await centre.visit(), await centre.visit()
    await other.enters("state-services")
    await again.enters("portal")
    await (await centre.offered("101", again)).answer()
    assert not other.facts(Fact.OFFERED)
    assert (await skills(centre, "101", reset=True))["levels"] == {"state-services": 1}
    await again.call.hang_up()
    await (await centre.offered("101", other)).answer()
    assert ("cli:aliya", "operator.skills", '{"after":"portal=2 en/kk/ru","before":"state-services=1 en/kk/ru"}') in [
        (entry.actor, entry.kind, entry.detail) for entry in await audited(centre, "101")
    ]


async def test_mixed_priorities_are_told_and_served_in_one_order(centre: Centre) -> None:
    await centre.phone_of("101", Answer())
    visits = [await centre.visit() for _ in range(5)]
    await asyncio.gather(*(visit.enters() for visit in visits))
    a, b, c, d, e = visits
    assert await centre.asked("POST /calls/{id}/priority", e.id, by_s=120, by="aliya") == {
        "of": e.id,
        "priority_s": 120,
    }
    await centre.asked("POST /calls/{id}/priority", c.id, to_s=60, by="aliya")
    expected = [e, c, a, b, d]
    assert await places(centre) == [visit.id for visit in expected]
    await kill_and_wait(centre)
    assert await places(centre) == [visit.id for visit in expected]
    await asyncio.gather(*(visit.until_prompt(f"position-{place}") for place, visit in enumerate(expected[:2], 1)))
    await centre.duty("101", ready=True)
    answered = await asyncio.gather(*(_served(visit) for visit in visits))
    assert [visit for _, visit in sorted(zip(answered, visits, strict=True), key=lambda one: one[0])] == expected
    assert [entry.detail for entry in await audited(centre, e.id)] == ['{"after":"120","before":"0"}']


async def test_safety_net_serves_the_same_way(centre: Centre) -> None:
    phone = await centre.phone_of("101", Ring())
    await skills(centre, "101", levels={"portal": 3})
    first, second = await centre.visit(), await centre.visit()
    await first.enters("portal")
    await second.enters("portal")
    await centre.asked("POST /calls/{id}/priority", second.id, by_s=60, by="aliya")
    centre.up.supervisor.may_start.clear()
    await kill(centre)
    for visit in (first, second):
        await visit.fact(Fact.OFFERED, via="net")
    said = await phone.dial("*1", centre.port)
    await said.ended()
    await (await centre.offered("101", second)).answer()
    await second.fact(Fact.TALKING, operator="101")
    centre.up.supervisor.may_start.set()
    await controller_ready(centre.up.places)
    await second.call.hang_up()
    await centre.offered("101", first)


async def test_group_goes_first_by_its_seconds(centre: Centre) -> None:
    await centre.phone_of("101", Ring())
    await skills(centre, "101", levels={"portal": 1})
    long, short = await centre.visit(), await centre.visit()
    await long.enters("state-services")
    await short.enters("portal")
    said = await typed(centre, "groups", "priority", "portal", "60")
    assert said.out == "Group portal: priority 60 s\n"
    rows = {row["group"]: row for row in (await typed(centre, "groups", "list", "--json")).answer}
    assert rows["portal"] == {"group": "portal", "priority_s": 60, "waiting": 1, "operators": 3, "ready": 0}
    await kill_and_wait(centre)
    await centre.duty("101", ready=True)
    await (await centre.offered("101", short)).answer()
    await short.fact(Fact.TALKING)
    assert "router" not in {seen.fields["via"] for seen in long.facts(Fact.OFFERED)}
    await typed(centre, "groups", "priority", "portal", "0")


async def test_command_line_tells_what_is_changed_and_what_cannot_be(centre: Centre) -> None:
    visit = await centre.visit()
    await visit.enters("ict")
    for words, told in (
        (("operators", "skill", "102", "ict=2", "--not-speak", "en"), "Operator 102: ict 2, state-services 1; kk, ru"),
        (("operators", "skill", "102", "--reset"), "Operator 102: state-services 1; en, kk, ru (as configured)"),
        (("calls", "priority", visit.id, "+60"), f"Call {visit.id}: priority 60 s"),
        (("calls", "priority", visit.id, "-90"), f"Call {visit.id}: priority -30 s"),
    ):  # fmt: skip
        assert (await typed(centre, *words)).out == f"{told}\n"
    for words, complaint in (
        (("operators", "skill", "999", "portal=2"), "no operator 999"),
        (("operators", "skill", "101", "it=2"), "no group it; there are: state-services, portal, ict"),
        (("operators", "skill", "101", "portal=6"), "'portal=6': write the group and its level from 1"),
        (("operators", "skill", "101", "--remove", "state-services"), "left without a group: pause them instead"),
        (("calls", "priority", "hl1-1.1", "+60"), "no such call now: hl1-1.1"),
        (("groups", "priority", "none", "5"), "no group none; there are: state-services, portal, ict"),
    ):
        refused = await typed(centre, *words)
        assert refused.status == 1
        assert complaint in refused.err
        assert len(refused.err.splitlines()) == 1


async def skills(centre: Centre, operator: str, **change: object) -> dict[str, object]:
    return await centre.asked("PATCH /operators/{number}", operator, **change, by="aliya")


async def typed(centre: Centre, *words: str) -> Finished:
    return await bailanys(*words, env=centre.env)


async def kill(centre: Centre) -> None:
    """Kill the controller where it stands."""
    pid = centre.up.supervisor.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    async with asyncio.timeout(5):
        while centre.up.supervisor.pid == pid:
            await asyncio.sleep(LOOK_EVERY_S)


async def kill_and_wait(centre: Centre) -> None:
    """Kill the controller, and wait until the next one knows the truth."""
    await kill(centre)
    await controller_ready(centre.up.places)


async def places(centre: Centre) -> list[str]:
    """The calls that wait, in the order of their places."""
    rows = [row for row in (await centre.asked("GET /calls"))["calls"] if row["place"]]
    return [row["call"] for row in sorted(rows, key=lambda row: int(row["place"]))]


async def penalties(centre: Centre, operator: str) -> dict[str, int]:
    """The queues of the safety net in which the operator is, with the penalty, once Asterisk was told."""
    found: dict[str, int] = {}
    async with asyncio.timeout(5):
        while True:
            queue = ""
            for line in (await rx(centre.up.asterisk, centre.up.places.asterisk_conf, "queue show")).splitlines():
                if line and not line.startswith(" "):
                    queue = line.split()[0]
                elif f"PJSIP/op{operator}" in line:
                    found[queue] = int(line.split("with penalty ")[1].split()[0]) if "penalty" in line else 0
            if len(found) == 1:
                return found
            found.clear()
            await asyncio.sleep(LOOK_EVERY_S)


async def audited(centre: Centre, subject: str) -> list[audit.Entry]:
    """The audit log's entries on an operator or a call, once they are there."""
    engine = open_engine(centre.up.places.database_url)
    try:
        async with asyncio.timeout(5):
            while True:
                with engine.connect() as connection:
                    if entries := audit.about(connection, subject):
                        return entries
                await asyncio.sleep(LOOK_EVERY_S)
    finally:
        engine.dispose()


async def _served(visit: Visit) -> int:
    """When the caller got the operator; then the caller hangs up."""
    at_ms = (await visit.fact(Fact.TALKING, timeout_s=30)).at_ms
    await visit.call.hang_up()
    return at_ms
