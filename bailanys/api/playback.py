"""Recordings heard over the HTTP API: no byte before the audit log holds who hears it and why (rule 14)."""

from __future__ import annotations

import asyncio
import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from io import BytesIO
from typing import TypeVar

from bailanys.api.audit_once import AuditOnce
from bailanys.api.errors import translated
from calls.audit import Note
from calls.people import Action
from calls.recording import Recording
from config.places import Places
from console.errors import NoSoundError, UnfitError, UnknownRecordingError
from console.operations.recordings import ListenQuery
from console.stream import Stream
from demands.desk import DemandDesk
from recordings.access.playback import MEDIA, Plain, Playable, opus_of, playable
from recordings.naming import CopyKind, origin_of
from recordings.vault.vault import Vault
from storage.ledger import Ledger

T = TypeVar("T")

KEPT_BYTES = 48 << 20
"""Of Opus copies in memory: hours of talk."""
NICE = 10


class Hearing:
    """The controller's side of `console.ports.Listening`."""

    def __init__(self, ledger: Ledger, places: Places, desk: DemandDesk) -> None:
        self._ledger = ledger
        self._places = places
        self._desk = desk
        self._once = AuditOnce()
        self._opus: OrderedDict[str, asyncio.Future[bytes]] = OrderedDict()
        self._threads = ThreadPoolExecutor(2, "hearing", initializer=_step_back)

    async def recording(self, file: str, asked: ListenQuery, by: str) -> Stream:
        """A recording's sound. Raises what `console.ports.Listening` says."""
        if not (reason := " ".join(asked.reason.split())):
            raise UnfitError("reason: say why you listen")
        made = await self._made(file)
        if not made.path:
            raise NoSoundError(f"{file} has no sound: {made.status.value}")
        key = (by, made.file, asked.format, asked.demand or "", reason)
        await self._once.do(key, lambda: translated(self._note(made, asked, by, reason)))
        kind = CopyKind(asked.format)
        source = await translated(self._opened(made, kind))
        return Stream(
            media=MEDIA[kind],
            name=f"{file}.{kind}",
            size=source.size,
            tag=f"{made.sha256[:32]}-{kind}",
            read=lambda at, most: self._in_thread(partial(source.read, at, most)),
            close=lambda: self._in_thread(source.close),
        )

    async def _made(self, file: str) -> Recording:
        made = await translated(self._ledger.recordings.named(file)) if origin_of(file) else None
        if made is None:
            raise UnknownRecordingError(f"no recording {file}; it may not be finished yet")
        return made

    async def _note(self, made: Recording, asked: ListenQuery, by: str, reason: str) -> None:
        """Durable when it returns."""
        who = self._desk.people.with_token(by)
        if asked.demand:
            await self._desk.note_listening(asked.demand, made.file, who, reason)
        else:
            detail = {"format": asked.format, "sha256": made.sha256, "reason": reason}
            self._desk.people.check(who, Action.HEAR)
            await self._ledger.audit.note(Note(who, "recording.listened", made.file, detail))

    async def _opened(self, made: Recording, kind: CopyKind) -> Playable:
        if kind is CopyKind.OPUS:
            return Plain(BytesIO(await self._opus_of(made)))
        return await self._in_thread(lambda: playable(Vault(self._places).recording(made.path), kind))

    async def _opus_of(self, made: Recording) -> bytes:
        """Made once for all who ask meanwhile, and kept for a while."""
        at_work = self._opus.get(made.sha256)
        if at_work is None:
            at_work = asyncio.ensure_future(self._in_thread(lambda: opus_of(Vault(self._places).recording(made.path))))
            self._opus[made.sha256] = at_work
            at_work.add_done_callback(partial(self._keep, made.sha256))
        return await asyncio.shield(at_work)

    def _keep(self, sha256: str, done: asyncio.Future[bytes]) -> None:
        if done.cancelled() or done.exception() is not None:
            del self._opus[sha256]
            return
        sizes = {one: len(made.result()) for one, made in self._opus.items() if made.done()}
        for one in list(sizes)[:-1]:
            if sum(sizes.values()) > KEPT_BYTES:
                sizes.pop(one)
                del self._opus[one]

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _step_back() -> None:
    """The calls first: on Linux a thread has a priority of its own."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
