"""One call of a test phone, as the test holds it: wait for what happens, press keys, hang up, hear."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import soundfile

from phones import sip_text, tones

Order = Callable[..., Awaitable[dict[str, Any]]]
GONE_STATUS = 0  # the phone's process died: no SIP status ended the call
_LISTEN_EVERY_S = 0.1


class CallEndedError(Exception):
    """The call ended while something else was awaited; `status` is the SIP status it ended with."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Instants:
    """When things happened to a call, in epoch seconds as the phone saw them; None: not yet, or never."""

    invite: float
    ringing: float | None = None
    answered: float | None = None
    media: float | None = None
    ended: float | None = None


class Call:
    """A call placed or received by a test phone."""

    def __init__(self, number: int, invite_at: float, order: Order, server: str, message: str = "") -> None:
        self.number = number
        self.instants = Instants(invite_at)
        self.message = message
        """The INVITE as it came; empty for a call the phone placed."""
        self.status = -1
        """The last SIP status seen; the final one once the call has ended, -1 before any."""
        self.reason = ""
        self.keys_heard = ""
        """Keys the other side pressed."""
        self._order = order
        self._server = server
        self._path: Path | None = None
        self._changed = asyncio.Event()
        self._transfer: dict[str, Any] = {}

    @property
    def caller_number(self) -> str:
        """Who calls, by the From header of an incoming call."""
        return sip_text.uri_user(sip_text.header(self.message, "From") or "")

    @property
    def caller_name(self) -> str:
        """The name the caller shows, by the From header of an incoming call."""
        return sip_text.display_name(sip_text.header(self.message, "From") or "")

    @property
    def over(self) -> bool:
        """Whether the call has ended."""
        return self.instants.ended is not None

    async def ringing(self, timeout_s: float = 10.0) -> None:
        """Wait for 180, 183 or the answer. Raises CallEndedError, TimeoutError."""
        await self._until(lambda: (self.instants.ringing or self.instants.answered) is not None, timeout_s)

    async def answered(self, timeout_s: float = 30.0) -> None:
        """Wait for the answer. Raises CallEndedError, TimeoutError."""
        await self._until(lambda: self.instants.answered is not None, timeout_s)

    async def ended(self, timeout_s: float = 60.0) -> int:
        """Wait for the end and return the SIP status: 200 after a talk, else the refusal's. Raises TimeoutError."""
        await self._until(lambda: self.over, timeout_s)
        return self.status

    async def answer(self) -> None:
        """Answer an incoming call by hand. Raises PhoneError."""
        await self._order("answer", call=self.number, status=200)

    async def refuse(self, status: int = 486) -> None:
        """Refuse an incoming call by hand. Raises PhoneError."""
        await self._order("answer", call=self.number, status=status)

    async def redirect(self, target: str) -> None:
        """Send an incoming call to another SIP URI with 302. Raises PhoneError."""
        await self._order("redirect", call=self.number, target=target)

    async def press(self, keys: str, *, ms: int = 120, by_info: bool = False) -> None:
        """Press keys one after the other, as RFC 2833 events or else SIP INFO. Raises PhoneError."""
        await self._order("press", call=self.number, keys=keys, ms=ms, by_info=by_info)

    async def hang_up(self) -> None:
        """Hang up, and wait until the other side knows; nothing happens if the call is over. Raises PhoneError."""
        if not self.over:
            await self._order("hang_up", call=self.number)
            await self.ended()

    async def hold(self) -> None:
        """Put the other side on hold. Raises PhoneError."""
        await self._order("hold", call=self.number)

    async def resume(self) -> None:
        """Take the other side back from hold. Raises PhoneError."""
        await self._order("unhold", call=self.number)

    async def refer(self, target: str, timeout_s: float = 30.0) -> int:
        """Transfer blindly by REFER to a number or SIP URI, and hang up once that is done, as phones do.

        Returns the status of the last NOTIFY; at 300 and above the transfer failed and the call is still up.
        Raises PhoneError, TimeoutError.
        """
        self._transfer = {}
        uri = target if ":" in target else f"sip:{sip_text.quoted_user(target)}@{self._server}"
        await self._order("refer", call=self.number, uri=uri)
        await self._until(lambda: self.over or bool(self._transfer.get("final")), timeout_s)
        status = int(self._transfer.get("status", GONE_STATUS))
        if status // 100 == 2:
            await self.hang_up()
        return status

    async def refer_to_call(self, other: Call, timeout_s: float = 30.0) -> int:
        """Join the other side with that of another call of this phone by REFER with Replaces, and leave both.

        Returns the status of the last NOTIFY; at 300 and above both calls are still up.
        Raises PhoneError, TimeoutError.
        """
        self._transfer = {}
        await self._order("refer_replacing", call=self.number, by=other.number)
        await self._until(lambda: self.over or bool(self._transfer.get("final")), timeout_s)
        status = int(self._transfer.get("status", GONE_STATUS))
        if status // 100 == 2:
            await self.hang_up()
            await other.hang_up()
        return status

    def heard(self) -> Path:
        """Name the WAV with what this phone heard. Raises FileNotFoundError if there never was any sound."""
        if self._path is None:
            raise FileNotFoundError(f"call {self.number} never had sound")
        return self._path

    def hears(self, hz: float, from_s: float = 0.0, to_s: float | None = None, *, share: float = 0.5) -> bool:
        """Tell whether a tone was heard in a stretch of the call; the first media is 0.0 s."""
        return self._path is not None and tones.hears(self._path, hz, from_s, to_s, share=share)

    def heard_s(self) -> float:
        """Tell how many seconds of sound this phone has recorded so far."""
        samples, rate = self._listen()
        return len(samples) / rate

    def first_audio_at(self) -> float | None:
        """Tell when anything louder than silence was first heard, epoch seconds, about 60 ms late; None: never."""
        after_s = tones.first_audio_s(*self._listen())
        return None if after_s is None or self.instants.media is None else self.instants.media + after_s

    async def until_hears(self, hz: float, timeout_s: float = 10.0, *, for_s: float = 0.5) -> float:
        """Wait until a tone has sounded for the last `for_s` seconds, and return where in the recording that was.

        Raises CallEndedError, TimeoutError.
        """
        async with asyncio.timeout(timeout_s):
            while True:
                samples, rate = self._listen()
                last = samples[-round(for_s * rate) :]
                if len(last) >= for_s * rate and tones.heard_share(last, rate, hz) == 1.0:
                    return len(samples) / rate
                if self.over:
                    raise CallEndedError(self.status, self.reason)
                await asyncio.sleep(_LISTEN_EVERY_S)  # a growing file tells nobody that it grows

    async def listen(self, seconds: float, timeout_s: float = 60.0) -> tuple[float, float]:
        """Wait until so many more seconds have been recorded; return where they begin and end in the recording.

        Raises CallEndedError, TimeoutError.
        """
        begin = self.heard_s()
        async with asyncio.timeout(timeout_s):
            while (end := self.heard_s()) < begin + seconds:
                if self.over:
                    raise CallEndedError(self.status, self.reason)
                await asyncio.sleep(_LISTEN_EVERY_S)
        return begin, end

    async def until_keys(self, keys: str, timeout_s: float = 10.0) -> None:
        """Wait until the keys pressed by the other side so far are these. Raises CallEndedError, TimeoutError."""
        await self._until(lambda: self.keys_heard == keys, timeout_s)

    def take(self, event: dict[str, Any]) -> None:
        """Take in an event of the phone's process (`Phone` calls it)."""
        at = event.get("at")
        match event["event"]:
            case "ringing" if self.instants.ringing is None:
                self.instants = replace(self.instants, ringing=at)
            case "answered":
                self.instants = replace(self.instants, answered=at)
            case "media":
                self._path = Path(event["path"])
                self.instants = replace(self.instants, media=at)
            case "ended" if not self.over:
                self.instants = replace(self.instants, ended=at)
            case "transfer":
                self._transfer = event
            case "key":
                self.keys_heard += event["key"]
        if event["event"] in ("ringing", "answered", "ended"):
            self.status = event["status"]
            self.reason = event.get("reason", "")
        self._changed.set()

    def _listen(self) -> tuple[tones.Samples, int]:
        if self._path is None:
            return tones.tone(0, 0), 8000
        try:
            return tones.read(self._path)
        except soundfile.LibsndfileError:  # the header is not written yet
            return tones.tone(0, 0), 8000

    async def _until(self, holds: Callable[[], bool], timeout_s: float) -> None:
        async with asyncio.timeout(timeout_s):
            while not holds():
                if self.over:
                    raise CallEndedError(self.status, self.reason)
                self._changed.clear()
                await self._changed.wait()
