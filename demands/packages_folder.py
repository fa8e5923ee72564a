"""The folder of packages: one process packs at a time, and what a person sees there is whole and was entered before.

A package is made under a hidden name. What is hidden while nobody packs was left by a kill, and goes: it is sound.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from recordings import durable

LOOK_EVERY_S = 0.2


@asynccontextmanager
async def hidden(target: Path) -> AsyncIterator[Path]:
    """Where to make the package, which is shown at its place when the block ends well, and is gone otherwise.

    Waits while another process packs; the kernel lets go of it when we die. Raises OSError.
    """
    folder, fresh = target.parent, target.with_name(f".{target.name}")
    await asyncio.to_thread(durable.make_folder, folder)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        while not _taken(descriptor):
            await asyncio.sleep(LOOK_EVERY_S)
        for left in folder.glob(".*"):
            left.unlink()
        yield fresh
        await asyncio.to_thread(_show, fresh, target)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _show(fresh: Path, target: Path) -> None:
    fresh.replace(target)
    durable.sync(target.parent)
