"""Every role at every deed of the table, by the real commands and over the real API: done, or refused in one line."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from bailanys import roles as page
from bailanys.api.demands import DemandOffice
from bailanys.api.playback import Hearing
from bailanys.backup.taking import take
from bailanys.cli import person as at_terminal
from bailanys.cli.app import main
from bailanys.control import ControlServer
from bench.archived import PHONE, ZONE, archived
from calls.demand import BREAK_GLASS_MS, ActionRefusedError, Authority, StepKind
from calls.local_day import local_date
from calls.people import WAYS, Action, People, Role
from config.load import load
from config.places import Places
from config.settings import Person
from console.app import api_app
from console.gate import Gate
from console.ports import Office
from console.routes import PREFIX, ROUTES
from console.scopes import HEARS, Scope
from console.token_file import TokenFile
from console.tokens import new_token
from demands.desk import DemandDesk
from demands.package import pack
from recordings.vault.keyring import first_ring
from speech.render import SOUNDS
from storage.demands import Register
from storage.engine import open_engine, sqlite_url
from storage.ledger import Ledger

CONFIG = Path(__file__).parents[3] / "config" / "hotline.toml"
CALL, FILE = "hl1-1764000000.1", "hl1-1764000000.1-1-1"
DAY = local_date(1_764_000_000_000, ZONE)
RECEIVED_MS = time.time_ns() // 1_000_000 - BREAK_GLASS_MS - 60_000
DEMAND = f"D-{local_date(RECEIVED_MS, ZONE).year}-0001"

COMMANDS: dict[str, tuple[str, ...]] = {
    "demands add": (
        *("--authority", "service-quality", "--letter", "15", "--ground", "rule 14"),
        *("--date", f"{DAY}", "--phone", PHONE, "--confirm-dates"),
    ),
    "demands search": (DEMAND,),
    "demands listen": (DEMAND, FILE, "--reason", "is it meant", "--to", "{to}"),
    "demands select": (DEMAND, FILE),
    "demands approve": (DEMAND,),
    "demands break-glass": (DEMAND, "--reason", "nobody is there"),
    "demands package": (DEMAND,),
    "demands deliver": (DEMAND, "--to", "A. Serikova", "--way", "courier"),
    "demands withdraw": (DEMAND, "--letter", "16"),
    "recordings export": (CALL, "--reason", "a letter", "--to", "{to}"),
    "recordings verify": (),
    "recordings hold": (CALL, "--reason", "a trial"),
    "recordings release": (CALL, "--reason", "over"),
    "recordings retention --dispose": (),
    "recordings rotate-key": (),
    "recordings join-keys": ("{to}/other.json",),
    "audit begin-anew": ("--reason", "the key is lost"),
    "db take-over": ("--reason", "the machine burnt"),
    "tokens add": ("new", "--scope", "demands:write"),
    "prompts import": (f"{SOUNDS / 'kk' / 'hello.wav'}", "--as", "hello", "--language", "kk"),
    "operators password": ("101", "--new", "--print"),
    "guesses lift": ("203.0.113.5",),
    "backup": ("{to}/backups", "--keys", "{to}/keys-apart"),
    "restore": ("{made}/backups/one", "--keys", "{made}/keys"),
}
BODIES: dict[str, dict[str, Any]] = {
    "POST /demands": {
        "authority": "service-quality", "letter": "15", "ground": "rule 14", "date": f"{DAY}", "phone": PHONE,
        "confirm_dates": True,
    },
    "POST /demands/{demand}/select": {"files": [FILE]},
    "POST /demands/{demand}/break-glass": {"reason": "nobody is there"},
    "POST /demands/{demand}/deliver": {"to": "A. Serikova", "way": "courier"},
    "POST /demands/{demand}/withdraw": {"letter": "16"},
}  # fmt: skip
COME_SO_FAR: dict[StepKind | Action, int] = {
    StepKind.APPROVED: 1, StepKind.BROKE_GLASS: 1, StepKind.PACKAGED: 2, Action.FETCH: 3, StepKind.DELIVERED: 3,
}  # fmt: skip
"""What others have done about the demand before: 1 selected, 2 approved, 3 packed."""
WHO: tuple[Role | None, ...] = (*Role, None)
"""Each role alone, and somebody who is not named."""


def named(*roles: Role) -> list[dict[str, Any]]:
    return [{"name": f"The {one}", "roles": [one], "accounts": [f"a-{one}"], "tokens": [f"t-{one}"]} for one in roles]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """State folders with a recorded talk and a demand for it, that has come so far: `0` to `3`."""
    folder = tmp_path_factory.mktemp("made")
    archived(folder, 1, 1.0)
    steps: list[Callable[[DemandDesk, Places], Awaitable[object]]] = [
        lambda desk, _: desk.enter(
            Authority.SERVICE_QUALITY, "14", "rule 14", DAY, PHONE, RECEIVED_MS, "clerk before", confirm_dates=True
        ),
        lambda desk, _: desk.do(DEMAND, StepKind.SELECTED, "auditor before", [FILE]),
        lambda desk, _: desk.do(DEMAND, StepKind.APPROVED, "chief before"),
        lambda desk, places: pack(desk, DEMAND, "clerk before", places, ZONE),
    ]
    for number, step in enumerate(steps):
        asyncio.run(_done(folder / "var", step))
        shutil.copytree(folder / "var", folder / str(number))
    places = Places(folder / "0", folder / "0" / "archive", folder / "0" / "keys" / "archive.json",
                    sqlite_url(folder / "0" / "ledger.db"), folder)  # fmt: skip
    backed_up = take(
        load(CONFIG, {}), CONFIG, replace(places, override=folder / "studio"), folder / "b", folder / "keys"
    )
    (folder / "backups").mkdir()
    backed_up.folder.rename(folder / "backups" / "one")
    backed_up.keys.rename(folder / "keys" / "one")
    return folder


async def _done(state: Path, step: Callable[[DemandDesk, Places], Awaitable[object]]) -> None:
    async with _desk(state, People()) as (desk, places, _):
        await step(desk, places)


@asynccontextmanager
async def _desk(state: Path, people: People) -> AsyncIterator[tuple[DemandDesk, Places, Ledger]]:
    url = sqlite_url(state / "ledger.db")
    places, engine = Places(state, state / "archive", state / "keys" / "archive.json", url, state), open_engine(url)
    try:
        yield DemandDesk(Register(engine), Ledger(engine), ZONE, people), places, Ledger(engine)
    finally:
        engine.dispose()


@pytest.fixture
def state_of(made: Path, tmp_path: Path) -> Callable[[StepKind | Action], Path]:
    def copied(deed: StepKind | Action) -> Path:
        state = tmp_path / "state"
        shutil.rmtree(state, ignore_errors=True)
        if deed is Action.RESTORE:
            state.mkdir()
            return state
        return Path(shutil.copytree(made / str(COME_SO_FAR.get(deed, 0)), state))

    return copied


Say = Callable[..., tuple[int, str]]


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    """A command, as whoever it is types it; its status, and what it said on standard error."""
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setenv("BAILANYS_STORAGE__STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("BAILANYS_SPEECH__OVERRIDE_DIR", str(tmp_path / "studio"))

    def said(account: str, people: list[dict[str, Any]], *words: str) -> tuple[int, str]:
        monkeypatch.setenv("BAILANYS_PEOPLE", json.dumps(people))
        monkeypatch.setattr(at_terminal, "person", lambda: account)
        monkeypatch.setattr(sys, "argv", ["bailanys", *words, "--config", str(CONFIG)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        return (ended.value.code if isinstance(ended.value.code, int) else 0), capsys.readouterr().err

    return said


def written(state: Path) -> list[tuple[str, str]]:
    if not (state / "ledger.db").exists():
        return []
    with closing(sqlite3.connect(state / "ledger.db")) as database:
        return database.execute("SELECT actor, kind FROM audit ORDER BY seq").fetchall()


@contextmanager
def controller_at(state: Path) -> Iterator[list[dict[str, Any]]]:
    """A controller that does whatever it is asked: the role is the command's to look at. What it was asked."""
    asked: list[dict[str, Any]] = []
    ready, loop, over = threading.Event(), asyncio.new_event_loop(), asyncio.Event()

    async def answer(request: dict[str, Any]) -> dict[str, Any]:
        asked.append(request)
        return {"address": request["part"]}

    async def serve() -> None:
        control = state / "run" / "control.sock"
        control.parent.mkdir(exist_ok=True)
        server = ControlServer(control, answer)
        await server.start()
        ready.set()
        await over.wait()
        await server.close()
        control.parent.rmdir()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert ready.wait(5)
    try:
        yield asked
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(5)
        loop.close()


