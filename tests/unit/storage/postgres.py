"""A PostgreSQL of our own for the tests, that is gone when they are."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
NOBODY = 65534
INITDB = "-E UTF8 --locale C.UTF-8 --auth trust --no-sync"
POSTGRES = "-c listen_addresses= -c shared_buffers=16MB -c max_connections=30 -c fsync=off -c full_page_writes=off"
"""A killed server loses nothing by the last two; a database is made four times sooner."""


@dataclass
class Server:
    """A server of our own, and the folder with its socket and its data."""

    folder: Path
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None

    def url(self, database: str) -> str:
        return f"postgresql://bailanys@/{database}?host={self.folder}"

    def start(self, *more: str) -> None:
        """Return when it answers. `more`: words of the command line, which win over those that it always has."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen([*self.command, *more], cwd=self.folder, stdout=log, stderr=log)
        _wait_until_ready(self.process, self.folder)

    def stop(self) -> None:
        """End it at once, without a checkpoint: what was committed is there again after the next start."""
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait()
            (self.folder / "data/postmaster.pid").unlink(missing_ok=True)
            self.process = None


@contextmanager
def private_server() -> Iterator[Server]:
    """Start a server that listens on a socket in a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="bailanys-pg-"))
    # PostgreSQL refuses to run as root.
    become = f"--reuid={NOBODY} --regid={NOBODY} --clear-groups".split() if os.geteuid() == 0 else []
    setpriv, data = ["setpriv", *become], str(folder / "data")
    server = Server(folder, [])
    try:
        binaries = _binaries(folder, anybody=bool(become))
        if become:
            shutil.chown(folder, NOBODY, NOBODY)
        subprocess.run(
            [*setpriv, f"{binaries}/initdb", "-D", data, "-U", "bailanys", *INITDB.split()],
            check=True,
            cwd=folder,
            stdout=subprocess.DEVNULL,
        )
        die_with_us = [*setpriv, "--pdeathsig", "QUIT"]
        server.command = [*die_with_us, f"{binaries}/postgres", "-D", data, "-k", str(folder), *POSTGRES.split()]
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _wait_until_ready(server: subprocess.Popen[bytes], folder: Path) -> None:
    """The server puts `ready` into its lock file's last line; no connection is tried before."""
    lock = folder / "data/postmaster.pid"
    end = time.monotonic() + 30
    while time.monotonic() < end and server.poll() is None:
        if lock.exists() and lock.read_text().rstrip().endswith("ready"):
            return
        time.sleep(0.02)
    raise RuntimeError(f"PostgreSQL did not start: {(folder / 'log').read_text()[-2000:]}")


def _binaries(folder: Path, *, anybody: bool) -> Path:
    found = subprocess.run([sys.executable, ROOT / "tools/postgres.py"], check=True, stdout=subprocess.PIPE, text=True)
    binaries = Path(found.stdout.rstrip().rpartition(" in ")[2])
    hidden = any(not parent.stat().st_mode & 0o001 for parent in binaries.parents)
    if not (anybody and hidden):
        return binaries
    root = binaries.parents[4]  # a clone in /root: the user that the server runs as cannot get there
    shutil.copytree(root, folder / "prefix", symlinks=True)
    return folder / "prefix" / binaries.relative_to(root)
