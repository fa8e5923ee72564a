"""A hotline that runs as a user of its own, and root's commands on it: nothing of it becomes root's.

Where the tests do not run as root the hotline and the commands are one user's; `tests/unit/config/test_ownership.py`
has the way of root's commands without root, and what Asterisk does not take is the same for both.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from command_line import Finished, bailanys
from hotline import CONFIG, ROOT
from managed import service
from mortal import until

from bailanys.cli.dialplan import installed
from bailanys.control import ControlError, ask
from bailanys.processes.reload import NotTakenError, unreadable
from bailanys.site.free_ports import own_place
from bailanys.site.prepare import prepare
from config.load import load
from config.ownership import strangers
from config.places import Places, places_of
from phones.fleet import Fleet
from telephony.embedded import find_asterisk
from telephony.process import running_pid

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOBODY = 65_534
AS_ROOT = os.geteuid() == 0
ONE_MORE = {"number": "107", "name": "Мадина", "groups": ["ict"]}


@dataclass
class Owned:
    """The hotline's folder, and how to command it."""

    state: Path
    env: dict[str, str]

    @property
    def places(self) -> Places:
        return places_of(load(CONFIG, {**os.environ, **self.env}), ROOT)

    async def said(self, *words: str, **more: str) -> Finished:
        done = await bailanys(*words, env=self.env | more, timeout_s=60)
        assert "Traceback" not in done.err
        return done

    async def health(self) -> dict[str, object]:
        return await self.get("/health", "")

    async def get(self, path: str, token: str) -> dict[str, object]:
        url = f"http://127.0.0.1:{self.env['BAILANYS_API__PORT']}/api/v1{path}"
        async with aiohttp.ClientSession() as web, web.get(url, headers={"Authorization": f"Bearer {token}"}) as answer:
            assert answer.status == 200, await answer.text()
            found: dict[str, object] = await answer.json()
            return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def owned() -> AsyncIterator[Owned]:
    with tempfile.TemporaryDirectory(prefix="own") as name:
        folder = opened(Path(name))
        state, become = folder / "s", list[str]()
        state.mkdir()
        env = own_place(state) | {"BAILANYS_OFFERS__RING_S": "10"}
        if AS_ROOT:
            os.chown(state, NOBODY, NOBODY)
            become = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--no-new-privs"]
            become += ["--bounding-set=-all"]  # as the unit has it
        python, more = _readable_python()
        command = shlex.join([*become, python, "-m", "bailanys", "run", "--config", str(CONFIG)])
        async with service(command, env | more, folder):
            yield Owned(state, env)


async def test_a_command_of_roots_leaves_nothing_of_roots(owned: Owned, tmp_path: Path) -> None:
    added = await owned.said("tokens", "add", "wall", "--scope", "stats:read")
    operators = json.dumps([*load(CONFIG).model_dump(mode="json")["operators"], ONE_MORE], ensure_ascii=False)
    installed = await owned.said("dialplan", "install", BAILANYS_OPERATORS=operators)
    assert (installed.status, installed.err) == (0, "")
    assert "reloaded and looked at" in installed.out
    assert "restart of Asterisk" not in installed.out
    for words in (("check",), ("db", "upgrade"), ("audit", "verify"), ("stats",), ("operators", "list"),
                  ("tokens", "list"), ("recordings", "repair"), ("recordings", "reconcile"), ("recordings", "disks"),
                  ("operators", "password", "101", "--new", "--print"),
                  ("recordings", "rotate-key"), ("dialplan", "render", str(tmp_path / "out"))):  # fmt: skip
        done = await owned.said(*words)
        assert done.status == 0, (words, done.err)
    take = str(ROOT / "speech" / "sounds" / "ru" / "hello.wav")  # a studio folder of root's, laid out for the hotline
    studio = {"BAILANYS_SPEECH__OVERRIDE_DIR": str(tmp_path / "studio")}
    taken = await owned.said("prompts", "import", take, "--as", "hello", "--language", "kk", **studio)
    assert (taken.status, "The next caller hears it." in taken.out) == (0, True), taken.err
    assert (tmp_path / "studio" / "kk" / "hello.wav").stat().st_uid == os.geteuid()
    heard = owned.places.sounds / "kk" / "bailanys" / "hello.wav"
    assert heard.read_bytes() == (tmp_path / "studio" / "kk" / "hello.wav").read_bytes()
    assert strangers(owned.state) == []
    deep = [path for path in owned.state.rglob("*") if path.lstat().st_uid != owned.state.stat().st_uid]
    assert deep == []
    assert {path.stat().st_uid for path in (tmp_path / "out").iterdir()} == {os.geteuid()}  # that is the caller's
    assert (await owned.get("/stats", added.out.strip()))["total"] is not None
    kept = json.loads((owned.state / "secrets.json").read_text())
    async with Fleet() as fleet:  # the new operator's account is there
        await fleet.operator("107", kept["operators"]["107"], int(owned.env["BAILANYS_SIP__PORT"]))
    await _controller_again(owned)
    assert (await owned.health())["status"] == "ok"