BY_COMMAND = [(deed, command) for deed, way in WAYS.items() for command in way.commands]
BY_REQUEST = [(deed, request) for deed, way in WAYS.items() for request in way.requests]


@pytest.mark.parametrize(("deed", "command"), BY_COMMAND, ids=[command for _, command in BY_COMMAND])
def test_each_command_is_each_roles_or_refused(
    deed: StepKind | Action,
    command: str,
    state_of: Callable[[StepKind | Action], Path],
    say: Say,
    tmp_path: Path,
    made: Path,
) -> None:
    first_ring(tmp_path / "other.json")
    words = [word.format(to=tmp_path, made=made) for word in (*command.split(), *COMMANDS[command])]
    for role in WHO:
        state = state_of(deed)
        before, files = written(state), sorted(state.rglob("*"))
        with controller_at(state) if deed is Action.LET_IN else nullcontext([]) as asked:
            status, err = say(f"a-{role or 'nobody'}", named(*Role), *words)
        allowed = deed is Action.LET_IN and role in WAYS[deed].roles
        assert (
            asked
            == [{"do": "DELETE /guesses/{address}", "part": "203.0.113.5", "body": {}, "by": f"The {role}"}] * allowed
        )
        if role in WAYS[deed].roles:
            assert status == 0, (role, err)
            told = written(state)[-1 if deed is Action.RESTORE else len(before) :]
            assert deed is Action.ADMIT_PROGRAM or not told or told[0][0] in (f"The {role}", "retention"), (role, told)
            continue
        assert status == 1 and err.count("\n") == 1, (role, err)
        said = "belongs to nobody in [[people]]" if role is None else f"The {role} is no "
        assert said in err, (role, err)
        assert written(state) == before, role
        assert [one for one in sorted(state.rglob("*")) if one not in files and "ledger.db" not in one.name] == [], role


