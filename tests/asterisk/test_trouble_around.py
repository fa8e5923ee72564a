"""Other parts fail: the database, the link to Asterisk, the archive, the spool, the supervisor. Calls go on."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path

import pytest
import pytest_asyncio
from command_line import bailanys
from mortal import OPERATOR_HZ, QUICK, ROOT, Mortal, mortal, rate, until
from reckoning import answered, recorded
from scenes import Played, perform, scene, scene_alone

from bailanys.cli.context import DEFAULT_CONFIG
from bailanys.control import ask
from bailanys.site.free_ports import own_place
from phones import tones
from phones.fleet import CODECS, Fleet
from recordings.vault.vault import Vault
from telephony.process import running_pid
from tests.unit.storage.postgres import private_server

LOCKED_S = 60.0
"""Longer than SQLite is asked to be patient, several times over."""
BUFFER_S = 32_768 / 32_000
"""Promise 5: one buffer of 32 KiB, of 8 kHz stereo."""
HEARD_S = 0.5
"""What the phone heard earlier or later than it was recorded."""
CAUGHT_UP_S = 30.0
"""Promise 4."""
REPAIRED_S = 60.0
"""Promise 5."""


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def played(request: pytest.FixtureRequest) -> AsyncIterator[Played]:
    async with perform(request) as scenes:
        yield scenes


async def talk_and_rate(hotline: Mortal, number: str, score: str) -> None:
    """A whole call: the menu, the talk with 101, the rating."""
    call = await hotline.caller(number, "1", "1")
    talk = await hotline.operators["101"].rung()
    await talk.until_hears(440)
    await call.until_hears(1000)
    await talk.hang_up()
    await rate(call, score)


@scene()
async def test_calls_go_on_while_the_database_is_locked_and_nothing_is_lost(hotline: Mortal) -> None:
    """Promise 4: whatever was finished meanwhile is caught up within half a minute."""
    await hotline.operator("101")
    await talk_and_rate(hotline, "77010000001", "5")
    await hotline.stories(1)
    with locked(hotline.up.places.state / "ledger.db"):
        async with asyncio.TaskGroup() as both:
            both.create_task(asyncio.sleep(LOCKED_S))
            both.create_task(talks_with_a_death_between(hotline))
    stories = await hotline.stories(3, timeout_s=CAUGHT_UP_S)
    for number, score in (("77010000001", 5), ("77010000002", 4), ("77010000003", 3)):
        answered(stories[number], ["101"], [score])
        recorded(stories[number], hotline.up.places.archive, hotline.up.places.spool, 440, [1000])


async def talks_with_a_death_between(hotline: Mortal) -> None:
    """Dying while it cannot write loses nothing either."""
    await talk_and_rate(hotline, "77010000002", "4")
    await hotline.kill()
    await hotline.revive()
    await talk_and_rate(hotline, "77010000003", "3")


@scene()
async def test_calls_go_on_when_the_database_is_gone_at_the_start_of_the_controller(hotline: Mortal) -> None:
    await hotline.operator("101")
    database = hotline.up.places.state / "ledger.db"
    away = database.with_suffix(".away")
    await hotline.kill()
    database.rename(away)
    database.mkdir()  # a path that no database can be opened at
    await hotline.revive()
    await talk_and_rate(hotline, "77010000001", "4")
    database.rmdir()
    away.rename(database)
    story = (await hotline.stories(1))["77010000001"]
    answered(story, ["101"], [4])
    recorded(story, hotline.up.places.archive, hotline.up.places.spool, 440, [1000])


@scene_alone
async def test_calls_go_on_while_postgresql_hangs_and_after_it_was_killed(starting: asyncio.Lock) -> None:
    with private_server() as server:
        async with AsyncExitStack() as stack:
            async with starting:
                database = {"BAILANYS_STORAGE__DATABASE_URL": server.url("postgres")}
                hotline = await stack.enter_async_context(mortal(**database))
            await hotline.operator("101")
            everybody = (server.process.pid, *workers_of(server.process.pid))
            send(signal.SIGSTOP, everybody)
            await talk_and_rate(hotline, "77010000001", "5")
            send(signal.SIGCONT, everybody)
            await hotline.stories(1)
            # Every connection is cut, and the server recovers.
            send(signal.SIGKILL, workers_of(server.process.pid))
            await talk_and_rate(hotline, "77010000002", "4")
            stories = await hotline.stories(2)
            answered(stories["77010000001"], ["101"], [5])
            answered(stories["77010000002"], ["101"], [4])
            for story in stories.values():
                recorded(story, hotline.up.places.archive, hotline.up.places.spool, 440, [1000])


@scene()
async def test_the_link_to_asterisk_is_cut_in_a_wait_and_in_a_talk(hotline: Mortal) -> None:
    operator = await hotline.operator("101")
    call = await hotline.caller("77010000001", "1", "1")
    talk = await operator.rung()
    await talk.until_hears(440)
    waiting = await hotline.caller("77010000002", "1", "1")
    await hotline.waits(1)
    pid = hotline.up.supervisor.pid
    await cut_link(hotline)
    await hotline.until_state("101", "talking")
    assert call.hears(1000, call.heard_s() - 1.5, call.heard_s() - 0.25, share=1.0)
    await talk.hang_up()
    await cut_link(hotline)
    await rate(call, "5")
    talk = await operator.rung()
    await talk.until_hears(440)
    await talk.hang_up()
    await rate(waiting, "4")
    assert hotline.up.supervisor.pid == pid, "the controller died of it"
    stories = await hotline.stories(2)
    answered(stories["77010000001"], ["101"], [5])
    answered(stories["77010000002"], ["101"], [4])


@scene()
async def test_an_archive_that_cannot_be_written_keeps_recordings_in_the_spool(hotline: Mortal) -> None:
    await hotline.operator("101")
    archive = hotline.up.places.archive
    away = archive.with_name("elsewhere")
    archive.rename(away)
    archive.write_text("in the way")
    await talk_and_rate(hotline, "77010000001", "5")
    assert len(list(hotline.up.places.spool.glob("*.raw"))) == 1
    archive.unlink()
    away.rename(archive)
    story = (await hotline.stories(1, timeout_s=30))["77010000001"]
    answered(story, ["101"], [5])
    recorded(story, archive, hotline.up.places.spool, 440, [1000])


@scene()
async def test_a_spool_that_cannot_be_written_does_not_stop_the_calls(hotline: Mortal) -> None:
    await hotline.operator("101")
    spool = hotline.up.places.spool
    away = spool.with_name("elsewhere")
    spool.rename(away)
    spool.write_text("in the way")
    await talk_and_rate(hotline, "77010000001", "5")
    spool.unlink()
    away.rename(spool)
    await talk_and_rate(hotline, "77010000002", "4")
    story = (await hotline.stories(2, recorded=False))["77010000002"]
    answered(story, ["101"], [4])


@scene()
async def test_asterisk_is_killed_and_started_again_and_the_talk_so_far_is_kept(hotline: Mortal) -> None:
    await asterisk_is_killed(hotline, BUFFER_S)


@scene(BAILANYS_SIP__CODECS='["g722", "alaw"]')
async def test_asterisk_is_killed_in_a_talk_of_which_each_side_has_a_file(hotline: Mortal) -> None:
    await asterisk_is_killed(hotline, 2 * BUFFER_S, codecs=("g722",))


async def asterisk_is_killed(hotline: Mortal, lost_s: float, codecs: Sequence[str] = CODECS) -> None:
    """Promise 5."""
    operator = await hotline.operator("101", codecs=codecs)
    call = await hotline.caller("77010000001", "1", "1")
    talk = await operator.rung()
    await talk.until_hears(440)
    begin_s, end_s = await call.listen(6)
    os.kill(hotline.up.keeper.pid, signal.SIGKILL)
    dead = hotline.up.keeper.pid
    await until(lambda: hotline.up.keeper.pid != dead, 10)
    restarted = time.monotonic()
    repaired = asyncio.create_task(hotline.shows("77010000001", lambda story: bool(story.recordings), REPAIRED_S))
    await asyncio.gather(talk.hang_up(), call.hang_up())  # nobody answers the phones that they have hung up
    await hotline.until_state("101", "ready", 15)
    await talk_and_rate(hotline, "77010000002", "4")
    await repaired
    assert time.monotonic() - restarted <= REPAIRED_S
    stories = await hotline.stories(2, timeout_s=40)
    answered(stories["77010000002"], ["101"], [4])
    lost = stories["77010000001"]
    assert (lost.record.call.result, lost.record.segments[1].operator_id) == ("answered", "101")
    assert [recording.status.value for recording in lost.recordings] == ["repaired"]
    assert lost.recordings[0].duration_ms / 1000 >= end_s - begin_s - lost_s - HEARD_S
    kept = Vault(hotline.up.places).recording(lost.recordings[0].path)
    for side, hz in enumerate((440, OPERATOR_HZ["101"])):
        samples, rate_hz = tones.read(kept, side)
        assert tones.heard_share(samples[rate_hz : 3 * rate_hz], rate_hz, hz) >= 0.8
    assert [gap.reason for gap in lost.record.gaps.values()] == ["asterisk-died"]
    assert (await bailanys("recordings", "repair", env=hotline.env, config=DEFAULT_CONFIG)).out == "Nothing to mend.\n"


@scene_alone
async def test_the_supervisor_is_killed_and_another_takes_over_with_the_calls(_: asyncio.Lock) -> None:
    with tempfile.TemporaryDirectory(prefix="mor") as name:
        state = Path(name) / "s"
        env = {**os.environ, **own_place(state), **QUICK}
        port = int(env["BAILANYS_SIP__PORT"])
        async with Fleet() as fleet:
            async with running(env, signal.SIGKILL):
                operator = await fleet.operator("101", password(state, "101"), port)
                control = state / "run" / "control.sock"
                await ask(control, "POST /operators/{number}/ready", "101")
                caller = await fleet.caller("77010000001")
                call = await caller.dial("1414", port)
                await call.answered()
                for key in "11":
                    await asyncio.sleep(0.7)
                    await call.press(key)
                talk = await operator.rung()
                await call.until_hears(1000)
                begin_s = call.heard_s()
            async with running(env, signal.SIGINT) as second:
                assert "Taking over" in second
                assert not call.over
                end_s = call.heard_s()
                assert call.hears(1000, begin_s, end_s - 0.25, share=1.0), "a gap in the talk"
                rows = (await ask(control, "GET /operators"))["operators"]
                assert next(row["state"] for row in rows if row["operator"] == "101") == "talking"
                await talk.hang_up()
                await rate(call, "5")
                waiting = await caller.dial("1414", port)
                await waiting.answered()
                await waiting.hang_up()
        assert running_pid(state / "etc" / "asterisk.conf") is None, "Asterisk is left running"


def send(number: signal.Signals, pids: Iterable[int]) -> None:
    """Send a signal to each that is still there."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def workers_of(pid: int) -> list[int]:
    """The processes that this one has started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Hold the database's write lock."""
    connection = sqlite3.connect(database, isolation_level=None, timeout=5)
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")
    finally:
        connection.close()


