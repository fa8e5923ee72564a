"""Under a service manager: a restart costs no talk, a stop ends the calls that are left, as the units say."""

from __future__ import annotations

import asyncio
import json
import signal
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from command_line import bailanys
from hotline import CONFIG, ROOT
from managed import Service, directives, service
from mortal import rate, until
from reckoning import answered, recorded

from bailanys.control import ControlError, ask
from bailanys.processes.asterisk_keeper import alone
from bailanys.processes.hotline import hotline_up
from bailanys.site.free_ports import own_place
from phones import manners
from phones.call import Call, CallEndedError
from phones.fleet import Fleet
from phones.phone import Phone
from storage.engine import open_engine
from storage.ledger import CallStory, Ledger
from telephony.process import running_pid

HZ = 1000


@dataclass
class Place:
    """Where the hotline of this test lives, and what outlives its processes."""

    folder: Path
    env: dict[str, str]
    fleet: Fleet
    command: str

    @property
    def state(self) -> Path:
        return self.folder / "s"

    @property
    def port(self) -> int:
        return int(self.env["BAILANYS_SIP__PORT"])

    @property
    def asterisk(self) -> int | None:
        return running_pid(self.state / "etc" / "asterisk.conf")

    async def asked(self, operation: str, part: str = "") -> dict[str, object]:
        return await ask(self.state / "run" / "control.sock", operation, part)

    async def operator(self) -> Phone:
        password = json.loads((self.state / "secrets.json").read_text())["operators"]["101"]
        phone = await self.fleet.operator("101", password, self.port, tone_hz=HZ, manner=manners.Ring())
        await self.asked("POST /operators/{number}/ready", "101")
        return phone

    async def dials(self, number: str) -> Call:
        return await (await self.fleet.caller(number, tone_hz=440)).dial("1414", self.port)

    async def talk(self, operator: Phone, number: str) -> tuple[Call, Call]:
        """A caller and the operator hear each other; the caller's side first."""
        call = await self.dials(number)
        await call.answered()
        for key in "11":
            await asyncio.sleep(0.7)
            await call.press(key)
        talk = await operator.rung()
        await talk.answer()
        await call.until_hears(HZ)
        return call, talk

    async def story(self, number: str) -> CallStory:
        """The ledger's story of this caller's call, once it has its recording."""
        engine = open_engine(f"sqlite:///{self.state}/ledger.db")
        ledger, found = Ledger(engine), list[CallStory]()

        async def so() -> bool:
            for call in await ledger.call_ids_between(0, 1 << 52):
                story = await ledger.call_story(call)
                if story and story.record.call.caller_raw == number and story.recordings and story.record.call.ended_ms:
                    found.append(story)
            return bool(found)

        try:
            await until(so, 15)
        finally:
            engine.dispose()
        return found[-1]


@pytest_asyncio.fixture
async def place() -> AsyncIterator[Place]:
    with tempfile.TemporaryDirectory(prefix="sm") as name:
        folder = Path(name)
        env = own_place(folder / "s") | {"BAILANYS_OFFERS__RING_S": "10", "BAILANYS_OFFERS__WRAP_UP_S": "0"}
        made = await bailanys("units", str(folder), env=env)
        assert made.status == 0, made.err
        unit = directives((folder / "bailanys.service").read_text())
        assert unit["Service", "KillMode"] == ["process"]
        async with Fleet() as fleet:
            yield Place(folder, env, fleet, unit["Service", "ExecStart"][0])
            await bailanys("stop", "--now", env=env)


async def test_a_restart_of_the_service_costs_no_talk_and_a_stop_lets_it_end(place: Place) -> None:
    async with service(place.command, place.env, place.folder) as first:
        assert "WATCHDOG=1" in first.told
        operator = await place.operator()
        call, talk = await place.talk(operator, "77010000001")
        begin_s, asterisk = call.heard_s(), place.asterisk
        changed = {"BAILANYS_OFFERS__RING_S": "9"}  # where root started it, Asterisk is another user's
        installed = await bailanys("dialplan", "install", env=place.env | changed)
        assert (installed.status, installed.err) == (0, "")
        assert "reloaded and looked at" in installed.out
        checked = await bailanys("check", env=place.env)
        assert (checked.status, checked.err) == (0, "")
        status, said = await first.ends(signal.SIGTERM)
        assert (status, place.asterisk) == (0, asterisk)
        assert f"Asterisk (pid {asterisk}) has the calls" in said
        assert all(secret not in said for secret in secrets(place)), "passwords in the service's log"
    async with service(place.command, place.env, place.folder) as second:
        assert place.asterisk == asterisk
        await call.listen(0.5)
        assert call.hears(HZ, begin_s, call.heard_s() - 0.25, share=1.0), "a gap in the talk"
        await talk.hang_up()
        await rate(call, "5")
        story = await place.story("77010000001")
        answered(story, ["101"], [5])
        recorded(story, place.state / "archive", place.state / "spool", 440, [HZ])
        await _stops_when_the_talk_is_over(place, operator, second)


async def _stops_when_the_talk_is_over(place: Place, operator: Phone, up: Service) -> None:
    call, talk = await place.talk(operator, "77010000002")
    begin_s = call.heard_s()
    stopping = asyncio.create_task(bailanys("stop", "--within", "60", env=place.env, timeout_s=90))
    refused = await place.dials("77010000003")
    for _ in range(50):
        if await _refused(refused):
            break
        refused = await place.dials("77010000003")
    else:
        raise AssertionError("a new call is still taken")
    await call.listen(1.5)
    assert call.hears(HZ, begin_s, call.heard_s() - 0.25, share=1.0), "the drain cut the talk"
    assert not stopping.done()
    await talk.hang_up()
    await rate(call, "4")
    done = await stopping
    assert (done.status, (await up.ended())[0], place.asterisk) == (0, 0, None)
    assert "1 call left" in done.out
    assert "were refused meanwhile" in done.out
    assert "ended" not in done.out.splitlines()[-1]


async def test_other_signals_leave_the_calls_and_a_stop_ends_them_without_a_supervisor(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (signal.SIGHUP, signal.SIGQUIT):
        async with service(place.command, place.env, place.folder) as up:
            if number == signal.SIGHUP:
                call = await place.dials("77010000001")
                await call.answered()
            assert (await up.ends(number))[0] == 0
        assert place.asterisk is not None
        assert not call.over
    with alone(place.state):  # ours for a moment: the next start is refused in one line, and the call goes on
        refused = await bailanys("run", env=place.env)
    assert (refused.status, refused.err.count("\n"), call.over) == (1, 1, False)
    monkeypatch.setattr("bailanys.processes.hotline.READY_S", 1.0)
    (place.state / "run" / "control.sock").mkdir()  # no controller can come up: a mishap that the talks do not pay for
    with pytest.raises(ControlError, match="did not come up"):
        async with hotline_up(CONFIG, ROOT, ROOT / ".cache", env=place.env):
            raise AssertionError("it is up")
    assert place.asterisk is not None
    assert not call.over
    stopped = await bailanys("stop", "--now", env=place.env)
    assert (stopped.status, place.asterisk) == (0, None)
    assert stopped.out.startswith("Stopped. 1 that were still up")
    again = await bailanys("stop", env=place.env)
    assert (again.status, again.out) == (0, f"No hotline runs on {place.state}.\n")


async def _refused(call: Call) -> bool:
    try:
        await call.answered()
    except CallEndedError as error:
        return error.status == 503
    await call.hang_up()
    return False


def secrets(place: Place) -> list[str]:
    kept = json.loads((place.state / "secrets.json").read_text())
    return [kept["ami"], *kept["operators"].values()]
