"""The pjsua2 objects of one softphone: its account, its calls and what they play and record.

An exception that leaves a callback goes through C++ and ends the process without a word, so each callback is guarded.
Objects must outlive the callback they are in and be gone before `libDestroy`: the softphone drops them, not we.
"""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec

import pjsua2 as pj

CLOSING_S = 0.5  # the bridge beats every 20 ms; a WAV of no length at all never gets its sizes

P = ParamSpec("P")
Report = Callable[[dict[str, Any]], None]


def guarded(callback: Callable[Concatenate[Any, P], None]) -> Callable[Concatenate[Any, P], None]:
    """Keep an exception of a pjsua2 callback out of C++: it is printed, the phone goes on."""

    @wraps(callback)
    def safe(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            callback(self, *args, **kwargs)
        except Exception:  # an edge: C++ would end the process, and the test would only see a dead phone
            traceback.print_exc(file=sys.stderr)

    return safe


class Voice:
    """What a phone plays to whom it talks with: one WAV, over and over, and silence to keep recordings in time."""

    def __init__(self, sound: Path, silence: Path) -> None:
        self.sound = pj.AudioMediaPlayer()
        self.sound.createPlayer(str(sound))
        self.silence = pj.AudioMediaPlayer()
        self.silence.createPlayer(str(silence))


class Handset(pj.Account):
    """The phone's account: tells of its registration and of calls that come in."""

    def __init__(self, report: Report, ring: Callable[[Handset, int, str], None]) -> None:
        super().__init__()
        self._report = report
        self._ring = ring

    @guarded
    def onRegState(self, prm: pj.OnRegStateParam) -> None:
        """Tell the status of a registration, and whether the phone is registered now."""
        held = prm.code // 100 == 2 and prm.expiration > 0
        self._report({"event": "registration", "status": prm.code, "reason": prm.reason, "registered": held})

    @guarded
    def onIncomingCall(self, prm: pj.OnIncomingCallParam) -> None:
        """Take the call on at once: pjsua refuses with 500 what has no object when this returns."""
        self._ring(self, prm.callId, prm.rdata.wholeMsg)


class Talk(pj.Call):
    """One call of the phone. `number` is ours: pjsua numbers its calls anew."""

    def __init__(self, number: int, handset: Handset, voice: Voice, folder: Path, report: Report, slot: int) -> None:
        super().__init__(handset, slot)
        self.number = number
        self.ended = False
        self._voice = voice
        self._path = folder / f"heard-{number}.wav"
        self._report = report
        self._recorder: pj.AudioMediaRecorder | None = None
        self._last: dict[str, Any] = {}

    def tell(self, event: str, **more: object) -> None:
        """Report an event of this call with the instant, in epoch seconds."""
        self._report({"event": event, "call": self.number, "at": time.time()} | more)

    def bury(self) -> bool:
        """Tell the end of an ended call once its WAV is whole; True if that is done.

        The conference bridge closes the file at its next beat, and only then are the sizes in the header.
        """
        if self._path.exists() and time.time() < self._last["at"] + CLOSING_S:
            with self._path.open("rb") as wav:
                if wav.read(44)[40:] in (b"", b"\0\0\0\0"):
                    return False
        self.tell("ended", **self._last)
        return True

    @guarded
    def onCallState(self, prm: pj.OnCallStateParam) -> None:
        """Tell ringing (with its status, 180 or 183), answered and ended."""
        info = self.getInfo()
        if info.state == pj.PJSIP_INV_STATE_EARLY:
            self.tell("ringing", status=info.lastStatusCode)
        elif info.state == pj.PJSIP_INV_STATE_CONFIRMED:
            self.tell("answered", status=info.lastStatusCode)
        elif info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            self._recorder = None
            self.ended = True
            self._last = {"at": time.time(), "status": info.lastStatusCode, "reason": info.lastReason}

    @guarded
    def onCallMediaState(self, prm: pj.OnCallMediaStateParam) -> None:
        """Join the voice and the recorder to the call, again after every re-INVITE: its port may be a new one."""
        info = self.getInfo()
        live = (pj.PJSUA_CALL_MEDIA_ACTIVE, pj.PJSUA_CALL_MEDIA_REMOTE_HOLD)
        for media in info.media:
            if media.type == pj.PJMEDIA_TYPE_AUDIO and media.status in live:
                line = self.getAudioMedia(media.index)
                if self._recorder is None:
                    self._recorder = pj.AudioMediaRecorder()
                    self._recorder.createRecorder(str(self._path))
                    self._voice.silence.startTransmit(self._recorder)
                    self.tell("media", path=str(self._path))
                self._voice.sound.startTransmit(line)
                line.startTransmit(self._recorder)

    @guarded
    def onCallTransferStatus(self, prm: pj.OnCallTransferStatusParam) -> None:
        """Tell how a transfer we asked for by REFER goes on."""
        self.tell("transfer", status=prm.statusCode, reason=prm.reason, final=prm.finalNotify)

    @guarded
    def onDtmfDigit(self, prm: pj.OnDtmfDigitParam) -> None:
        """Tell a key the other side pressed."""
        self.tell("key", key=prm.digit)
