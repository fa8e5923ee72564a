"""The running hotline held against its own description by schemathesis: all checks, and every phase but sequences."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import aiohttp
import pytest
from hotline import LOOK_EVERY_S, Centre, open_centre

from console.limits import STRANGERS_PER_S
from console.route import Route
from console.routes import PREFIX, ROUTES
from console.scopes import Scope
from console.token_file import TokenFile
from console.tokens import new_token

EXAMPLES = os.environ.get("BAILANYS_API_EXAMPLES", "")
"""Random requests of each path: a few in every run; some hundred by hand, which take minutes."""
FEW = "1"
SCOPES = set(Scope) if EXAMPLES else set(Scope) - {Scope.HOTLINE_RELOAD}
"""A new controller takes seconds each time: by hand alone, as its answers are held in `test_reload.py`, too."""
SEED = os.environ.get("BAILANYS_API_SEED", "1414")
AT_ONCE = 3
TOKENS = 50
DOES_NOT_FIT = "422"
"""Our own answer to what has the described form and does not fit together; no description can rule that out."""
CONFIGURATION = f"""
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "401", "403", "404", "409", "{DOES_NOT_FIT}", "429"]
"""


async def held(url: str, routes: Sequence[Route], folder: Path, asks: dict[str, object]) -> None:
    """Ask all there is to ask of some paths."""
    config = folder / "schemathesis.toml"
    config.write_text(CONFIGURATION)
    asks = asks | {"there": str(folder / "there.json"), "apart_s": AT_ONCE / (0.9 * STRANGERS_PER_S)}
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(config), "run", url,
        "--checks", "all", "--phases", "examples,coverage,fuzzing", "--max-examples", EXAMPLES or FEW, "--seed", SEED,
        "--generation-database", "none", "--continue-on-failure", "--no-color", "--warnings", "off",
        *(word for route in routes for word in ("--include-operation-id", route.handler.__name__)),
        cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env=os.environ | {
            "SCHEMATHESIS_HOOKS": "schemathesis_hooks", "PYTHONPATH": str(Path(__file__).parent),
            "BAILANYS_ASKS": json.dumps(asks),
        },
    )  # fmt: skip
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    assert f"Selected: {len(routes)}/" in said.decode()


async def talk(centre: Centre, there: Path) -> None:
    """Meanwhile somebody talks, whose call is asked about from then on; 101 and portal are of the examples."""
    await centre.phone_of("102")
    await centre.duty("102", ready=True)
    visit = await centre.visit()
    await visit.enters()
    await centre.talk("102", visit)
    await asyncio.to_thread(there.write_text, json.dumps({"id": visit.id, "number": "101", "name": "portal"}))


async def until_up(url: str) -> None:
    """Wait until the API listens: the controller begins with the calls."""
    async with asyncio.timeout(20), aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(url):
                    return
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(LOOK_EVERY_S)


@pytest.mark.timeout(3600)
async def test_the_running_api_is_as_its_description_says(tmp_path: Path) -> None:
    async with open_centre() as centre:
        api = centre.up.settings.api
        url = f"http://{api.bind}:{api.port}{PREFIX}/openapi.json"
        tokens = [new_token(f"t{number}", SCOPES, 1) for number in range(TOKENS)]
        for _, token in tokens:
            TokenFile(centre.up.places.tokens).add(token)
        await until_up(url)
        there = tmp_path / "there.json"
        await asyncio.gather(
            talk(centre, there),
            *(
                held(url, routes, tmp_path, {"tokens": [secret for secret, _ in tokens], "network": number})
                for number in range(1, AT_ONCE + 1)
                if (routes := ROUTES[number - 1 :: AT_ONCE])
            ),
        )
        log = (centre.up.places.log / "controller.log").read_text()
        assert "api fault" not in log
        assert "Traceback" not in log
        assert json.loads(there.read_text())["id"] in log
