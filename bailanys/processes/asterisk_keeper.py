"""Keeps Asterisk running, and one hotline to a state folder."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bailanys.processes.asterisk_user import Account
from config.places import Places
from storage.reachable import damage
from telephony.embedded import AsteriskError, AsteriskInstall
from telephony.process import running_pid, start_asterisk, stop_asterisk

PAUSE_FIRST_S = 0.2
PAUSE_LAST_S = 10.0
LONG_LIFE_S = 60.0
LOCK = "hotline.lock"


class AlreadyRunningError(Exception):
    """Another hotline runs on this state folder."""

    error_id = "already-running"
    retryable = False

    def __init__(self, message: str, pid: int | None = None) -> None:
        super().__init__(message)
        self.pid = pid
        """Of who holds the state folder; None in the very moment before it is written there."""


@contextlib.contextmanager
def alone(state: Path) -> Iterator[None]:
    """Hold the state folder for one hotline; the kernel lets go of it when we die. Raises AlreadyRunningError."""
    state.mkdir(parents=True, exist_ok=True)
    with (state / LOCK).open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            said = lock.read().strip()
            pid = int(said) if said.isdecimal() else None
            raise AlreadyRunningError(f"{state}: another hotline runs here (pid {said})", pid) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def holder_of(state: Path) -> int | None:
    """Pid of the `bailanys run` that holds the state folder; None when nobody does. Nothing is written."""
    try:
        with (state / LOCK).open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                said = lock.read().strip()
                return int(said) if said.isdecimal() else None
    except OSError:
        pass  # no lock, or no way to it
    return None


class AsteriskKeeper:
    """Starts Asterisk, or takes over one that runs, and starts it again when it dies: its calls cannot be saved."""

    def __init__(
        self, asterisk: AsteriskInstall, places: Places, tell: Callable[[str], None], account: Account | None = None
    ) -> None:
        """`account`: whom Asterisk runs as; None: as ourselves."""
        self._asterisk = asterisk
        self._places = places
        self._tell = tell
        self._user = (account.uid, account.gid) if account else None
        self._left = False
        self.pid = 0
        self.taken_over = False
        """Whether it ran before us, with calls that are not ours to end by a mishap."""

    async def start(self) -> None:
        """Bring Asterisk up. Raises AsteriskError."""
        running = running_pid(self._places.asterisk_conf)
        if running is not None:
            self._tell(f"Taking over the running Asterisk (pid {running})")
            self.pid, self.taken_over = running, True
            return
        self._tell("Starting Asterisk")
        await self._start()

    async def keep(self) -> None:
        """Start Asterisk again whenever it dies, until cancelled."""
        pause_s = PAUSE_FIRST_S
        while True:
            began_s = time.monotonic()
            await gone(self.pid)
            self._tell(f"Asterisk (pid {self.pid}) is gone; it is started again")
            while True:
                pause_s = PAUSE_FIRST_S if time.monotonic() - began_s > LONG_LIFE_S else min(2 * pause_s, PAUSE_LAST_S)
                await asyncio.sleep(pause_s)
                try:
                    await self._start()
                    break
                except (AsteriskError, OSError) as error:
                    self._tell(str(error))

    def leave(self) -> None:
        """From now on `stop` leaves Asterisk and its calls alone: whoever comes next takes them over."""
        self._left = True

    async def stop(self) -> None:
        """End Asterisk and its calls, unless they are left to the next one."""
        if self._left:
            return
        await stop_asterisk(self._asterisk, self._places.asterisk_conf, self.pid)

    async def _start(self) -> None:
        """It does not start on a database of its own that is damaged: calls go before what operators said last."""
        log = self._places.log / "asterisk.out"
        if aside := await asyncio.to_thread(put_damaged_aside, self._places.asterisk_database):
            self._tell(f"Asterisk's own database was damaged, and lies in {aside}: operators dial *1 again")
        self.pid = (await start_asterisk(self._asterisk, self._places.asterisk_conf, log, user=self._user)).pid


def put_damaged_aside(database: Path) -> Path | None:
    """Where a database that Asterisk could not open lies now; None where it is sound, or there is none."""
    if not os.path.lexists(database) or not (database.is_dir() or damage(database, ours_alone=True)):
        return None
    aside = database.with_name(f"{database.name}.damaged-{time.time_ns()}")
    database.rename(aside)
    for left in database.parent.glob(f"{database.name}-*"):  # of SQLite's: they belong to that file
        left.rename(aside.with_name(f"{aside.name}{left.name.removeprefix(database.name)}"))
    return aside


async def gone(pid: int) -> None:
    """Wait for the end of a process, whether it is our child or not."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(handle, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(handle)
        os.close(handle)
