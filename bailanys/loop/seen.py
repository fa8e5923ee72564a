"""What a thread does at this moment, in a line: for the alarm of a loop that stands still."""

from __future__ import annotations

import asyncio
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

ROOT = f"{Path(__file__).resolve().parents[2]}/"
DEEPEST = 4
_IDLE = frozenset({"wait", "select", "_worker", "poll", "accept", "_wait_for_tstate_lock"})
"""Functions in which a thread waits for something to do."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The task at work and its innermost calls; and what other threads were doing."""

    task: str
    calls: tuple[str, ...]
    others: tuple[str, ...]

    def __str__(self) -> str:
        """`in look: reconciling.py:97 _examined < reconciler.py:43 look; beside it pool-0: …`."""
        told = f"in {self.task or 'a callback'}: {' < '.join(self.calls)}"
        return told + (f"; beside it {', '.join(self.others)}" if self.others else "")


def what_runs(loop: asyncio.AbstractEventLoop, thread: int) -> Seen:
    """Look at a loop's thread from another one."""
    task = asyncio.current_task(loop)
    name = "" if task is None else getattr(task.get_coro(), "__qualname__", task.get_name())
    frames, names = sys._current_frames(), {one.ident: one.name for one in threading.enumerate()}
    own = threading.get_ident()
    others = tuple(
        f"{names.get(ident, ident)}: {calls_of(frame, 1)[0]}"
        for ident, frame in frames.items()
        if ident not in (thread, own) and frame.f_code.co_name not in _IDLE
    )
    return Seen(name, calls_of(frames.get(thread), DEEPEST), others[:3])


def calls_of(frame: FrameType | None, most: int) -> tuple[str, ...]:
    """The innermost calls, of our own code where there is any: nobody mends what is under it.

    Quick: whoever is looked at cannot go on meanwhile.
    """
    calls: list[FrameType] = []
    while frame is not None:
        calls.append(frame)
        frame = frame.f_back
    ours = [one for one in calls if _is_ours(one.f_code.co_filename)]
    told = [*calls[:1], *(one for one in ours or calls[1:] if one is not calls[0])][:most]
    return tuple(f"{_where(one.f_code.co_filename)}:{one.f_lineno} {one.f_code.co_name}" for one in told)


def _is_ours(file: str) -> bool:
    return file.startswith(ROOT) and "/.venv/" not in file


def _where(file: str) -> str:
    return file.removeprefix(ROOT) if _is_ours(file) else file.rpartition("/")[2]
