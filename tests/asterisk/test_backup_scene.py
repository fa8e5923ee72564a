"""A backup of a real hotline with a call up, a demand open and keys rotated, put back elsewhere: nothing is lost."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from command_line import Finished, bailanys
from hotline import Centre, Visit, open_centre

from config.places import Places
from phones.tones import hears
from recordings.vault.keyring import ring_at
from recordings.vault.vault import Vault
from storage.audit import entries
from storage.engine import open_engine, sqlite_url
from storage.ledger import Ledger
from storage.recordings import StoredRecording

pytestmark = pytest.mark.asyncio(loop_scope="module")

LETTER = ("--authority", "service-quality", "--letter", "14-2/118", "--ground", "rule 14")
FIRST, SECOND = "77051112201", "77051112202"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centre() -> AsyncIterator[Centre]:
    async with open_centre() as opened:
        yield opened
        await opened.closed_down()


async def talking(centre: Centre, number: str) -> Visit:
    """A caller who talks with the operator, and was heard for two seconds."""
    await centre.duty("101", ready=True)
    visit = await centre.visit(number)
    await visit.enters()
    talk = await centre.talk("101", visit)
    await talk.listen(2.0)
    return visit


def put_back_at(centre: Centre, base: Path) -> tuple[Places, dict[str, str]]:
    """Where it is put back: nothing of it where the hotline is."""
    state = base / "new"
    env = centre.env | {
        "BAILANYS_STORAGE__STATE_DIR": str(state),
        "BAILANYS_STORAGE__ARCHIVE_DIR": str(base / "new-archive"),
        "BAILANYS_SPEECH__OVERRIDE_DIR": str(base / "new-studio"),
    }
    keys, url = state / "keys" / "archive.json", sqlite_url(state / "ledger.db")
    return Places(state, base / "new-archive", keys, url, base / "new-studio"), env


async def done(*words: str, env: dict[str, str]) -> Finished:
    """A command that ends well."""
    said = await bailanys(*words, env=env, timeout_s=30)
    assert said.status == 0, (words, said.out, said.err)
    return said


def sound_of(places: Places, found: StoredRecording | None, hz: float) -> bool:
    """Whether the caller's tone is in the recording, opened with the keys that are there."""
    assert found is not None
    with Vault(places).recording(found.path) as opened, tempfile.NamedTemporaryFile(suffix=".flac") as file:
        file.write(opened.read())
        file.flush()
        return hears(Path(file.name), hz, channel=0)


async def test_nothing_is_lost_with_a_call_up_a_demand_open_and_keys_rotated(centre: Centre, tmp_path: Path) -> None:
    await centre.phone_of("101")
    first = await talking(centre, FIRST)
    await first.call.hang_up()
    (kept,) = (await first.recorded()).recordings
    today = f"{datetime.now(ZoneInfo('Asia/Almaty')):%d.%m.%Y}"
    ((entered),) = (
        await done("demands", "add", *LETTER, "--date", today, "--phone", FIRST, "--json", env=centre.env)
    ).answer
    demand = entered["demand"]
    await done("demands", "select", demand, kept.file, env=centre.env)
    await done("recordings", "rotate-key", env=centre.env)
    keys = tmp_path / "keys"
    early = (await done("backup", str(tmp_path / "b"), "--keys", str(keys), "--json", env=centre.env)).answer
    assert early["missing"] == []

    second = await talking(centre, SECOND)
    made, _ = await asyncio.gather(  # a key is rotated while the backup is made, too
        done("backup", str(tmp_path / "b"), "--keys", str(keys), "--json", env=centre.env),
        done("recordings", "rotate-key", env=centre.env),
    )
    assert made.answer["linked"] >= 2 and made.answer["missing"] == []  # a recording and what is beside it
    assert not second.call.over and (await centre.state("101"))[0] == "talking"
    end = await centre.ledger.audit.end()

    places, env = put_back_at(centre, tmp_path)
    await done("restore", made.answer["folder"], "--keys", str(keys), env=env)
    again = await bailanys("restore", made.answer["folder"], "--keys", str(keys), env=env)
    assert again.status == 1 and again.err.count("\n") == 1 and "is not empty" in again.err
    mended = await done("recordings", "repair", env=env | {"COLUMNS": "200"})
    assert second.id in mended.out and first.id not in mended.out and "waiting" not in mended.out
    await done("audit", "verify", env=env)
    await done("recordings", "verify", env=env)
    assert demand in (await done("demands", "list", env=env)).out
    await done("demands", "show", demand, env=env)

    engine = open_engine(places.database_url)
    try:
        ledger = Ledger(engine)
        story = await ledger.call_story(second.id)
        assert story is not None and story.record.call.ended_ms is not None
        (left,) = story.recordings
        assert left.duration_ms >= 1_500
        assert sound_of(places, await ledger.recordings.named(kept.file), first.hz)
        assert sound_of(places, await ledger.recordings.named(left.file), second.hz)
        with engine.connect() as connection, centre.ledger.engine.connect() as live:
            put_back = [entry.digest for entry in entries(connection)]
            kinds = [entry.kind for entry in entries(connection)]
            were = [entry.digest for entry in entries(live)]
        assert end is not None and kinds.count("keys.rotated") >= 1 and "backup.restored" in kinds
        same = kinds.index("backup.restored")
        assert put_back[:same] == were[:same] and kinds[same - 1] != "backup.restored"
    finally:
        engine.dispose()
    rings = [set(ring_at(one.keys).keys) for one in (places, centre.up.places)]
    assert len(rings[0]) >= 2 and rings[0] <= rings[1]

    await second.call.hang_up()  # and the hotline itself has gone on as if nothing had been
    (whole,) = (await second.recorded()).recordings
    assert whole.duration_ms > left.duration_ms
    await done("audit", "verify", env=centre.env)
