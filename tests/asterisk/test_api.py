"""The HTTP API beside real calls: a call listed, transferred and told over it; and a port that cannot be had."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
import jsonschema
import pytest
import pytest_asyncio
from command_line import bailanys
from hotline import LOOK_EVERY_S, Centre, open_centre
from journal_watch import Journal

from calls.journal import Fact
from console.openapi import document
from console.routes import PREFIX, ROUTES
from console.scopes import Scope

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def open_hotline() -> AsyncIterator[Centre]:
    async with open_centre() as centre:
        yield centre


@pytest_asyncio.fixture(loop_scope="module")
async def centre(open_hotline: Centre) -> AsyncIterator[Centre]:
    yield open_hotline
    await open_hotline.closed_down()


class Program:
    """Another program with a token, which checks every answer against the description."""

    def __init__(self, centre: Centre, token: str, session: aiohttp.ClientSession) -> None:
        api = centre.up.settings.api
        self._base = f"http://{api.bind}:{api.port}{PREFIX}"
        self._headers = {"Authorization": f"Bearer {token}"}
        self._session = session

    async def ask(self, method: str, template: str, part: str = "", **more: Any) -> tuple[int, Any]:
        """The status and the answer; `part` takes the place of the template's variable part."""
        path = template if not part else template.replace("{number}", part).replace("{id}", part)
        async with self._session.request(method, self._base + path, headers=self._headers, **more) as response:
            if response.content_type != "application/json":
                return response.status, await response.text()
            said = await response.json()
        told = document(ROUTES, PREFIX)
        answer = told["paths"][PREFIX + template][method.lower()]["responses"][str(response.status)]
        jsonschema.validate(said, {**answer["content"]["application/json"]["schema"], "components": told["components"]})
        return response.status, said

    async def until_up(self) -> None:
        """Wait until the API listens: the controller begins with the calls."""
        async with asyncio.timeout(20):
            while True:
                try:
                    await self.ask("GET", "/health")
                    return
                except aiohttp.ClientConnectionError:
                    await asyncio.sleep(LOOK_EVERY_S)


@pytest_asyncio.fixture(loop_scope="module")
async def program(centre: Centre) -> AsyncIterator[Program]:
    scopes = [word for scope in Scope for word in ("--scope", scope.value)]
    made = await bailanys("tokens", "add", "test", *scopes, env=centre.env)
    async with aiohttp.ClientSession() as session:
        found = Program(centre, made.out.strip(), session)
        await found.until_up()
        yield found
    await bailanys("tokens", "revoke", "test", env=centre.env)


