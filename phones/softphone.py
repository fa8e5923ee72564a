"""The process of one softphone: pjsua2 without a sound device, driven by JSON lines.

The first line of standard input is the phone's set-up, each further one an order `{"id", "do", ...}`; standard output
carries `{"re": id, ...}` for each order and `{"event": ...}` for what happens. One process is one phone: pjsua has 8
accounts and 8 transports at most, a process costs 25 MB and 20 ms to start, and `kill` is a phone that vanishes.
The end of standard input is the end of the phone, so nothing outlives its parent.
"""

from __future__ import annotations

import contextlib
import heapq
import io
import itertools
import json
import os
import select
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pjsua2 as pj

from phones import manners
from phones.handset import Handset, Talk, Voice

POLL_MS = 10  # how late an order or a timer may be; SIP and RTP are served at once
FAREWELL_S = 2.0  # for BYE and un-REGISTER to be answered


class OrderError(Exception):
    """An order that cannot be carried out; told to the one who gave it."""


class Softphone:
    """One phone: the library, an account, calls, and the loop they live in."""

    def __init__(self, setup: dict[str, Any], out_fd: int) -> None:
        self._setup = setup
        self._out_fd = out_fd
        self._manner = manners.read(setup["manner"])
        self._numbers = itertools.count(1)
        self._talks: dict[int, Talk] = {}
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._ticket = itertools.count()
        self._registered = False
        self._running = True
        self._input = b""
        self._endpoint = start_library(setup)
        transport = open_transport(self._endpoint, setup["bind"], secure=bool(setup.get("route")))
        self._voice: Voice | None = Voice(Path(setup["sound"]), Path(setup["silence"]))
        self._handset: Handset | None = Handset(self._account_event, self._ring)
        self._handset.create(account_of(setup, transport))
        self._tell({"event": "up", "address": self._endpoint.transportGetInfo(transport).localName})

    def run(self) -> None:
        """Serve SIP, orders and timers until told to stop or left alone, then say goodbye."""
        while self._running:
            self._turn()
            if select.select([0], [], [], 0)[0]:
                self._listen(os.read(0, 65536))
        self._farewell()

    def _turn(self) -> None:
        self._endpoint.libHandleEvents(POLL_MS)
        while self._timers and self._timers[0][0] <= time.monotonic():
            heapq.heappop(self._timers)[2]()
        for talk in [talk for talk in self._talks.values() if talk.ended and talk.bury()]:
            del self._talks[talk.number]

    def _listen(self, read: bytes) -> None:
        self._running = bool(read)
        *lines, self._input = (self._input + read).split(b"\n")
        for line in lines:
            order = json.loads(line)
            try:
                answer = self._obey(order)
            except (OrderError, pj.Error) as error:
                answer = {"error": error.info() if isinstance(error, pj.Error) else str(error)}
            self._tell({"re": order["id"], **answer})

    def _obey(self, order: dict[str, Any]) -> dict[str, Any]:
        handset = self._handset
        if handset is None:
            raise OrderError("the phone is going")
        prm = pj.CallOpParam(True)
        match order["do"]:
            case "manner":
                self._manner = manners.read(order["manner"])
            case "register":
                handset.setRegistration(order["renew"])
            case "dial":
                return self._dial(handset, order["uri"], prm)
            case "answer":
                prm.statusCode = order["status"]
                self._talk(order).answer(prm)
            case "redirect":
                self._redirect(self._talk(order), order["target"])
            case "hang_up":
                with contextlib.suppress(OrderError):  # over already: the other side was faster than the news of it
                    self._talk(order).hangup(prm)
            case "hold":
                self._talk(order).setHold(prm)
            case "unhold":
                prm.opt.flag = pj.PJSUA_CALL_UNHOLD
                self._talk(order).reinvite(prm)
            case "refer":
                self._talk(order).xfer(order["uri"], prm)
            case "refer_replacing":
                self._talk(order).xferReplaces(self._talk({"call": order["by"]}), prm)
            case "press":
                self._press(self._talk(order), order)
            case unknown:
                raise OrderError(f"no such order: {unknown}")
        return {}

    def _talk(self, order: dict[str, Any]) -> Talk:
        talk = self._talks.get(order["call"])
        if talk is None or talk.ended:
            raise OrderError(f"call {order['call']} is over")
        return talk

    def _dial(self, handset: Handset, uri: str, prm: pj.CallOpParam) -> dict[str, Any]:
        talk = self._new_talk(handset, -1)
        at = time.time()
        talk.makeCall(uri, prm)
        return {"call": talk.number, "at": at}

    def _press(self, talk: Talk, order: dict[str, Any]) -> None:
        prm = pj.CallSendDtmfParam()
        prm.digits, prm.duration = order["keys"], order["ms"]
        prm.method = pj.PJSUA_DTMF_METHOD_SIP_INFO if order["by_info"] else pj.PJSUA_DTMF_METHOD_RFC2833
        talk.sendDtmf(prm)

    def _ring(self, handset: Handset, slot: int, message: str) -> None:
        talk = self._new_talk(handset, slot)
        talk.tell("incoming", message=message)
        match self._manner:
            case manners.Answer(after_s, talk_s):
                self._say(talk, 180)
                self._after(after_s, talk, lambda: self._answer(talk, talk_s))
            case manners.Ring():
                self._say(talk, 180)
            case manners.Refuse(status, after_s):
                if after_s > 0:
                    self._say(talk, 180)
                self._after(after_s, talk, lambda: self._say(talk, status))
            case manners.Redirect(target, after_s, status):
                if after_s > 0:
                    self._say(talk, 180)
                self._after(after_s, talk, lambda: self._redirect(talk, target, status))

    def _new_talk(self, handset: Handset, slot: int) -> Talk:
        if self._voice is None:
            raise OrderError("the phone is going")
        folder = Path(self._setup["folder"])
        talk = Talk(next(self._numbers), handset, self._voice, folder, self._tell, slot)
        self._talks[talk.number] = talk
        return talk

    def _answer(self, talk: Talk, talk_s: float | None) -> None:
        self._say(talk, 200)
        if talk_s is not None:
            self._after(talk_s, talk, lambda: talk.hangup(pj.CallOpParam(True)))

    def _say(self, talk: Talk, status: int) -> None:
        prm = pj.CallOpParam(True)
        prm.statusCode = status
        talk.answer(prm)

    def _redirect(self, talk: Talk, target: str, status: int = 302) -> None:
        prm = pj.CallOpParam(True)
        prm.statusCode = status
        contact = pj.SipHeader()
        contact.hName, contact.hValue = "Contact", f"<{target}>"
        prm.txOption.headers.append(contact)
        talk.answer(prm)

    def _after(self, seconds: float, talk: Talk, act: Callable[[], None]) -> None:
        def due() -> None:
            try:
                if not talk.ended:
                    act()
            except pj.Error as error:  # the caller gave up in this very moment
                talk.tell("late", error=error.info())

        heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._ticket), due))

    def _account_event(self, event: dict[str, Any]) -> None:
        self._registered = event["registered"]
        self._tell(event)

    def _tell(self, line: dict[str, Any]) -> None:
        try:
            os.write(self._out_fd, json.dumps(line).encode() + b"\n")
        except BrokenPipeError:
            self._running = False  # the parent is gone

    def _farewell(self) -> None:
        if self._handset is not None:
            self._endpoint.hangupAllCalls()
            if self._registered:
                self._handset.setRegistration(False)
        until = time.monotonic() + FAREWELL_S
        while (self._talks or self._registered) and time.monotonic() < until:
            self._turn()
        # Everything of pjsua2 must be gone before its library is; C++ destructors run as the last name goes.
        self._timers.clear()
        self._talks.clear()
        self._voice = None
        if self._handset is not None:
            self._handset.shutdown()
        self._handset = None
        self._endpoint.libDestroy(pj.PJSUA_DESTROY_NO_NETWORK)


