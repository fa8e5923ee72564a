"""`bailanys reload`: a changed file is taken up while people talk; what is wrong, or takes a start, is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import jsonschema
import pytest
import pytest_asyncio
from command_line import Finished, bailanys
from hotline import CONFIG, LOOK_EVERY_S, OPERATOR_HZ, Centre, open_centre

from bailanys.processes.hotline import controller_ready
from calls.audit import Entry
from console.openapi import document
from console.routes import PREFIX, ROUTES

pytestmark = pytest.mark.asyncio(loop_scope="module")

BOLAT = '\n[[operators]]\nnumber = "107"\nname = "Болат"\ngroups = ["ict"]\n'
BOLATS_HZ = 1600


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("reload") / "hotline.toml"
    file.write_text(CONFIG.read_text())
    return file


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def open_hotline(config: Path) -> AsyncIterator[Centre]:
    async with open_centre(config) as centre:
        yield centre


@pytest_asyncio.fixture(loop_scope="module")
async def centre(open_hotline: Centre) -> AsyncIterator[Centre]:
    yield open_hotline
    await open_hotline.closed_down()


def edit(config: Path, old: str, new: str) -> None:
    """Somebody changes the file."""
    text = config.read_text()
    assert old in text
    config.write_text(text.replace(old, new, 1))


async def audited(centre: Centre, by: str) -> Entry:
    """Wait until the audit log has a reload by this actor."""
    async with asyncio.timeout(20):
        while True:
            for entry in await centre.ledger.audit.of("configuration"):
                if entry.actor.startswith(by):
                    return entry
            await asyncio.sleep(LOOK_EVERY_S)


def described(status: int, said: object) -> None:
    """See that the API's description has this answer."""
    told = document(ROUTES, PREFIX)
    answer = told["paths"][f"{PREFIX}/reload"]["post"]["responses"][str(status)]
    jsonschema.validate(said, {**answer["content"]["application/json"]["schema"], "components": told["components"]})


async def reloaded(centre: Centre, config: Path) -> Finished:
    return await bailanys("reload", env=centre.env, config=config, timeout_s=90)


async def test_a_talk_goes_on_over_a_reload_that_adds_an_operator(centre: Centre, config: Path) -> None:
    await centre.phone_of("101")
    await centre.duty("101", ready=True)
    visit = await centre.visit()
    await visit.enters()
    talk = await centre.talk("101", visit)
    begin_s, first = visit.call.heard_s(), centre.up.supervisor.pid
    edit(config, "[offers]\n", f"{BOLAT}\n[offers]\n")
    edit(config, "ring_s = 2.0", "ring_s = 2.5")
    said = await reloaded(centre, config)
    assert (said.status, said.err) == (0, "")
    assert said.out.splitlines() == [
        "Taken up; calls went on.",
        "  operator 107 (Болат): new, serves ict",
        "  offers.ring_s: 2 → 2.5",
    ]
    assert centre.up.supervisor.pid != first
    account = await bailanys("operators", "password", "107", "--print", "--json", env=centre.env, config=config)
    phone = await centre.fleet.operator("107", account.answer[0]["password"], centre.port, tone_hz=BOLATS_HZ)
    await centre.duty("107", ready=True)
    second = await centre.visit()
    await second.enters("ict")
    await second.call.until_hears(BOLATS_HZ)
    assert visit.call.hears(OPERATOR_HZ["101"], begin_s, visit.call.heard_s() - 0.25, share=1.0), "a gap in the talk"
    await talk.hang_up()
    await phone.calls[0].hang_up()
    story = await visit.story(lambda story: story.record.segments[1].ended_ms is not None)
    assert len(story.record.segments) == 1, "the talk was begun anew"
    entry = await audited(centre, "cli:")
    assert (entry.kind, "operator 107 (Болат): new" in entry.detail) == ("configuration.taken-up", True)


async def test_a_mistake_changes_nothing_and_is_told_with_its_line(centre: Centre, config: Path) -> None:
    first = centre.up.supervisor.pid
    edit(config, "ring_s = 2.5", "ring_s = true")
    said = await reloaded(centre, config)
    edit(config, "ring_s = true", "ring_s = 2.5")
    assert (said.status, said.out) == (2, "")
    assert said.err.startswith(f"{config}:") and said.err.endswith(": offers.ring_s: must be a number, not true\n")
    assert centre.up.supervisor.pid == first


async def test_what_takes_a_start_of_all_is_refused_and_what_asterisk_takes_at_its_own_is_told(
    centre: Centre, config: Path
) -> None:
    first = centre.up.supervisor.pid
    edit(config, "[hotline]\n", '[hotline]\nnode = "other"\n')
    said = await reloaded(centre, config)
    edit(config, 'node = "other"\n', "")
    assert (said.status, said.out) == (1, "")
    assert said.err.startswith("hotline.node: taken only by `bailanys stop` and a start of the hotline; nothing was")
    assert centre.up.supervisor.pid == first
    edit(config, "[offers]\n", '[asterisk]\nuser = "nobody"\n\n[offers]\n')
    said = await reloaded(centre, config)
    assert said.status == 0, said.err
    assert "  asterisk.user: nothing → nobody\n" in said.out
    assert "  asterisk.user is other than it was\n`bailanys stop`" in said.out
    assert centre.up.supervisor.pid != first


async def test_a_program_with_the_scope_reloads_and_is_told_of_mistakes(centre: Centre, config: Path) -> None:
    made = [
        await bailanys("tokens", "add", name, "--scope", scope, env=centre.env)
        for name, scope in (("desk", "hotline:reload"), ("wall", "calls:read"))
    ]
    desk, wall = ({"Authorization": f"Bearer {one.out.strip()}"} for one in made)
    api = centre.up.settings.api
    url = f"http://{api.bind}:{api.port}{PREFIX}/reload"
    async with aiohttp.ClientSession() as session:
        async with session.post(url, headers=wall) as refused:
            assert (refused.status, (await refused.json())["error_id"]) == (403, "missing-scope")
        edit(config, "ring_s = 2.5", "rings_s = 2.5")
        async with session.post(url, headers=desk) as unfit:
            said = await unfit.json()
            described(unfit.status, said)
            assert (unfit.status, said["error_id"]) == (422, "configuration")
            assert 'offers.rings_s: no such key (did you mean "ring_s"?)' in said["message"]
        edit(config, "rings_s = 2.5", "ring_s = 3.0")
        first = centre.up.supervisor.pid
        async with session.post(url, headers=desk) as done:
            said = await done.json()
            described(done.status, said)
            assert (done.status, said["changed"]) == (200, ["offers.ring_s: 2.5 → 3"])
    entry = await audited(centre, "api:desk")
    assert json.loads(entry.detail)["after"] == "offers.ring_s: 2.5 → 3"
    async with asyncio.timeout(30):
        while centre.up.supervisor.pid in (first, None):
            await asyncio.sleep(LOOK_EVERY_S)
    await controller_ready(centre.up.places)
    assert await centre.state("107")