async def test_a_call_is_listed_transferred_and_told_over_the_api(centre: Centre, program: Program) -> None:
    await centre.phone_of("101")
    await centre.phone_of("105")
    assert await program.ask("POST", "/operators/{number}/ready", "101") == (
        200,
        {"operator": "101", "state": "ready"},
    )
    await centre.until_state("101", "ready")
    visit = await centre.visit()
    await visit.enters("state-services", "ru")
    talk = await centre.talk("101", visit)
    _, now = await program.ask("GET", "/calls")
    (call,) = now["calls"]
    assert (call["call"], call["where"], call["operator"]) == (visit.id, "talking", "101")
    _, people = await program.ask("GET", "/operators")
    states = {person["operator"]: (person["state"], person["reason"]) for person in people["operators"]}
    assert states["101"] == ("talking", visit.id)
    await centre.duty("105", ready=False)  # there, and paused: nobody else of ict is
    moved = await program.ask("POST", "/calls/{id}/transfer", visit.id, json={"to": "63"})
    assert moved == (200, {"call": visit.id, "to": "ict"})
    await talk.ended()
    await centre.duty("105", ready=True)
    second = await centre.talk("105", visit)
    assert visit.heard("transfer-notice", "ru")
    _, metrics = await program.ask("GET", "/metrics")
    assert 'bailanys_operators{state="talking"} 1.0' in metrics
    assert 'bailanys_calls_waiting{group="ict"} 0.0' in metrics
    assert 'bailanys_group_target_state{group="ict"} 0.0' in metrics
    status, against = await program.ask("GET", "/target")
    assert (status, [one["group"] for one in against["groups"]]) == (200, ["state-services", "portal", "ict"])
    await second.hang_up()
    await visit.call.hang_up()
    await visit.recorded(2)
    _, story = await program.ask("GET", "/calls/{id}", visit.id)
    assert [segment["operator_id"] for segment in story["segments"]] == ["101", "105"]
    assert [segment["transfer_kind"] for segment in story["segments"]] == ["command", None]
    assert len(story["recordings"]) == 2
    today = datetime.now(ZoneInfo("Asia/Almaty")).date().isoformat()
    _, found = await program.ask("GET", "/recordings", params={"date": today, "phone": visit.number})
    assert [(talk["call"], talk["operator"], talk["status"]) for talk in found["talks"]] == [
        (visit.id, "101", "ok"),
        (visit.id, "105", "ok"),
    ]
    _, stats = await program.ask("GET", "/stats")
    assert (stats["day"], stats["total"]["answered"]) == (today, 1)
    paused = await program.ask("POST", "/operators/{number}/pause", "101", json={"reason": "lunch"})
    assert paused == (200, {"operator": "101", "state": "paused"})
    await centre.until_state("101", "paused")
    assert (await centre.state("101"))[1] == "lunch"
    lag_s = next(line for line in metrics.splitlines() if line.startswith("bailanys_journal_lag_seconds "))
    assert float(lag_s.split()[1]) < 5


async def test_neither_token_nor_number_is_in_the_log(centre: Centre, program: Program) -> None:
    visit = await centre.visit()
    await visit.call.hang_up()
    await visit.story()
    today = datetime.now(ZoneInfo("Asia/Almaty")).date().isoformat()
    await program.ask("GET", "/recordings", params={"date": today, "phone": visit.number})
    await program.ask("GET", "/calls/{id}", visit.id)
    log = (centre.up.places.log / "controller.log").read_text()
    assert '"token": "test"' in log
    assert visit.number not in log
    assert "bln_" not in log


async def test_tokens_are_listed_without_what_opens(centre: Centre, program: Program) -> None:
    rows = json.loads((await bailanys("tokens", "list", "--json", env=centre.env)).out)
    assert [(row["name"], len(row["scopes"])) for row in rows] == [("test", len(Scope))]
    assert (centre.up.places.state / "tokens.json").stat().st_mode & 0o777 == 0o600
    again = await bailanys("tokens", "add", "test", "--scope", "stats:read", env=centre.env)
    assert (again.status, again.err.count("\n")) == (1, 1)
    wrong = await bailanys("tokens", "add", "other", "--scope", "stats", env=centre.env)
    assert (wrong.status, wrong.err.count("\n")) == (1, 1)


async def test_a_port_that_cannot_be_had_costs_the_calls_nothing(centre: Centre, program: Program) -> None:
    """Somebody takes the port while the controller is dead: one alarm, calls go on, the API comes back by itself."""
    supervisor, api = centre.up.supervisor, centre.up.settings.api
    supervisor.may_start.clear()
    assert supervisor.pid is not None
    os.kill(supervisor.pid, signal.SIGKILL)
    async with asyncio.timeout(5):
        while supervisor.pid is not None:
            await asyncio.sleep(LOOK_EVERY_S)
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind((api.bind, api.port))
        holder.listen()
        supervisor.may_start.set()
        alarm = await Journal(centre.up.places.journals[1]).until(Fact.ALARM, "", kind="api")
        assert str(api.port) in alarm.fields["detail"]
        await centre.phone_of("101")
        await centre.duty("101", ready=True)
        visit = await centre.visit()
        await visit.enters("state-services")
        talk = await centre.talk("101", visit)
    await program.until_up()
    _, now = await program.ask("GET", "/calls")
    assert [(call["call"], call["where"]) for call in now["calls"]] == [(visit.id, "talking")]
    await talk.hang_up()
    await visit.call.hang_up()
