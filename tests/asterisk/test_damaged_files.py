"""A hotline whose own files were damaged answers calls all the same, and says what is to be mended (rules 4, 6)."""

from __future__ import annotations

import asyncio
import json
import signal
import tempfile
import urllib.request
from collections.abc import Iterator
from os import killpg
from pathlib import Path

import pytest
from command_line import bailanys, running

from bailanys.site.free_ports import own_place
from phones.fleet import Fleet

UP = "Ctrl-C stops everything"


@pytest.fixture
def state() -> Iterator[Path]:
    """A folder with a short name: the path of Asterisk's socket may have 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="") as folder:
        yield Path(folder) / "s"


async def _ended(process: asyncio.subprocess.Process) -> str:
    killpg(process.pid, signal.SIGINT)
    _, errors = await asyncio.wait_for(process.communicate(), 15)
    assert process.returncode == 0 and b"Traceback" not in errors
    return errors.decode()


async def _faults(port: str, wanted: str) -> list[str]:
    """What `/health` says, once it says this."""
    async with asyncio.timeout(30):
        while True:
            found = await asyncio.to_thread(_health, port)
            if [one for one in found if wanted in one]:
                return found
            await asyncio.sleep(0.2)


def _health(port: str) -> list[str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/health", timeout=5) as answer:
            body = answer.read()
    except urllib.error.HTTPError as error:
        body = error.read()
    except OSError:
        return []
    told: list[str] = json.loads(body).get("faults", [])
    return told


async def test_calls_are_answered_whatever_became_of_the_hotlines_own_files(state: Path) -> None:
    place = own_place(state)
    async with running(place, until=UP) as (_, process):
        await _ended(process)
    kept = {name: (state / name).read_bytes() for name in ("hotline.id", "secrets.json", "lib/astdb.sqlite3")}
    for name in ("hotline.id", "lib/astdb.sqlite3", "secrets.json", "alarms-told.json", "etc/asterisk.conf"):
        (state / name).write_bytes(b"\xff\xfe nothing of ours")
    (state / "keys").mkdir(exist_ok=True)
    (state / "keys" / "signing.pem").write_text("-----BEGIN")
    checked = await bailanys("check", env=place)
    assert checked.status == 2 and "Traceback" not in checked.err
    for name in ("hotline.id", "lib/astdb.sqlite3", "secrets.json", "alarms-told.json", "keys/signing.pem"):
        assert len([line for line in checked.err.splitlines() if str(state / name) in line]) == 1, checked.err
    async with running(place, until=UP) as (said, process), Fleet() as fleet:
        assert "Asterisk's own database was damaged" in said and "hotline.id is damaged" in said
        assert json.loads((state / "secrets.json").read_bytes()) == json.loads(kept["secrets.json"])
        caller = await fleet.caller("77010000001")
        call = await caller.dial("1414", int(place["BAILANYS_SIP__PORT"]))
        await call.answered()
        await call.hang_up()
        assert await _faults(place["BAILANYS_API__PORT"], "hotline.id is damaged")
        refused = await bailanys("recordings", "repair", env=place)
        assert refused.status == 1 and refused.err.count("\n") == 1 and "hotline.id is damaged" in refused.err
        await _ended(process)
    (state / "hotline.id").write_bytes(kept["hotline.id"])
    assert (await bailanys("recordings", "repair", env=place)).status == 0
