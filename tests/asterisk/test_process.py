"""A real Asterisk on a configuration of four lines: up, asked, down, nothing left."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from bailanys.processes.log_keeper import LogKeeper
from telephony.embedded import AsteriskInstall, find_asterisk
from telephony.process import AsteriskSilentError, AsteriskStartError, running_pid, rx, start_asterisk, stop_asterisk

CACHE = Path(__file__).resolve().parents[2] / ".cache"


@pytest.fixture
def install() -> AsteriskInstall:
    return find_asterisk(CACHE)


@pytest.fixture
def conf_file(install: AsteriskInstall) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="ast") as name:
        home = Path(name)
        names = ("astvarlibdir", "astdbdir", "astkeydir", "astagidir", "astspooldir", "astrundir", "astlogdir")
        lines = [f"{key} => {home}" for key in names]
        lines += [f"astetcdir => {home}", f"astmoddir => {install.module_dir}", f"astdatadir => {install.data_dir}"]
        (home / "asterisk.conf").write_text("\n".join(["[directories]", *lines]) + "\n")
        (home / "modules.conf").write_text("[modules]\nautoload=no\nload=chan_pjsip.so\n")
        (home / "logger.conf").write_text("[general]\n[logfiles]\n")
        yield home / "asterisk.conf"
        if (pid := running_pid(home / "asterisk.conf")) is not None:
            os.kill(pid, signal.SIGKILL)


async def test_asterisk_starts_answers_and_leaves_nothing(install: AsteriskInstall, conf_file: Path) -> None:
    process = await start_asterisk(install, conf_file, conf_file.parent / "log")
    assert running_pid(conf_file) == process.pid
    assert (await rx(install, conf_file, "core show version")).startswith("Asterisk 2")
    assert os.getsid(process.pid) == process.pid  # no terminal's Ctrl-C reaches it
    await stop_asterisk(install, conf_file, process.pid)
    assert await process.wait() == 0
    assert running_pid(conf_file) is None
    assert not (conf_file.parent / "asterisk.ctl").exists()
    await stop_asterisk(install, conf_file, process.pid)


async def test_an_asterisk_that_hangs_is_killed(install: AsteriskInstall, conf_file: Path) -> None:
    process = await start_asterisk(install, conf_file, conf_file.parent / "log")
    os.kill(process.pid, signal.SIGSTOP)
    await stop_asterisk(install, conf_file, process.pid, grace_s=0.2)
    assert await process.wait() == -signal.SIGKILL
    assert running_pid(conf_file) is None  # though its pid file is still there
    again = await start_asterisk(install, conf_file, conf_file.parent / "log")
    await stop_asterisk(install, conf_file, again.pid)
    assert await again.wait() == 0


async def test_a_second_asterisk_on_the_same_files_is_refused(install: AsteriskInstall, conf_file: Path) -> None:
    process = await start_asterisk(install, conf_file, conf_file.parent / "log")
    with pytest.raises(AsteriskStartError, match=f"already runs .*{process.pid}"):
        await start_asterisk(install, conf_file, conf_file.parent / "log")
    await stop_asterisk(install, conf_file, process.pid)
    await process.wait()


async def test_a_failing_start_says_why(install: AsteriskInstall, conf_file: Path) -> None:
    (conf_file.parent / "modules.conf").write_text("[modules]\nautoload=no\nrequire=no_such_module.so\n")
    with pytest.raises(AsteriskStartError, match="ended with status"):
        await start_asterisk(install, conf_file, conf_file.parent / "log")
    assert running_pid(conf_file) is None


async def test_a_cancelled_start_leaves_nothing(install: AsteriskInstall, conf_file: Path) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await start_asterisk(install, conf_file, conf_file.parent / "log")
    assert (conf_file.parent / "log").exists()
    assert running_pid(conf_file) is None


async def test_silence_is_an_error_of_its_own(install: AsteriskInstall, conf_file: Path) -> None:
    with pytest.raises(AsteriskSilentError, match="core show version"):
        await rx(install, conf_file, "core show version")


async def test_a_folder_too_deep_for_the_control_socket_is_refused(install: AsteriskInstall, conf_file: Path) -> None:
    deep = conf_file.parent / "deep.conf"
    deep.write_text(f"[directories]\nastrundir => /tmp/{'d' * 100}\n")
    with pytest.raises(AsteriskStartError, match="shorter state folder"):
        await start_asterisk(install, deep, conf_file.parent / "log")


async def test_asterisk_begins_a_new_log_when_its_log_was_put_aside(install: AsteriskInstall, conf_file: Path) -> None:
    logs = conf_file.parent
    (logs / "logger.conf").write_text("[general]\nqueue_log = no\n[logfiles]\nmessages.log => notice,warning,error\n")
    process = await start_asterisk(install, conf_file, logs / "asterisk.out")
    keeper = LogKeeper(logs, partial(rx, install, conf_file, "logger reload"), largest=1)
    await rx(install, conf_file, "module load no_such_one.so")
    before = (logs / "messages.log").read_text()
    assert "no_such_one" in before
    await keeper.look()
    await rx(install, conf_file, "module load no_such_two.so")
    assert (logs / "messages.log.1").read_text().startswith(before)
    assert "no_such_two" in (logs / "messages.log").read_text()
    assert "no_such_two" not in (logs / "messages.log.1").read_text()
    assert not (logs / "queue_log").exists()
    await stop_asterisk(install, conf_file, process.pid)
