"""Takes the changed configuration up from within the controller, and makes way for one that has it.

The work is a process of its own, as by hand: the loop that handles the calls neither renders nor waits, and what fails
there ends nothing here.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import structlog

from config.settings import Settings
from console.errors import AtWorkError, NotTakenUpError, UnfitConfigurationError
from console.operations.upkeep import Reloaded

log = structlog.get_logger(__name__)

MOST_S = 120.0
ANSWER_S = 0.5
"""So long the answer has to leave before the controller ends."""
_UNFIT = 2


def command(config: Path) -> list[str]:
    """How the work is started."""
    return [sys.executable, "-m", "bailanys", "take-up", "--config", str(config)]


def end_controller() -> None:
    """Make way for the next controller, as `kill` does: the supervisor starts it."""
    os.kill(os.getpid(), signal.SIGTERM)


class Reloader:
    """The controller's side of `console.operations.upkeep.Upkeep`."""

    def __init__(
        self,
        start: Sequence[str],
        settings: Settings,
        audit: Callable[[str, tuple[str, ...]], None],
        end: Callable[[], None] = end_controller,
    ) -> None:
        """`start`: the command line of the work; `audit`: told who asked, and what changed; `end`: ends us."""
        self._start = tuple(start)
        self._settings = settings
        self._audit = audit
        self._end = end
        self._work: asyncio.Task[Reloaded] | None = None

    async def reload(self, by: str) -> Reloaded:
        """Check, install and end. Raises UnfitConfigurationError, NotTakenUpError, AtWorkError."""
        if self._work is not None and not (self._work.done() and _failed(self._work)):
            raise AtWorkError("the configuration is being taken up at this moment: look again in some seconds")
        self._work = asyncio.create_task(self._reload(by))
        return await asyncio.shield(self._work)  # who asked may go away meanwhile: half of it is no state to be in

    async def _reload(self, by: str) -> Reloaded:
        told = await self._done()
        done = Reloaded(changed=tuple(told["changed"]), wants_start=tuple(told["wants_start"]))
        self._audit(by, done.changed)
        asyncio.get_running_loop().call_later(ANSWER_S, self._end)
        return done

    async def _done(self) -> dict[str, Any]:
        process = await asyncio.create_subprocess_exec(
            *self._start,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(MOST_S):
                said, why = await process.communicate(self._settings.model_dump_json().encode())
        except TimeoutError:
            raise NotTakenUpError(f"not done in {MOST_S:g} s: see `bailanys dialplan install`") from None
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        reason = why.decode(errors="replace").strip()
        if process.returncode == _UNFIT:
            raise UnfitConfigurationError(reason)
        if process.returncode != 0:
            log.error("configuration not taken up", status=process.returncode, why=reason[-2000:])
            raise NotTakenUpError(reason.splitlines()[-1] if reason else f"it ended with status {process.returncode}")
        answer: dict[str, Any] = json.loads(said.decode().splitlines()[-1])
        return answer


def _failed(work: asyncio.Task[Reloaded]) -> bool:
    return work.cancelled() or work.exception() is not None
