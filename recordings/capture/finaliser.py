"""Finishes recordings: from the raw file in the spool to the archive's FLAC and the ledger's row (rule 14)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import structlog

from calls.alarms import AlarmKind
from calls.ports import RecordingBook
from calls.recording import EndedTalk, Gap, Recording, RecordingStatus
from recordings.capture import silence, two_sides
from recordings.capture import spool as raw_files
from recordings.capture.gaps import UNEXPLAINED, as_it_was, gaps_of, lacks
from recordings.capture.quality import remarks
from recordings.capture.readiness import Step, adopted, next_step
from recordings.capture.spool import SpoolFile
from recordings.errors import ArchiveUnwritableError, KeysUnreadableError, ReceiptVoidError, StillWrittenError
from recordings.naming import file_of_talk, origin_of
from recordings.retries import Retries
from recordings.vault.archive import Archive
from recordings.vault.opening import Keys, no_keys
from recordings.vault.sidecar import Sidecar

log = structlog.get_logger(__name__)

ARCHIVE = "archive"
KEYS = "keys"
LEDGER = "ledger"
SPOOL = "spool"

T = TypeVar("T")

Alarm = Callable[[str, str], None]
"""Raises an alarm of a kind with a detail; may be called twice for the same thing."""


@dataclass(frozen=True, slots=True)
class Finished:
    """One row that was written: a recording in the archive, or the gap where one should be."""

    recording: Recording
    remarks: tuple[str, ...] = ()
    """See `recordings.capture.quality`."""


class Finaliser:
    """Looks after one spool. One at a time: a talk is encoded in a thread while the loop serves calls."""

    def __init__(
        self,
        spool: Path,
        archive: Path,
        book: RecordingBook,
        *,
        keys: Keys = no_keys,
        alarm: Alarm | None = None,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        all_over: bool = False,
    ) -> None:
        """`all_over`: no Asterisk runs, so that nothing needs to be waited for."""
        self._spool = spool
        self._archive = Archive(archive, keys)
        self._book = book
        self._alarm = alarm or _log_alarm
        self._now_ms = now_ms
        self._all_over = all_over
        self._complaints = Retries()
        self._keyless, self._told_keyless = "", False
        self._turn = asyncio.Lock()

    async def finish_ready(self) -> list[Finished]:
        """Finish everything that is ready; call it every second or so. Raises nothing but cancellation.

        What fails is logged once, keeps its raw file and is tried again ten seconds later.
        """
        finished: list[Finished] = []
        async with self._turn:
            if any(self._complaints.rests(what, self._now_ms()) for what in (ARCHIVE, SPOOL)):
                return finished
            try:
                with raw_files.alone(self._spool) as alone:
                    if alone and (talks := await self._attempt(LEDGER, self._talks)) is not None:
                        await self._finish(talks, finished)
                        self._complaints.cleared(ARCHIVE)
            except ArchiveUnwritableError as error:
                self._complaints.failed(ARCHIVE, error, self._now_ms())
            except OSError as error:
                self._complaints.failed(SPOOL, error, self._now_ms())
        return finished

    async def _talks(self) -> dict[str, EndedTalk]:
        talks: dict[str, EndedTalk] = {}
        for talk in await self._book.segments_to_finalise():
            try:
                talks[file_of_talk(talk)] = talk
            except ValueError as error:
                self._complaints.failed(talk.call, error, self._now_ms())
        return talks

    async def _finish(self, talks: dict[str, EndedTalk], finished: list[Finished]) -> None:
        receipts = {sidecar.recording.file: sidecar for sidecar in await _in_thread(self._archive.receipts)}
        for file, sidecar in receipts.items():
            await self._note(finished, file, partial(self._resume, sidecar, talks.get(file)))
        apart = await self._attempt(SPOOL, self._woven)
        found = await self._attempt(SPOOL, partial(_in_thread, partial(raw_files.look, self._spool)))
        if apart is None or found is None:
            return
        talks = _as_named(talks, found)
        for file in sorted((found.keys() | talks.keys()) - receipts.keys() - apart):
            await self._note(finished, file, partial(self._one, file, found.get(file), talks.get(file)))
        self._tell_of_keys(len(found))

    async def _woven(self) -> set[str]:
        """Talks whose two sides are still apart, after those that have ended were put together."""
        pairs = await _in_thread(lambda: two_sides.pairs(self._spool, self._now_ms()))
        for file in [file for file, ended in pairs.items() if ended]:
            if await self._attempt(file, partial(_in_thread, partial(two_sides.weave, self._spool, file))) is not None:
                del pairs[file]
        return set(pairs)

    async def _note(
        self, finished: list[Finished], file: str, work: Callable[[], Coroutine[None, None, Finished | None]]
    ) -> None:
        done = await self._attempt(file, work)
        if done is not None:
            finished.append(done)

    async def _attempt(self, subject: str, work: Callable[[], Coroutine[None, None, T]]) -> T | None:
        if self._complaints.rests(subject, self._now_ms()):
            return None
        try:
            result = await work()
        except ArchiveUnwritableError:
            raise
        except KeysUnreadableError as error:  # of all recordings alike: the others are not tried in vain
            self._complaints.failed(KEYS, error, self._now_ms())
            self._keyless = str(error)
            return None
        except (
            Exception
        ) as error:  # one bad file must not stop the others, and the ledger's errors are not ours to name
            self._complaints.failed(subject, error, self._now_ms())
            return None
        self._complaints.cleared(subject)
        return result

    def _tell_of_keys(self, waiting: int) -> None:
        """Raise an alarm, once, while recordings wait for their keys, and say when they wait no more."""
        if self._keyless and not self._told_keyless:
            self._alarm(AlarmKind.KEYS_AWAY, f"{self._keyless}; {waiting} recordings wait in the spool")
        elif self._told_keyless and not self._keyless:
            self._alarm(AlarmKind.KEYS_BACK, "recordings are finished again")
        self._told_keyless = bool(self._keyless)

    async def _one(self, file: str, found: SpoolFile | None, talk: EndedTalk | None) -> Finished | None:
        match next_step(found, talk, self._now_ms(), all_over=self._all_over):
            case Step.FINISH if talk is not None:
                return await self._keep(file, as_it_was(talk, found.changed_ms) if found else talk)
            case Step.ADOPT if found is not None:
                log.warning("a recording without a talk is adopted", file=file)
                return await self._keep(file, adopted(found), orphan=True)
            case Step.DISCARD:
                await _in_thread(lambda: raw_files.remove(self._spool, file))
            case Step.NOTE_EMPTY if talk is not None:
                return await self._note_gap(file, talk, RecordingStatus.EMPTY)
            case Step.NOTE_MISSING if talk is not None:
                return await self._note_gap(file, talk, RecordingStatus.MISSING)
        return None

    async def _keep(self, file: str, talk: EndedTalk, *, orphan: bool = False) -> Finished | None:
        if self._complaints.rests(KEYS, self._now_ms()):
            return None
        raw = raw_files.raw_path(self._spool, file)
        made_ms = self._now_ms()
        if talk.silent:
            put_ms = await _in_thread(lambda: silence.put_back(raw, talk))
            log.info("silence is put back", file=file, ms=put_ms)
        try:
            sidecar = await _in_thread(lambda: self._archive.enclose(raw, talk, made_ms, orphan=orphan))
        except StillWrittenError:
            return None
        self._complaints.cleared(KEYS)
        self._keyless = ""
        await _in_thread(lambda: self._archive.place(sidecar))
        return await self._enter(sidecar, None if orphan else talk)

    async def _resume(self, sidecar: Sidecar, talk: EndedTalk | None) -> Finished | None:
        """Go on where a kill left off; from the beginning when the receipt does not hold any more."""
        file = sidecar.recording.file
        raw_bytes = await _in_thread(lambda: raw_files.size_of(self._spool, file))
        try:
            if raw_bytes is not None and raw_bytes != sidecar.raw_bytes:
                raise ReceiptVoidError(f"{file} has grown since it was encoded")
            await _in_thread(lambda: self._archive.place(sidecar))
        except ReceiptVoidError as error:
            log.warning("a receipt is void", file=file, error=str(error), raw_is_there=raw_bytes is not None)
            if raw_bytes is None:
                self._alarm(AlarmKind.RECORDING_LOST, file)
            await _in_thread(lambda: self._archive.forget(file))
            return None
        return await self._enter(sidecar, talk)

    async def _enter(self, sidecar: Sidecar, talk: EndedTalk | None) -> Finished:
        """The row, and only then the end of the raw file; the receipt goes last."""
        recording = sidecar.recording
        if talk is not None:
            talk = replace(talk, ended_ms=sidecar.ended_ms, bridged_ms=recording.bridged_ms)
        gaps = await self._gaps(recording, talk)
        await self._book.add_recording(recording, gaps)
        await _in_thread(lambda: raw_files.remove(self._spool, recording.file))
        await _in_thread(lambda: self._archive.forget(recording.file))
        said = remarks(recording, sidecar.silent_sides)
        tell = log.warning if said else log.info
        tell("recording finished", file=recording.file, duration_ms=recording.duration_ms, remarks=said)
        return Finished(recording, said)

    async def _note_gap(self, file: str, talk: EndedTalk, status: RecordingStatus) -> Finished:
        origin = (talk.call, talk.seq, talk.offer)
        gap = Recording(*origin, file, status, self._now_ms(), bridged_ms=talk.bridged_ms)
        gaps = () if status is RecordingStatus.EMPTY else await self._gaps(gap, talk)
        await self._book.add_recording(gap, gaps)
        await _in_thread(lambda: raw_files.remove(self._spool, file))
        return Finished(gap)

    async def _gaps(self, recording: Recording, talk: EndedTalk | None) -> tuple[Gap, ...]:
        """What of the talk has no sound, and why; an alarm when nobody can say."""
        if talk is None or not (talk.lost or lacks(talk, recording.duration_ms)):
            return ()
        faults = await self._book.spool_faults(talk.began_ms, talk.ended_ms)
        gaps = gaps_of(talk, recording.duration_ms, faults)
        if any(gap.reason in UNEXPLAINED for gap in gaps):
            self._alarm(AlarmKind.RECORDING_SHORT if recording.path else AlarmKind.RECORDING_MISSING, recording.file)
        return gaps


def _as_named(talks: dict[str, EndedTalk], found: Iterable[str]) -> dict[str, EndedTalk]:
    """The talks by the names of their files: of one whose name the journal lost, the only file that it can be."""
    ours: dict[tuple[str, int, int], list[str]] = {}
    for file in found:
        if (origin := origin_of(file)) is not None:
            ours.setdefault((origin.call, origin.seq, origin.offer), []).append(file)
    named = {}
    for file, talk in talks.items():
        its = ours.get((talk.call, talk.seq, talk.offer), [])
        its = its if not talk.file and len(its) == 1 else [file]
        named[its[0]] = replace(talk, file=its[0])
    return named


async def _in_thread(work: Callable[[], T]) -> T:
    """Like `asyncio.to_thread`, but a cancelled caller waits for the thread, so that never two are at work."""
    running = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        while not running.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([running])
        running.exception()  # seen: nobody is there any more to be told
        raise


def _log_alarm(kind: str, detail: str) -> None:
    log.error("alarm", kind=kind, detail=detail)
