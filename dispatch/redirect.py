"""Moves a channel by `Redirect` until it is where it was sent to.

Asterisk refuses a move of a channel that is still being moved as it does one of a channel that hangs up: a caller who
was sent to hear their place a moment before the offer would so be taken for gone, and be found by the audit seconds
later. And a move that it has taken may be lost, when it falls into a step that goes elsewhere by itself (ADR 15).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from dialplan import names
from dispatch.channels import seen_channel
from dispatch.ports import Asterisk, Clock
from dispatch.snapshot import SeenChannel
from telephony.commands import redirect, redirect_both
from telephony.errors import AmiRefusedError
from telephony.quoting import ActionFields

log = structlog.get_logger(__name__)

UNDER_WAY = "not up"
"""In Asterisk's answer for a channel on its way elsewhere, or hanging up (22.10: right behind another, 4 of 5)."""
QUICK_S = (0.002, 0.005, *(0.01,) * 60)
"""Between the tries: a move takes milliseconds, on a busy machine tens of them. Not growing: after a pause of 80 ms the
operator would have been idle beside the caller for longer than anybody may be."""
SLOW_S = 0.1
ARRIVES_S = 0.04
"""How long a channel may take to leave the wait, before Asterisk is asked whether it has."""
MOST_TRIES = 5
Also = tuple[str, str]
"""Another channel, and the context to which it goes."""
WAITS = (names.WAITING, names.CALLBACK_ASK)


@dataclass(frozen=True, slots=True)
class Redirects:
    """Moves channels at this Asterisk, in this time."""

    asterisk: Asterisk
    clock: Clock

    async def moved(self, move: ActionFields, wanted: Callable[[], bool]) -> None:
        """Send the move until it is taken, or is wanted no more.

        Raises TelephonyError; what is refused was not done.
        """
        for pause_s in itertools.chain(QUICK_S, itertools.repeat(SLOW_S)):
            try:
                await self.asterisk.send(move)
                return
            except AmiRefusedError as error:
                if UNDER_WAY not in str(error):
                    raise
            await self.clock.sleep(pause_s)
            if not wanted():
                return

    async def placed(
        self, channel: str, place: tuple[str, str], stays: Callable[[SeenChannel], bool], also: Also | None = None
    ) -> None:
        """Move a channel to this context and extension, look whether it went, and move it again while it has not.

        `stays`: whether a channel as seen is still where it was; `also`: another channel and its context, moved in the
        same instant. Raises TelephonyError; AmiRefusedError, too, when it cannot be moved.
        """
        move = redirect(channel, *place) if also is None else redirect_both(channel, place[0], also[0], also[1])
        for _ in range(MOST_TRIES):
            await self.moved(move, lambda: True)
            for pause_s in (ARRIVES_S, ARRIVES_S, 2 * ARRIVES_S):
                await self.clock.sleep(pause_s)
                seen = await seen_channel(self.asterisk, channel)
                if seen is None or not stays(seen):
                    return
            log.warning("a move was lost on the way", channel=channel, to=place[0])
        raise AmiRefusedError(f"{channel} stays where it is")

    async def offered(self, channel: str, place: tuple[str, str], offers: int, wanted: Callable[[], bool]) -> int:
        """Move a waiting caller to this context and extension until the offer has begun, or is wanted no more.

        `offers`: how many had begun before. Returns how many moves were lost. Raises TelephonyError.
        """
        move, lost = redirect(channel, *place), 0
        while True:
            await self.moved(move, wanted)
            await self.clock.sleep(ARRIVES_S)
            if not wanted():
                return lost
            seen = await seen_channel(self.asterisk, channel)
            if seen is None or seen.context not in WAITS or seen.variables.get(names.OFFER) != str(offers):
                return lost
            lost += 1
