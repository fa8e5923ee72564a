"""Ports that this very hotline has while it is up: for `bailanys check` they are not in anybody's way."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

_SOCKET = re.compile(r"socket:\[(\d+)\]")
_LISTENS = "0A"  # of TCP; UDP sockets have no such state


def ports_of(pids: Iterable[int]) -> set[int]:
    """Every port that these processes, and those that they have begun, take."""
    inodes = {inode for pid in _with_children(pids) for inode in _sockets(pid)}
    return {port for inode, port in _taken() if inode in inodes}


def _with_children(pids: Iterable[int]) -> set[int]:
    found: set[int] = set()
    waiting = list(pids)
    while waiting:
        pid = waiting.pop()
        found.add(pid)
        for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
            try:
                waiting += [int(child) for child in tasks.read_text().split() if int(child) not in found]
            except OSError:
                continue
    return found


def _sockets(pid: int) -> set[str]:
    found = set()
    try:
        for entry in os.scandir(f"/proc/{pid}/fd"):
            if match := _SOCKET.fullmatch(os.readlink(entry.path)):  # noqa: PTH115 - a link that leads to no path
                found.add(match[1])
    except OSError:
        pass  # it ended, or is another's
    return found


def _taken() -> Iterable[tuple[str, int]]:
    for kind in ("tcp", "tcp6", "udp", "udp6"):
        try:
            lines = Path(f"/proc/net/{kind}").read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if kind.startswith("udp") or fields[3] == _LISTENS:
                yield fields[9], int(fields[1].rpartition(":")[2], 16)