def start_library(setup: dict[str, Any]) -> pj.Endpoint:
    """Start pjsua2 in this thread alone, at 8 kHz, with no sound device and only the codecs asked for."""
    endpoint = pj.Endpoint()
    endpoint.libCreate()
    config = pj.EpConfig()
    config.logConfig.consoleLevel = 0
    config.logConfig.level = config.logConfig.msgLogging = 5 if setup["log"] else 0
    config.logConfig.filename = setup["log"]
    config.uaConfig.threadCnt = 0
    config.uaConfig.mainThreadOnly = True
    config.uaConfig.userAgent = "Bailanys test phone"
    config.medConfig.clockRate = 8000
    config.medConfig.ecTailLen = 0  # an echo canceller would eat a tone that comes back
    config.medConfig.noVad = not setup.get("vad")  # silence is sent as silence, so that recordings keep time
    endpoint.libInit(config)
    endpoint.audDevManager().setNullDev()
    wanted = setup["codecs"]
    for codec in [found.codecId for found in endpoint.codecEnum2()]:
        endpoint.codecSetPriority(codec, 250 - wanted.index(codec) if codec in wanted else 0)
    endpoint.libStart()
    return endpoint


def open_transport(endpoint: pj.Endpoint, address: str, *, secure: bool) -> int:
    """Open a UDP socket, or for `secure` one for TLS, on a free port of `address`. Raises pjsua2's Error."""
    config = pj.TransportConfig()
    config.boundAddress = address
    config.port = 0
    return endpoint.transportCreate(pj.PJSIP_TRANSPORT_TLS if secure else pj.PJSIP_TRANSPORT_UDP, config)


def account_of(setup: dict[str, Any], transport: int) -> pj.AccountConfig:
    """Describe the phone's account: a registered one when there is a registrar, else a trunk's caller."""
    config = pj.AccountConfig()
    config.idUri = setup["id_uri"]
    config.sipConfig.transportId = transport
    config.callConfig.timerUse = pj.PJSUA_SIP_TIMER_INACTIVE
    config.mediaConfig.transportConfig.boundAddress = setup["bind"]
    config.mediaConfig.transportConfig.port = setup["rtp_port"]
    config.mediaConfig.lockCodecEnabled = False  # it re-INVITEs after the answer
    config.natConfig.contactRewriteUse = config.natConfig.viaRewriteUse = config.natConfig.sdpNatRewriteUse = 0
    if setup.get("route"):
        config.sipConfig.proxies.append(setup["route"])
        config.mediaConfig.srtpUse = pj.PJMEDIA_SRTP_MANDATORY
        config.mediaConfig.srtpSecureSignaling = 1
    if setup["registrar"]:
        config.regConfig.registrarUri = setup["registrar"]
        config.regConfig.retryIntervalSec = 2  # Asterisk may be restarted under the test
        config.sipConfig.authCreds.append(pj.AuthCredInfo("digest", "*", setup["user"], 0, setup["password"]))
    return config


def main() -> None:
    """Be the phone that standard input describes."""
    out_fd = os.dup(1)
    os.dup2(2, 1)  # pjsua prints before its log is configured: not into our lines
    first = io.FileIO(0, closefd=False).readline()  # unbuffered: `run` reads the rest itself
    if first:
        Softphone(json.loads(first), out_fd).run()


if __name__ == "__main__":
    main()