async def test_what_asterisk_does_not_take_is_told_and_put_back(owned: Owned, monkeypatch: pytest.MonkeyPatch) -> None:
    over = {**os.environ, **owned.env}
    install = find_asterisk(ROOT / ".cache")
    changed = load(CONFIG, {**over, "BAILANYS_OFFERS__RING_S": "11"})
    before = {path.name: (path.stat().st_ino, path.read_text()) for path in owned.places.etc.glob("*.conf")}

    def prepare_badly(*site: object) -> None:
        prepare(*site)  # type: ignore[arg-type]  # in root's own name, as it was done once
        if not AS_ROOT:
            (owned.places.etc / "pjsip.conf").chmod(0)

    monkeypatch.setattr("bailanys.site.prepare.prepare", prepare_badly)
    with pytest.raises(NotTakenError, match=r"all is as it was before: .*pjsip\.conf"):
        await installed(changed, owned.places, install)
    assert {path.name: (path.stat().st_ino, path.read_text()) for path in owned.places.etc.glob("*.conf")} == before
    assert not list(owned.places.etc.glob(".*.former"))
    assert unreadable(owned.places, running_pid(owned.places.asterisk_conf)) == []
    for path, _ in strangers(owned.state):  # what was made in root's own name beside
        os.chown(path, NOBODY, NOBODY)


async def test_what_takes_a_restart_is_told(owned: Owned) -> None:
    port = own_place(owned.state)["BAILANYS_SIP__PORT"]
    moved = await owned.said("dialplan", "install", BAILANYS_SIP__PORT=port)
    assert moved.status == 0
    assert "A restart of Asterisk is needed" in moved.out
    was = owned.env["BAILANYS_SIP__PORT"]
    assert f"SIP over UDP listens on 127.0.0.1:{was}, and not on 127.0.0.1:{port}" in moved.out
    assert "bailanys stop" in moved.out
    back = await owned.said("dialplan", "install", BAILANYS_SIP__RTP_FIRST="21000", BAILANYS_SIP__RTP_LAST="22999")
    assert "restart of Asterisk" not in back.out  # voice's ports are taken at a reload


async def _controller_again(owned: Owned) -> None:
    """Have the controller die, and wait until the next one, which reads everything anew, knows the truth."""
    control = owned.state / "run" / "control.sock"
    pid = _controller(owned)
    os.kill(pid, signal.SIGKILL)

    async def another() -> bool:
        with contextlib.suppress(ControlError, aiohttp.ClientConnectionError):
            ready = (await ask(control, "GET /health"))["in_truth"]
            return bool(ready) and _controller(owned) != pid and bool(await owned.health())
        return False

    await until(another, 20, every_s=0.2)


def opened(folder: Path) -> Path:
    """A folder that others may look into."""
    folder.chmod(0o755)
    return folder


def _controller(owned: Owned) -> int:
    return next((int(one.name) for one in Path("/proc").glob("[1-9]*") if _is_controller(one, owned)), 0)


def _is_controller(process: Path, owned: Owned) -> bool:
    try:
        words = (process / "cmdline").read_bytes().split(b"\0")
        return b"controller" in words and str(owned.state).encode() in (process / "environ").read_bytes()
    except OSError:
        return False


def _readable_python() -> tuple[str, dict[str, str]]:
    """An interpreter that another user may start: the home of ours may be closed to them."""
    if not AS_ROOT or not _closed(Path(sys.executable).resolve()):
        return sys.executable, {}
    packages = next(place for place in sys.path if "site-packages" in place)
    return f"/usr/bin/python3.{sys.version_info.minor}", {"PYTHONPATH": packages}


def _closed(program: Path) -> bool:
    return any(not folder.stat().st_mode & 0o001 for folder in program.parents)
