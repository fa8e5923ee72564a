"""Moves a channel by `Redirect`, also while an earlier move of it is still being carried out.

Asterisk refuses such a second move as it does one of a channel that hangs up. A caller who was sent to hear their place
a moment before the offer would so be taken for gone, and be found by the audit seconds later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from telephony.errors import AmiRefusedError
from telephony.quoting import ActionFields

UNDER_WAY = "not up"
"""In Asterisk's answer for a channel on its way elsewhere, or hanging up (22.10: right behind another, 4 of 5)."""
PAUSES_S = (0.002, 0.005, *(0.01,) * 60)
"""Between the tries: a move takes milliseconds, on a busy machine tens of them. Not growing: after a pause of 80 ms the
operator would have been idle beside the caller for longer than anybody may be."""


async def moved(
    send: Callable[[ActionFields], Awaitable[object]], move: ActionFields, wanted: Callable[[], bool] = lambda: True
) -> None:
    """Send the move until it is taken, or is wanted no more. Raises TelephonyError; what is refused was not done."""
    for pause_s in PAUSES_S:
        try:
            await send(move)
            return
        except AmiRefusedError as error:
            if UNDER_WAY not in str(error):
                raise
        await asyncio.sleep(pause_s)
        if not wanted():
            return
    await send(move)
