"""Voice and keys of many wire-level phones: one clock sends a packet on every line that talks, each 20 ms."""

from __future__ import annotations

import asyncio
import io
import socket
import struct
import time
from collections import deque
from collections.abc import Callable

import soundfile

from phones import tones

FRAME_S = 0.02
FRAME = 160
_EVENTS = "0123456789*#"
_KEY_PACKETS = 6
_END_PACKETS = 3
_COMFORT_EVERY = 10
_COMFORT_LEVEL = 70  # -70 dBov


class Voice:
    """One side of one talk: a socket of its own, a tone, and keys by RFC 4733. What comes in is read only on demand."""

    def __init__(self, address: str, tone_hz: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind((address, 0))
        self.port: int = self._socket.getsockname()[1]
        self._frames = tone_frames(tone_hz)
        self._to: tuple[str, int] | None = None
        self._count = 0
        self._keys: deque[bytes] = deque()
        self._sent = 0
        self._hushed = self._comfort = False
        self.keys_sent = 0

    def talk_to(self, media: tuple[str, int]) -> None:
        """Send to this address from now on."""
        self._to = media

    def say(self, frames: list[bytes]) -> None:
        """Say these from the next second on, in place of the tone."""
        self._frames = frames

    def press(self, key: str) -> None:
        """Send a key in place of the next packets of voice."""
        event, begin = _EVENTS.index(key), (self._count + len(self._keys)) * FRAME
        for at in range(1, _KEY_PACKETS + _END_PACKETS + 1):
            ended = at > _KEY_PACKETS
            length = min(at, _KEY_PACKETS) * FRAME
            marker = 0x80 if at == 1 else 0
            body = struct.pack("!BBH", event, 10 | (0x80 if ended else 0), length)
            self._keys.append(struct.pack("!BBHII", 0x80, 101 | marker, 0, begin & 0xFFFFFFFF, 7) + body)
        self.keys_sent += 1

    def hush(self, *, comfort: bool = False) -> None:
        """Send nothing from now on, as a muted phone that suppresses silence; or its comfort noise (RFC 3389)."""
        self._hushed, self._comfort = True, comfort

    def speak(self) -> None:
        """Be heard again. Time went on meanwhile, by the packets' time stamps."""
        self._hushed = False

    def tick(self) -> None:
        """Send the next packet; a full buffer or a port that is gone loses it, as networks do."""
        if self._to is None:
            return
        self._count += 1
        ticks = (self._count * FRAME) & 0xFFFFFFFF
        if self._keys:
            self._sent += 1
            event = self._keys.popleft()
            packet = event[:2] + struct.pack("!H", self._sent & 0xFFFF) + event[4:]
        elif not self._hushed:
            self._sent += 1
            head = struct.pack("!BBHII", 0x80, 8, self._sent & 0xFFFF, ticks, 7)
            packet = head + self._frames[self._count % len(self._frames)]
        elif self._comfort and self._count % _COMFORT_EVERY == 0:
            self._sent += 1
            packet = struct.pack("!BBHIIB", 0x80, 13, self._sent & 0xFFFF, ticks, 7, _COMFORT_LEVEL)
        else:
            return
        try:
            self._socket.sendto(packet, self._to)
        except OSError:
            return

    def listen(self, heard: Callable[[float, bytes], None]) -> None:
        """Hand over every packet that comes from now on, with the instant it came, epoch seconds."""
        asyncio.get_running_loop().add_reader(self._socket, self._hear, heard)

    def close(self) -> None:
        """Be silent and give the port back."""
        self._to = None
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    def _hear(self, heard: Callable[[float, bytes], None]) -> None:
        try:
            packet = self._socket.recv(2048)
        except OSError:  # somebody else's ICMP
            return
        heard(time.time(), packet)


class Clock:
    """Ticks every voice that is on, and says how late it ever was."""

    def __init__(self, pace: float = 1.0) -> None:
        """`pace`: a packet each 20 ms times that, for a phone whose clock is not right."""
        self.voices: set[Voice] = set()
        self.latest_s = 0.0
        self._frame_s = FRAME_S * pace

    async def run(self) -> None:
        """Tick until cancelled; after a stall the missed packets are sent at once, so that no voice falls short."""
        loop = asyncio.get_running_loop()
        due_s = loop.time()
        while True:
            due_s += self._frame_s
            await asyncio.sleep(max(due_s - loop.time(), 0))
            self.latest_s = max(self.latest_s, loop.time() - due_s)
            for voice in tuple(self.voices):
                voice.tick()


def tone_frames(hz: int) -> list[bytes]:
    """A second of a tone as frames of A-law."""
    return _coded(tones.tone(hz, 1.0))


def tick_frames() -> list[bytes]:
    """A second that begins with 20 ms of a tone and is silent then."""
    second = tones.tone(1000, 1.0)
    second[FRAME:] = 0.0
    return _coded(second)


def _coded(second: tones.Samples) -> list[bytes]:
    coded = io.BytesIO()
    soundfile.write(coded, second, 8000, format="RAW", subtype="ALAW")
    voice = coded.getvalue()
    return [voice[at : at + FRAME] for at in range(0, len(voice), FRAME)]
