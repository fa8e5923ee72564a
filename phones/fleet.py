"""Softphones for a demo or a test: each a process with its own free ports, all gone when the fleet is."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from phones import manners, sip_text, tones
from phones.own_ports import own_ports
from phones.phone import LINE_LIMIT, Phone, Server

_ROOT = Path(__file__).resolve().parent.parent
CODECS = ("alaw", "ulaw")
_CODEC_IDS = {
    "alaw": "PCMA/8000/1",
    "ulaw": "PCMU/8000/1",
    "g722": "G722/16000/1",
}  # as pjsua names them: it has no Opus


class Fleet:
    """All the phones of one scene; `async with Fleet() as fleet`."""

    def __init__(self, bind: str = "127.0.0.1", folder: Path | None = None, *, log: bool = False) -> None:
        """Make a fleet; recordings go to `folder` and stay there, or to a temporary one that goes with the fleet.

        `log` writes pjsua's whole trace, SIP messages included, as `sip.log` beside each phone's recordings.
        """
        self.phones: list[Phone] = []
        self._bind = bind
        self._folder = folder
        self._made: Path | None = None
        self._log = log
        self._numbers = itertools.count(1)

    async def __aenter__(self) -> Self:
        """Make the folder."""
        if self._folder is None:
            self._folder = self._made = Path(tempfile.mkdtemp(prefix="phones-"))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all phones at once and wait for them."""
        await asyncio.gather(*(phone.stop() for phone in self.phones))
        if self._made is not None:
            shutil.rmtree(self._made)

    async def operator(
        self,
        number: str,
        password: str,
        server_port: int,
        *,
        tone_hz: int = 1000,
        sound: Path | None = None,
        manner: manners.Manner | None = None,
        register: bool = True,
        codecs: Sequence[str] = CODECS,
        secure: bool = False,
        vad: bool = False,
    ) -> Phone:
        """Start an operator's phone, account `op` + number, and wait until it is registered.

        It answers at once unless another manner is given; `codecs` (alaw, ulaw, g722) are offered, best first.
        `secure`: SIP over TLS at that port, voice in SRTP only. `vad`: nothing is sent while nothing is said.
        Raises PhoneError if the server refuses, TimeoutError.
        """
        server = Server("127.0.0.1", server_port)
        address = f"sip:{server};transport=tls" if secure else f"sip:{server}"
        phone = await self._start(
            f"op{number}",
            server,
            id_uri=sip_text.name_addr("", f"op{number}", server.host),
            registrar=address if register else "",
            password=password,
            bind=self._bind,
            route=f"<{address};lr>" if secure else "",
            sound=sound,
            tone_hz=tone_hz,
            codecs=codecs,
            manner=manner or manners.Answer(),
            vad=vad,
        )
        if register:
            await phone.until_registered()
        return phone

    async def caller(
        self,
        from_user: str = "77011234567",
        *,
        display: str = "",
        source_address: str | None = None,
        tone_hz: int = 440,
        sound: Path | None = None,
        codecs: Sequence[str] = CODECS,
    ) -> Phone:
        """Start a trunk's caller: no registration, no password, known by its address alone. Raises PhoneError."""
        bind = source_address or self._bind
        return await self._start(
            from_user,
            None,
            id_uri=sip_text.name_addr(display, from_user, bind),
            registrar="",
            password="",
            bind=bind,
            sound=sound,
            tone_hz=tone_hz,
            codecs=codecs,
            manner=manners.Ring(),
        )

    async def _start(
        self,
        user: str,
        server: Server | None,
        *,
        sound: Path | None,
        tone_hz: int,
        codecs: Sequence[str],
        manner: manners.Manner,
        **setup: Any,
    ) -> Phone:
        if self._folder is None:
            raise RuntimeError("use the fleet with `async with`")
        folder = self._folder / f"{next(self._numbers):02}"  # not by user: a caller may call himself anything
        folder.mkdir(parents=True)
        first = {
            "user": user,
            "sound": str(sound or tones.write_tone(folder / "says.wav", tone_hz)),
            "silence": str(tones.write_tone(folder / "silence.wav", 0)),
            "folder": str(folder),
            "log": str(folder / "sip.log") if self._log else "",
            "codecs": [_CODEC_IDS[codec] for codec in codecs],
            "rtp_port": own_ports().voice(),
            "manner": manners.written(manner),
            **setup,
        }
        with (folder / "stderr.txt").open("wb") as stderr:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "phones.softphone"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=stderr,
                env={**os.environ, "PYTHONPATH": str(_ROOT)},
                limit=LINE_LIMIT,
                start_new_session=True,  # Ctrl-C is for the fleet's owner, who then closes the fleet
            )
        phone = Phone(process, user, server)
        self.phones.append(phone)
        if process.stdin is not None:
            process.stdin.write(json.dumps(first).encode() + b"\n")
        await phone.up()
        return phone