async def cut_link(hotline: Mortal) -> None:
    """Throw the controller off Asterisk's manager interface, and wait until it is back with the truth."""
    log = hotline.up.places.log / "controller.log"
    rebuilt = log.read_text().count("truth rebuilt")
    connected = (await hotline.console("manager show connected")).splitlines()
    session = next(line.split() for line in connected if line.split()[:1] == ["bailanys"])
    await hotline.console(f"manager kick session {session[4]}")
    await until(lambda: log.read_text().count("truth rebuilt") > rebuilt, 10)


@asynccontextmanager
async def running(env: dict[str, str], end: signal.Signals) -> AsyncIterator[str]:
    """`bailanys run` as a process of its own, ended by a signal; yields what it has said when it is up."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bailanys", "run"),
        cwd=ROOT,
        env=env,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    assert process.stdout is not None
    said = ""
    try:
        async with asyncio.timeout(30):
            while "Ctrl-C" not in said:
                line = await process.stdout.readline()
                assert line, said
                said += line.decode()
        yield said
    finally:
        process.send_signal(end)
        await process.wait()


def password(state: Path, operator: str) -> str:
    """An operator's password, which `run` shows on a terminal alone."""
    kept: dict[str, str] = json.loads((state / "secrets.json").read_text())["operators"]
    return kept[operator]
