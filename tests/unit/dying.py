"""A deed tried again and again, each time killed (`kill -9`) before another step of it.

A test module that wants it has `STEPS`, what counts as a step (an owner and the names of its functions), and
`tried(folder, how)`, the deed. Each try is a process of its own, forked from one that has everything loaded.
"""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
Steps = Iterable[tuple[Any, Iterable[str]]]


@contextmanager
def tries(module_file: str) -> Iterator[Callable[..., list[str] | None]]:
    """Gives `until(folder, last, how="")`: all the steps of the try, None if it was killed before its `last`."""
    command, pipe = [sys.executable, "-m", __name__, module_file], subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as of:

        def until(folder: Path, last: int, how: str = "") -> list[str] | None:
            assert of.stdin is not None and of.stdout is not None
            of.stdin.write(f"{folder}\t{last}\t{how}\n")
            of.stdin.flush()
            steps, status = of.stdout.readline().split(), of.stdout.readline()
            assert status in (f"{-signal.SIGKILL}\n", "0\n"), f"the try ended otherwise: {status}"
            return steps if status == "0\n" else None

        try:
            yield until
        finally:
            of.kill()


def _serve(module_file: Path) -> None:
    sys.path.append(str(module_file.parent))  # as pytest has it
    loaded = importlib.import_module(".".join(module_file.relative_to(ROOT).with_suffix("").parts))
    for line in sys.stdin:
        folder, last, how = line.rstrip("\n").split("\t")
        told, tells = os.pipe()
        if not (pid := os.fork()):
            os.dup2(2, 1)  # what the deed prints is no answer
            os.write(tells, " ".join(_try(loaded, Path(folder), int(last), how)).encode())
            os._exit(0)
        os.close(tells)
        with open(told) as said:  # noqa: PTH123 - a descriptor
            print(said.read())
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


def _try(loaded: Any, folder: Path, last: int, how: str) -> list[str]:
    taken: list[str] = []
    try:
        for owner, names in loaded.STEPS:
            for name in names:
                _count(owner, name, taken, last)
        loaded.tried(folder, how)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    return taken


def _count(owner: Any, name: str, taken: list[str], last: int) -> None:
    real = getattr(owner, name)

    def step(*args: Any, **kwargs: Any) -> Any:
        taken.append(name)
        if len(taken) == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **kwargs)

    setattr(owner, name, step)


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
