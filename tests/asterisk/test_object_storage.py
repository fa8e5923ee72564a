"""The archive on object storage, with real calls: recorded, moved, found, heard, packed; and the store away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from command_line import bailanys
from hotline import OPERATOR_HZ, Centre, Visit, open_centre
from test_demands_api import Person, person
from test_demands_way import ALMATY, LETTER, verifies

from calls.demand import DemandStep, StepKind
from phones.tones import hears
from storage.demands import Register
from tests.unit.storage.object_server import ObjectServer, object_server

pytestmark = pytest.mark.asyncio(loop_scope="module")

MOVED_S = 90.0
"""The back-off's longest pause, and then some."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncIterator[ObjectServer]:
    with object_server() as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centre(server: ObjectServer) -> AsyncIterator[Centre]:
    settings = {key.removeprefix("BAILANYS_"): value for key, value in server.settings(server.address("hl1")).items()}
    async with open_centre(**settings) as opened:
        yield opened
        await opened.closed_down()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def auditor(centre: Centre) -> AsyncIterator[Person]:
    async with aiohttp.ClientSession() as session:
        yield await person(centre, session, "auditor", "recordings:listen")


async def listened(auditor: Person, visit: Visit, **headers: str) -> tuple[int, Any]:
    """What the API answers to who wants to hear the talk."""
    (recording,) = (await visit.story()).recordings
    return await auditor.asks("GET", f"/recordings/{recording.file}/audio?reason=a+letter&format=wav", **headers)


async def talked(centre: Centre, number: str) -> Visit:
    """A talk that is over and in the ledger."""
    await centre.phone_of("101")
    await centre.duty("101", ready=True)
    visit = await centre.visit(number)
    await visit.enters()
    talk = await centre.talk("101", visit)
    await talk.listen(2.0)
    await talk.hang_up()
    await visit.call.hang_up()
    await visit.recorded()
    return visit


async def until(holds: Callable[[], Awaitable[bool]], timeout_s: float = MOVED_S) -> None:
    async with asyncio.timeout(timeout_s):
        while not await holds():
            await asyncio.sleep(0.1)


async def moved_on(centre: Centre, visit: Visit) -> None:
    """Wait until the store has the recording, and nothing of it is here any more."""
    (recording,) = (await visit.story()).recordings

    async def is_there() -> bool:
        told = [entry.kind for entry in await centre.ledger.audit.of(recording.file)]
        return "recording.stored" in told and not list(centre.up.places.archive.rglob(f"{recording.file}*"))

    await until(is_there)


async def exported(centre: Centre, visit: Visit, folder: Path) -> Path:
    """A copy from the command line, heard on both sides."""
    made = await bailanys(
        "recordings", "export", visit.id, "--reason", "a letter", "--to", str(folder), "--json", env=centre.env
    )
    (row,) = made.answer
    copy = Path(row["file"])
    assert hears(copy, visit.hz, channel=0, share=0.8) and hears(copy, OPERATOR_HZ["101"], channel=1, share=0.8)
    assert not hears(copy, OPERATOR_HZ["101"], channel=0, share=0.05)
    return copy


async def alarmed(centre: Centre, kind: str) -> None:
    """Wait until there is such an alarm in the ledger."""

    async def is_told() -> bool:
        return kind in {alarm.kind for alarm in await centre.ledger.alarms_between(0, 1 << 52)}

    await until(is_told)


async def test_a_talk_is_moved_found_heard_verified_and_packed(
    centre: Centre, server: ObjectServer, auditor: Person, tmp_path: Path
) -> None:
    visit = await talked(centre, "77051112233")
    await moved_on(centre, visit)
    (recording,) = (await visit.story()).recordings
    object_file = server.folder / "data" / "records" / "hl1" / recording.path
    assert b"fLaC" not in object_file.read_bytes()  # encrypted there
    today = f"{datetime.now(ALMATY):%Y-%m-%d}"
    options = ("--date", today, "--phone", "8 (705) 111-22-33", "--json")
    (hit,) = (await bailanys("recordings", "find", *options, env=centre.env)).answer
    assert (hit["file"], hit["status"]) == (f"s3://records/hl1/{recording.path}", "ok")
    copy = await exported(centre, visit, tmp_path)
    status, whole = await listened(auditor, visit)
    assert (status, whole) == (200, copy.read_bytes())
    assert await listened(auditor, visit, Range="bytes=9000-9999") == (206, whole[9000:10_000])
    for words in (("verify",), ("reconcile",)):
        said = await bailanys("recordings", *words, "--json", env=centre.env)
        assert (said.status, said.answer) == (0, [])
    ((entered),) = (
        await bailanys("demands", "add", *LETTER, "--date", today, "--phone", "87051112233", "--json", env=centre.env)
    ).answer
    demand = entered["demand"]
    assert (await bailanys("demands", "select", demand, recording.file, env=centre.env)).status == 0
    await Register(centre.ledger.engine).do(demand, DemandStep(StepKind.APPROVED, 0, "chief"))
    packed = await bailanys("demands", "package", demand, env=centre.env)
    assert packed.status == 0, packed.err
    verifies(Path(packed.out.splitlines()[0]), tmp_path / "package")
    wav = tmp_path / "package" / "audio" / f"{recording.file}.wav"
    assert hears(wav, visit.hz, channel=0) and hears(wav, OPERATOR_HZ["101"], channel=1)


async def test_calls_go_on_while_the_store_is_away_and_what_waits_is_heard_and_moves_on(
    centre: Centre, server: ObjectServer, auditor: Person, tmp_path: Path
) -> None:
    before = await talked(centre, "77051112234")
    await moved_on(centre, before)
    server.kill()
    meanwhile = await talked(centre, "77051112235")
    await alarmed(centre, "store-away")
    unreached = (("export", before.id, "--reason", "a letter", "--to", str(tmp_path)), ("verify",), ("reconcile",))
    _, *refused = await asyncio.gather(
        exported(centre, meanwhile, tmp_path),
        *(bailanys("recordings", *words, env=centre.env) for words in unreached),
    )
    for said in refused:
        assert said.status == 1 and "Traceback" not in said.err, said
        assert said.err.rstrip().endswith(f"store s3://records/hl1 at {server.endpoint}: nothing listens there")
    assert (await listened(auditor, meanwhile))[0] == 200
    status, answer = await listened(auditor, before)
    assert (status, answer["error_id"]) == (503, "store-away")
    server.start()
    await moved_on(centre, meanwhile)
    await alarmed(centre, "store-caught-up")
    for visit in (before, meanwhile):
        await exported(centre, visit, tmp_path)
    said = await bailanys("recordings", "verify", "--json", env=centre.env)
    assert (said.status, said.answer) == (0, [])
