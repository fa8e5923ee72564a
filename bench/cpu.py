"""CPU time that a process has used."""

from __future__ import annotations

import contextlib
import os
import resource
from pathlib import Path


def used_s(pid: int) -> float:
    """Seconds of CPU used by all threads of a process, and by its children that have ended.

    Raises ProcessLookupError when there is no such process.
    """
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        raise ProcessLookupError(f"no process {pid}") from None
    return ticks(text) / os.sysconf("SC_CLK_TCK")


def family_s(pid: int) -> float:
    """The same of a process and of its children that live. Raises ProcessLookupError."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    total_s = used_s(pid)
    for child in children.read_text().split() if children.exists() else ():
        with contextlib.suppress(ProcessLookupError):  # it has ended: then it is among those that have
            total_s += used_s(int(child))
    return total_s


def ticks(stat: str) -> int:
    """The clock ticks in a line of `/proc/PID/stat`: utime, stime, cutime and cstime (proc(5), fields 14 to 17)."""
    # The command, second, may itself hold blanks and brackets: only what follows its last bracket can be split.
    after = stat.rpartition(")")[2].split()
    return sum(int(field) for field in after[11:15])


def own_s() -> float:
    """Seconds of CPU used by all threads of this process, and by its children that have ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)
