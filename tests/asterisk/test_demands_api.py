"""A demand's whole way over the HTTP API, on a real hotline: found, heard, approved by another, fetched (rule 14)."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
import pytest
import pytest_asyncio
import soundfile
from command_line import bailanys
from hotline import OPERATOR_HZ, Centre, open_centre

from phones.tones import hears

pytestmark = pytest.mark.asyncio(loop_scope="module")

TODAY = datetime.now(ZoneInfo("Asia/Almaty")).date().isoformat()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centre() -> AsyncIterator[Centre]:
    async with open_centre() as opened:
        yield opened


class Person:
    """Somebody with a token of their own."""

    def __init__(self, centre: Centre, secret: str, session: aiohttp.ClientSession) -> None:
        api = centre.up.settings.api
        self._base = f"http://{api.bind}:{api.port}/api/v1"
        self._session = session
        self.headers = {"Authorization": f"Bearer {secret}"}

    async def asks(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """The status, and the JSON or the bytes."""
        sent = {**self.headers, **headers}
        async with self._session.request(method, self._base + path, json=body, headers=sent) as response:
            said = await response.read()
            return response.status, json.loads(said) if response.content_type == "application/json" else said


async def person(centre: Centre, session: aiohttp.ClientSession, name: str, *scopes: str) -> Person:
    words = [word for scope in scopes for word in ("--scope", scope)]
    made = await bailanys("tokens", "add", name, *words, env=centre.env)
    assert made.status == 0, made.err
    return Person(centre, made.out.strip(), session)


def verifies(package: bytes, folder: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(package)) as opened:
        opened.extractall(folder)
    said = subprocess.run([sys.executable, "-I", "-S", "verify.py"], cwd=folder, capture_output=True, timeout=60)
    assert said.returncode == 0, said.stdout


async def test_from_the_letter_to_the_delivery_by_two_persons(centre: Centre, tmp_path: Path) -> None:
    await centre.phone_of("101")
    await centre.duty("101", ready=True)
    visit = await centre.visit("77051112244")
    await visit.enters()
    talk = await centre.talk("101", visit)
    await talk.listen(2.0)
    await talk.hang_up()
    await visit.call.hang_up()
    (recording,) = (await visit.recorded()).recordings
    file = recording.file
    async with aiohttp.ClientSession() as session:
        clerk = await person(
            centre, session, "aigul", "demands:write", "recordings:read", "recordings:listen", "demands:approve"
        )
        chief = await person(centre, session, "nurlan", "demands:approve")
        status, found = await clerk.asks("GET", f"/recordings?date={TODAY}&phone=8(705)1112244&operator=101")
        assert (status, found["exact"], found["talks"][0]["file"], found["talks"][0]["on_hold"]) == (
            200,
            1,
            file,
            False,
        )
        assert (await chief.asks("GET", f"/recordings/{file}/audio?reason=x"))[0] == 403

        letter = {"authority": "service-quality", "letter": "14-2/118", "ground": "rule 14", "date": TODAY}
        status, entered = await clerk.asks("POST", "/demands", letter | {"phone": "8 705 111 22 44"})
        assert (status, [hit["file"] for hit in entered["hits"]]) == (200, [file])
        demand = entered["state"]["demand"]
        _, found = await clerk.asks("GET", f"/recordings?date={TODAY}&phone=87051112244")
        assert found["talks"][0]["on_hold"]

        heard = f"/recordings/{file}/audio?reason=is+it+meant&format=wav&demand={demand}"
        status, whole = await clerk.asks("GET", heard)
        (tmp_path / "heard.wav").write_bytes(whole)
        assert status == 200 and soundfile.info(tmp_path / "heard.wav").channels == 2
        assert hears(tmp_path / "heard.wav", visit.hz, channel=0)
        assert hears(tmp_path / "heard.wav", OPERATOR_HZ["101"], channel=1)
        assert await clerk.asks("GET", heard, Range="bytes=1000-1999") == (206, whole[1000:2000])

        assert (await clerk.asks("POST", f"/demands/{demand}/select", {"files": [file]}))[0] == 200
        status, refused = await clerk.asks("POST", f"/demands/{demand}/approve")
        assert (status, refused["error_id"]) == (409, "refused")
        assert (await clerk.asks("GET", f"/demands/{demand}/package"))[0] == 409
        assert (await chief.asks("POST", f"/demands/{demand}/approve"))[0] == 200
        assert (await chief.asks("POST", f"/demands/{demand}/package"))[0] == 403
        status, packed = await clerk.asks("POST", f"/demands/{demand}/package")
        assert status == 200, packed
        status, package = await clerk.asks("GET", f"/demands/{demand}/package")
        assert hashlib.sha256(package).hexdigest() == packed["state"]["package_sha256"]
        verifies(package, tmp_path / "package")
        to = {"to": "A. Serikova", "way": "courier"}
        _, state = await clerk.asks("POST", f"/demands/{demand}/deliver", to)
        assert state["in_time"] is True
    kinds = [(entry.kind, entry.actor) for entry in await centre.ledger.audit.of(file)]
    assert kinds[1:] == [
        ("recording.searched", "aigul"), ("recording.listened", "aigul"), ("recording.selected", "aigul")
    ]  # fmt: skip
    done = [entry.kind for entry in await centre.ledger.audit.of(demand) if entry.actor != "clock"]
    assert done[-4:] == ["demand.approved", "demand.packaged", "demand.fetched", "demand.delivered"]
    await centre.closed_down()