async def test_each_request_is_each_roles_or_refused(state_of: Callable[[StepKind | Action], Path]) -> None:
    people = People([Person.model_validate(one) for one in named(*Role)])
    for deed, request in BY_REQUEST:
        for role in WHO:
            state = state_of(deed)
            before = written(state)
            async with _desk(state, people) as (desk, places, ledger):
                status, said = await _asked(desk, places, ledger, request, f"t-{role or 'nobody'}")
            if role in WAYS[deed].roles:
                assert status == 200, (request, role, said)
                assert written(state)[len(before)][0] == f"The {role}", (request, role)
                continue
            assert (status, said["error_id"]) == (409, "refused"), (request, role, said)
            assert ("belongs to nobody" if role is None else f"The {role} is no ") in said["message"], said
            assert written(state) == before, (request, role)


async def _asked(
    desk: DemandDesk, places: Places, ledger: Ledger, request: str, token: str
) -> tuple[int, dict[str, Any]]:
    """Over HTTP, with a token that has every scope."""
    secret, kept = new_token(token, list(Scope), 1)
    file = TokenFile(places.tokens)
    file.add(kept)
    nobody: Any = None
    demands, hearing = DemandOffice(desk, places, ZONE), Hearing(ledger, places, desk)
    office = Office(nobody, nobody, nobody, nobody, demands, hearing)
    method, _, path = request.partition(" ")
    url = PREFIX + path.format(demand=DEMAND, file=FILE).replace("demand=…", f"demand={DEMAND}")
    if "/audio" in url:
        url += ("&" if "?" in url else "?") + "format=flac&reason=meant"
    headers = {"Authorization": f"Bearer {secret}"}
    body = BODIES.get(request, {}) if method == "POST" else None
    async with (
        TestClient(TestServer(api_app(office, Gate(file)))) as client,
        client.request(method, url, json=body, headers=headers) as answer,
    ):
        content = await answer.read()
        return answer.status, json.loads(content) if answer.content_type == "application/json" else {}


