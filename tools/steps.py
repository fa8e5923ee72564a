"""One line a step on the screen, and errors a person can act on."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

# What pip, apt and tar say in the midst of much else when it is the machine and not us.
_CAUSES = re.compile(
    "No space left on device|Disk quota exceeded|Read-only file system|Network is unreachable|No route to host"
    "|Connection refused|Connection timed out|Temporary failure in name resolution|Temporary failure resolving '[^']*'"
    "|Could not resolve '[^']*'|Name or service not known|certificate verify failed|NO_PUBKEY \\w+"
    "|Hash mismatch for \\S+"
)


class SetupError(Exception):
    """The set-up cannot go on: `what` failed, and `remedy` is what the person can do about it."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what}; {remedy}")


def say(line: str) -> None:
    """Print a line at once, also into a pipe."""
    print(line, flush=True)


@contextlib.contextmanager
def step(title: str, measure: Callable[[], str] | None = None) -> Iterator[None]:
    """Print the title, then the same with the seconds it took.

    `measure` tells how far a long step has come: on a terminal the line is redrawn each half second, elsewhere it is
    printed every five seconds, so that a log shows life without being flooded.
    """
    terminal = sys.stdout.isatty()
    start = time.monotonic()
    over = threading.Event()

    def draw() -> None:
        while not over.wait(0.5 if terminal else 5.0):
            progress = f"   {title} … {measure() if measure else ''} {time.monotonic() - start:.0f} s"
            if terminal:
                print(f"\r\x1b[K{progress}", end="", flush=True)
            else:
                say(progress)

    if not terminal:
        say(f"   {title} …")
    drawer = threading.Thread(target=draw, daemon=True)
    drawer.start()
    done = False
    try:
        yield
        done = True
    finally:
        over.set()
        drawer.join()
        mark = "ok" if done else "!!"
        total = f", {measure()}" if measure and done else ""
        say(f"{chr(13) + chr(27) + '[K' if terminal else ''}{mark} {title} ({time.monotonic() - start:.1f} s{total})")


def run(
    command: Sequence[str], what: str, remedy: str, *, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> str:
    """Run a command and return its output; a failure is a SetupError that ends with the command's own last words."""
    surroundings = {**os.environ, **(env or {})}
    try:
        done = subprocess.run(command, env=surroundings, cwd=cwd, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise SetupError(f"{what}: there is no command `{command[0]}` here", remedy) from error
    if done.returncode != 0:
        raise SetupError(f"{what} failed ({last_words(done.stderr or done.stdout)})", remedy)
    return done.stdout


def last_words(output: str) -> str:
    """Why a command failed, from its output: a cause we know, else its last error, else its last line."""
    if cause := _CAUSES.search(output):
        return cause[0]
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    # pip shows a build's exception in the middle and its own summary at the end: the exception says more
    errors = [line for line in lines if re.match(r"(?:\w+\.)*\w*Error: ", line)]
    errors = errors or [line for line in lines if line.startswith(("E:", "ERROR:", "error:"))]
    return (errors or lines or ["it said nothing"])[-1][:300]


def folder_size(folder: Path) -> int:
    """Bytes in a folder's files (one level), 0 if it is not there yet."""
    total = 0
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder):
            with contextlib.suppress(OSError):
                total += entry.stat().st_size
    return total


def megabytes(size: int) -> str:
    """Bytes as people read them."""
    return f"{size / 1e6:.1f} MB"
