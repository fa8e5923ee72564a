"""What a wire-level phone hears, packet by packet: when the first sound came, and when a known prompt began.

A softphone's jitter buffer and SIPp's streams hide when a packet came; the figures of an answer are about exactly that.
"""

from __future__ import annotations

import asyncio

from bench.alaw import KnownSound, loudness_dbfs
from bench.leg import Leg

SOUND_DBFS = -50.0
"""A packet louder than this has sound in it; A-law's silence reads about -66."""

_RTP_HEADER_BYTES = 12


class Ear:
    """Listens to a call that was just placed; instants are epoch seconds."""

    def __init__(self, leg: Leg) -> None:
        self._packets: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        if leg.voice is not None:
            leg.voice.listen(lambda at_s, packet: self._packets.put_nowait((at_s, packet[_RTP_HEADER_BYTES:])))

    async def first_sound_at(self, timeout_s: float = 10.0) -> float:
        """When the first packet with sound in it came. Raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            while True:
                at_s, voice = await self._packets.get()
                if loudness_dbfs(voice) > SOUND_DBFS:
                    return at_s

    async def begun_at(self, sound: KnownSound, timeout_s: float = 10.0) -> float:
        """When the prompt began, told from its first frames that are heard. Raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            while True:
                at_s, voice = await self._packets.get()
                before_s = sound.begun_before_s(voice)
                if before_s is not None:
                    return at_s - before_s