def test_every_deed_has_a_way_and_every_way_is_tried() -> None:
    assert set(WAYS) == {*Action, *StepKind} - {StepKind.ALERTED, StepKind.ESCALATED}
    assert {command for _, command in BY_COMMAND} == set(COMMANDS)
    served = {f"{route.method} {route.path}" for route in ROUTES if HEARS.intersection(route.scopes)}
    looks = {"GET /demands", "GET /demands/{demand}", "GET /demands/{demand}/hits"}
    assert {request.partition("?")[0] for _, request in BY_REQUEST} == served - looks
    for way in WAYS.values():
        assert way.roles and (way.commands or way.requests)


def test_the_page_is_what_the_code_holds() -> None:
    shown = Path(__file__).parents[3] / "docs" / "roles.md"
    assert shown.read_text(encoding="utf-8") == page.table(), "python -m bailanys.roles > docs/roles.md"


def test_what_is_an_administrators_is_an_approvers_while_there_is_none(
    state_of: Callable[[StepKind | Action], Path], say: Say
) -> None:
    some = named(Role.CLERK, Role.AUDITOR, Role.APPROVER)
    for role, status in ((Role.CLERK, 1), (Role.AUDITOR, 1), (Role.APPROVER, 0)):
        state_of(Action.ROTATE)
        assert say(f"a-{role}", some, "recordings", "rotate-key")[0] == status, role


def test_a_token_that_does_no_deed_is_everybodys_to_make(
    state_of: Callable[[StepKind | Action], Path], say: Say
) -> None:
    state_of(Action.ADMIT_PROGRAM)
    assert say("somebody", named(*Role), "tokens", "add", "wallboard", "--scope", "stats:read")[0] == 0
    assert say("somebody", named(*Role), "tokens", "add", "t-approver", "--scope", "demands:approve")[0] == 1
    assert say("somebody", named(*Role), "tokens", "add", "desk", "--scope", "hotline:reload")[0] == 1
    assert say("a-administrator", named(*Role), "tokens", "add", "desk", "--scope", "hotline:reload")[0] == 0
    assert say("somebody", [], "tokens", "add", "aigul", "--scope", "demands:approve")[0] == 0


async def test_who_broke_the_glass_hands_over_and_nobody_else_without_the_role(
    state_of: Callable[[StepKind | Action], Path],
) -> None:
    """An approver alone at night: roles must no more cause a miss than four eyes."""
    known = [Person.model_validate(one) for one in named(*Role)]
    async with _desk(state_of(StepKind.BROKE_GLASS), People(known)) as (desk, places, _):
        await desk.do(DEMAND, StepKind.BROKE_GLASS, "The approver", detail="nobody is there")
        await pack(desk, DEMAND, "The approver", places, ZONE)
        with pytest.raises(ActionRefusedError, match="The auditor is no clerk"):
            await desk.do(DEMAND, StepKind.DELIVERED, "The auditor", detail="to A. Serikova, by courier")
        state = await desk.do(DEMAND, StepKind.DELIVERED, "The approver", detail="to A. Serikova, by courier")
    assert state.closed_ms is not None and state.in_time
    async with _desk(state_of(StepKind.DELIVERED), People(known)) as (desk, _, _):  # approved by the usual way
        with pytest.raises(ActionRefusedError, match="The approver is no clerk"):
            await desk.do(DEMAND, StepKind.DELIVERED, "The approver", detail="to A. Serikova, by courier")
