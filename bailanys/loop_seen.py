"""What a thread does at this moment, in a line: for the alarm of a loop that stands still."""

from __future__ import annotations

import asyncio
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parents[1]
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
        f"{names.get(ident, ident)}: {calls[0]}"
        for ident, frame in frames.items()
        if ident not in (thread, own) and frame.f_code.co_name not in _IDLE and (calls := calls_of(frame, 1))
    )
    return Seen(name, calls_of(frames.get(thread), DEEPEST), others[:3])


def calls_of(frame: FrameType | None, most: int) -> tuple[str, ...]:
    """The innermost calls, of our own code where there is any: nobody mends what is under it."""
    calls: list[tuple[bool, str]] = []
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        ours = path.is_relative_to(ROOT) and ".venv" not in path.parts
        where = path.relative_to(ROOT).as_posix() if ours else path.name
        calls.append((ours, f"{where}:{frame.f_lineno} {frame.f_code.co_name}"))
        frame = frame.f_back
    told = [call for ours, call in calls if ours] or [call for _, call in calls]
    innermost = [call for ours, call in calls[:1] if not ours]
    return tuple([*innermost, *told][:most])
