"""The Asterisk that we start ourselves: up, asked, down, leaving nothing.

It runs in a session of its own and outlives us: neither a Ctrl-C at the terminal nor the controller's death touches a
call. Whoever starts anew finds it by `running_pid`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from pathlib import Path
from typing import Any

from telephony.embedded import AsteriskError, AsteriskInstall

SOCKET_PATH_BYTES = 107  # unix(7): sun_path holds 108 with its end; Asterisk cuts a longer one and nobody finds it
_POLL_S = 0.02
_TAIL_BYTES = 2000


class AsteriskStartError(AsteriskError):
    """Asterisk did not come up; the message ends with its own last words."""

    error_id = "asterisk-start"


class AsteriskSilentError(AsteriskError):
    """Asterisk gave no answer to a console command: it is down, starting or stopping."""

    error_id = "asterisk-silent"
    retryable = True


def run_dir(conf_file: Path) -> Path:
    """Where this `asterisk.conf` puts the control socket and the pid file. Raises AsteriskStartError."""
    text = conf_file.read_text(encoding="utf-8", errors="replace")
    found = re.search(r"^\s*astrundir\s*=>?\s*([^;\n]+)", text, re.MULTILINE)
    if found is None:
        raise AsteriskStartError(f"{conf_file} names no astrundir")
    return Path(found[1].strip())


def running_pid(conf_file: Path) -> int | None:
    """Pid of the Asterisk that runs on this configuration, whoever started it; None if there is none."""
    try:
        folder = run_dir(conf_file)
    except AsteriskStartError:
        folder = conf_file.parent.parent / "run"  # the file is damaged, and made anew at the next start
    except OSError:
        return None
    try:
        pid = int((folder / "asterisk.pid").read_text())
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return None
    # A pid file outlives a kill -9, and its number may be somebody else's by now.
    return pid if os.fsencode(_absolute(conf_file)) in arguments else None


async def start_asterisk(
    install: AsteriskInstall,
    conf_file: Path,
    log_file: Path,
    *,
    boot_s: float = 30.0,
    user: tuple[int, int] | None = None,
) -> Process:
    """Start Asterisk and return once it takes calls; what it prints goes to the end of `log_file`.

    `user`: uid and gid that it runs as; only root can.

    Raises AsteriskStartError, with nothing left running, if it ends or is not ready within `boot_s` seconds.
    """
    socket = run_dir(conf_file) / "asterisk.ctl"
    if len(os.fsencode(socket)) > SOCKET_PATH_BYTES:
        raise AsteriskStartError(f"{socket} is longer than {SOCKET_PATH_BYTES} bytes: choose a shorter state folder")
    if (pid := running_pid(conf_file)) is not None:
        raise AsteriskStartError(f"Asterisk already runs on {conf_file} (pid {pid})")
    with log_file.open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *(*install.run, "-C", _absolute(conf_file), "-f", "-n"),
            stdin=DEVNULL,
            stdout=log,
            stderr=STDOUT,
            start_new_session=True,
            **_as(user),
        )
    try:
        async with asyncio.timeout(boot_s):
            await _booted(install, conf_file, process)
    except TimeoutError as error:
        await _abandon(install, conf_file, process)
        raise AsteriskStartError(f"Asterisk was not ready in {boot_s:g} s: {_tail(log_file)}") from error
    except asyncio.CancelledError:
        await _abandon(install, conf_file, process)
        raise
    if process.returncode is not None:
        raise AsteriskStartError(f"Asterisk ended with status {process.returncode}: {_tail(log_file)}")
    return process


async def rx(install: AsteriskInstall, conf_file: Path, command: str, *, timeout_s: float = 10.0) -> str:
    """Give a command to the running Asterisk's console and return what it answers. Raises AsteriskSilentError."""
    asking = await asyncio.create_subprocess_exec(
        *(*install.run, "-C", _absolute(conf_file), "-rx", command),
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=STDOUT,
        start_new_session=True,
        **_as(_user_of(conf_file)),
    )
    try:
        async with asyncio.timeout(timeout_s):
            answer, _ = await asking.communicate()
    except TimeoutError as error:
        raise AsteriskSilentError(f"no answer to `{command}` in {timeout_s:g} s") from error
    finally:
        if asking.returncode is None:
            asking.kill()
            await asking.wait()
    if asking.returncode != 0:
        raise AsteriskSilentError(f"no answer to `{command}`: {answer.decode(errors='replace').strip()}")
    return answer.decode(errors="replace")


async def stop_asterisk(install: AsteriskInstall, conf_file: Path, pid: int, *, grace_s: float = 5.0) -> None:
    """End the Asterisk with this pid and return when it is gone: by its console, then by TERM, then by KILL.

    Each gets `grace_s` seconds. Calls that are up are hung up. A pid that is gone already is no error.
    """
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        with contextlib.suppress(AsteriskSilentError):
            await rx(install, conf_file, "core stop now", timeout_s=grace_s)
            if await _ended(handle, grace_s):
                return
        for last in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, last)
            if await _ended(handle, grace_s):
                return
    finally:
        os.close(handle)


def _as(user: tuple[int, int] | None) -> dict[str, Any]:
    """How a process begins as this user and group, with none of root's groups and nothing of our environment."""
    if user is None:
        return {}
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TZ") if name in os.environ}
    return {"user": user[0], "group": user[1], "extra_groups": (), "cwd": "/", "env": {**kept, "HOME": "/"}}


def _user_of(conf_file: Path) -> tuple[int, int] | None:
    """Whose console it is, where root asks and it is another's."""
    try:
        found = (run_dir(conf_file) / "asterisk.ctl").lstat()
    except OSError:
        return None
    return (found.st_uid, found.st_gid) if os.geteuid() == 0 != found.st_uid else None


def _absolute(conf_file: Path) -> str:
    """The one spelling of the path on a command line, by which `running_pid` knows our Asterisk again."""
    return str(conf_file.resolve())


async def _abandon(install: AsteriskInstall, conf_file: Path, process: Process) -> None:
    """End an Asterisk that is still starting."""
    await stop_asterisk(install, conf_file, process.pid)
    await process.wait()


async def _booted(install: AsteriskInstall, conf_file: Path, process: Process) -> None:
    """Return when Asterisk is fully booted or has ended."""
    while process.returncode is None:
        with contextlib.suppress(AsteriskSilentError):
            # One that ends while it is asked lets the asker go without a word.
            if "fully booted" in await rx(install, conf_file, "core waitfullybooted", timeout_s=60.0):
                return
        await asyncio.sleep(_POLL_S)


async def _ended(handle: int, timeout_s: float) -> bool:
    """Whether the process behind a pidfd ends within the time."""
    loop = asyncio.get_running_loop()
    gone = asyncio.Event()
    loop.add_reader(handle, gone.set)
    try:
        async with asyncio.timeout(timeout_s):
            await gone.wait()
    except TimeoutError:
        return False
    finally:
        loop.remove_reader(handle)
    return True


def _tail(log_file: Path) -> str:
    """The last non-empty line of the log: Asterisk says there why it stopped."""
    lines = log_file.read_bytes()[-_TAIL_BYTES:].decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
