"""Has a running recording pause and go on (rule 14); the dialplan does it, and ends every pause by itself.

See `dialplan/templates/recording-pause.conf`: a channel of its own watches over each pause.
"""

from __future__ import annotations

import asyncio
from urllib.parse import quote

from console.errors import NoTalkError, RecordingGoesOnError, RecordingPausedError, UnavailableError, UnknownCallError
from dialplan import names
from dispatch.channels import seen_channels
from dispatch.ports import Asterisk, Clock
from dispatch.snapshot import SeenChannel
from dispatch.talks import TALKING
from telephony import commands

TAKES_S = 5.0
LOOK_EVERY_S = 0.05
LONGEST_WAIT_S = "86400"
"""The other end of the pause's channel waits as long as it takes: the pause ends by itself."""
LONGEST_REASON = 48


async def pause(asterisk: Asterisk, clock: Clock, call: str, reason: str, by: str) -> None:
    """Pause it and wait until Asterisk has. Raises TelephonyError and what `_caller` and `_until` raise."""
    caller = await _caller(asterisk, call)
    if caller.variables.get(names.PAUSED):
        raise RecordingPausedError("the recording is paused already")
    carried = {
        names.PAUSE_OF: call,
        names.PAUSED_BY: quote(by, safe=""),
        names.PAUSE_REASON: quote(" ".join(reason.split())[:LONGEST_REASON], safe=""),
    }
    watcher = f"Local/s@{names.RECORDING_PAUSED}/n"
    await asterisk.send(commands.watch(watcher, "Wait", LONGEST_WAIT_S, carried))
    await _until(asterisk, clock, call, paused=True)


async def resume(asterisk: Asterisk, clock: Clock, call: str, by: str) -> None:
    """Have it go on, and wait until it does. Raises as `pause` does."""
    caller = await _caller(asterisk, call)
    if not caller.variables.get(names.PAUSED):
        raise RecordingGoesOnError("the recording is not paused")
    await asterisk.send(commands.setvar(caller.name, names.RESUMED_BY, quote(by, safe="")))
    await _until(asterisk, clock, call, paused=False)


async def _caller(asterisk: Asterisk, call: str) -> SeenChannel:
    """The caller's channel while it is recorded. Raises UnknownCallError, NoTalkError."""
    caller = next((c for c in await seen_channels(asterisk) if c.uniqueid == call and c.linkedid == call), None)
    if caller is None or not caller.variables.get(names.ARRIVED):
        raise UnknownCallError(f"no such call now: {call}")
    said = caller.variables
    begun = said.get(names.TALKED_OFFER) and said.get(names.TALKED_OFFER) == said.get(names.OFFER)
    if caller.context not in (*TALKING, names.THREE_WAY) or not begun:
        raise NoTalkError("the caller talks to no operator: nothing is recorded")
    return caller


async def _until(asterisk: Asterisk, clock: Clock, call: str, *, paused: bool) -> None:
    """Raises UnavailableError when Asterisk does not do it, UnknownCallError when the call ends meanwhile."""
    try:
        async with asyncio.timeout(TAKES_S):
            while bool((await _caller(asterisk, call)).variables.get(names.PAUSED)) is not paused:
                await clock.sleep(LOOK_EVERY_S)
    except TimeoutError:
        raise UnavailableError("Asterisk did not do it: see its log", "recording-mute", retryable=True) from None
