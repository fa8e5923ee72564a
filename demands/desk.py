"""Demands for recordings (rule 14): entered, searched at once, kept on time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from calls.alarms import AlarmKind
from calls.audit import Entry, Note
from calls.demand import ActionRefusedError, Authority, Demand, DemandState, DemandStep, StepKind, due, odd_dates
from calls.local_day import local_date
from calls.people import Action, People
from calls.phone_field import NotUnderstoodError, numbers_of, one_line
from config.places import Places
from config.visible_text import is_plain
from demands.search_report import searched
from recordings.access.copies import copy
from recordings.naming import CopyKind
from recordings.vault.vault import Vault
from storage.demands import Register
from storage.ledger import Ledger
from storage.recording_search import FoundRecording, counts

MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Entered:
    """A demand just entered: where it stands, and what the search found."""

    state: DemandState
    found: list[FoundRecording]


class DemandDesk:
    """What people and the clock do with demands. Raises ActionRefusedError and LedgerUnavailableError."""

    def __init__(self, register: Register, ledger: Ledger, zone: str, people: People | None = None) -> None:
        self.people = people or People()
        self._register = register
        self._ledger = ledger
        self._zone = zone

    async def enter(
        self, authority: Authority, letter: str, ground: str, day: date, phone: str, received_ms: int, clerk: str,
        scan_sha256: str | None = None, *, confirm_dates: bool = False,
    ) -> Entered:  # fmt: skip
        """Register a demand, and search at once. `confirm_dates`: they are right, though they look mistyped."""
        self.people.check(clerk, Action.ENTER)
        if day > local_date(received_ms, self._zone):
            raise ActionRefusedError(f"{day} was not yet when the demand was received: check the dates")
        wanted = Demand(
            id="",
            authority=authority,
            letter=_line(letter, "the letter's number"),
            ground=_line(ground, "the legal ground"),
            day=day.isoformat(),
            phone=_phone(phone),
            received_ms=received_ms,
            registered_ms=0,
            registered_by=clerk,
            scan_sha256=scan_sha256,
        )
        if not confirm_dates and (odd := odd_dates(day, received_ms, await self._register.now_ms(), self._zone)):
            raise ActionRefusedError(f"{odd}: mistyped? If it is right, confirm it: --confirm-dates, or confirm_dates")
        state = await self._register.enter(wanted, local_date(received_ms, self._zone).year)
        return await self.search(state.demand.id, clerk)

    async def search(self, demand_id: str, actor: str) -> Entered:
        """Search for what is demanded, and hold all that may be meant."""
        self.people.check(actor, StepKind.SEARCHED)
        state, _ = await self._register.of(demand_id)
        found = await self.found(state)
        files = tuple(hit.recording.file for hit in found if hit.recording is not None)
        step = DemandStep(StepKind.SEARCHED, 0, actor, files, json.dumps(counts(found), sort_keys=True))
        return Entered(await self._register.do(demand_id, step), found)

    async def of(self, demand_id: str) -> tuple[DemandState, tuple[DemandStep, ...]]:
        """Where a demand stands, and what was done about it."""
        return await self._register.of(demand_id)

    async def all(self, *, only_open: bool) -> list[tuple[DemandState, tuple[DemandStep, ...]]]:
        """Every demand, or every open one."""
        return await self._register.all(only_open=only_open)

    async def now_ms(self) -> int:
        """The time that counts."""
        return await self._register.now_ms()

    async def found(self, state: DemandState) -> list[FoundRecording]:
        """What the ledger has of the demanded date and number."""
        return await self._ledger.find_recordings(date.fromisoformat(state.demand.day), state.demand.phone, self._zone)

    async def identities(self, calls: Sequence[str]) -> dict[str, list[dict[str, str]]]:
        """What else these calls are tied to, by call: where it was told, its key, and as it was sent."""
        found = await self._ledger.identities_of(calls)
        return {
            call: [{"source": row.source, "key": row.key, "as_sent": row.raw} for row in rows]
            for call, rows in found.items()
        }

    async def searched(self, state: DemandState, places: Places) -> dict[str, Any]:
        """Where was sought, and how complete each source is at this moment."""
        return await searched(self._ledger, places, date.fromisoformat(state.demand.day), self._zone)

    async def proof(self, state: DemandState) -> list[Entry]:
        """The audit log's entries on the demand and on the recordings selected, in their order."""
        entries: dict[int, Entry] = {}
        for subject in (state.demand.id, *(state.selected or ())):
            entries |= {entry.seq: entry for entry in await self._register.audit_of(subject)}
        return [entries[seq] for seq in sorted(entries)]

    async def do(
        self, demand_id: str, kind: StepKind, actor: str, files: Sequence[str] = (), detail: str = "",
        choice: int | None = None,
    ) -> DemandState:  # fmt: skip
        """Select, approve, break the glass, pack, deliver or withdraw; `choice`: see `storage.demands.do`."""
        self.people.check(actor, kind, broke_glass=kind is StepKind.DELIVERED and await self._alone(demand_id, actor))
        if kind is StepKind.SELECTED:
            await self._have_sound(demand_id, files)
        if kind is StepKind.SELECTED and not files:
            check_understood((await self._register.of(demand_id))[0])
        step = DemandStep(kind, 0, actor, tuple(files), _words(detail))
        return await self._register.do(demand_id, step, choice)

    async def deliver(self, demand_id: str, to: str, way: str, actor: str) -> DemandState:
        """Say that the package was handed over, to whom and how."""
        return await self.do(demand_id, StepKind.DELIVERED, actor, detail=handed_over(to, way))

    async def listen(self, demand_id: str, file: str, actor: str, reason: str, places: Places, folder: Path) -> Path:
        """Write a copy to listen to (Opus), once the audit log holds who and why."""
        state, _ = await self._register.of(demand_id)
        path = await self._path_of(state, file)
        await self.note_listening(demand_id, file, actor, reason)
        target = folder / f"{file}.{CopyKind.OPUS}"
        await asyncio.to_thread(lambda: copy(Vault(places).recording(path), target, CopyKind.OPUS))
        return target

    async def note_listening(self, demand_id: str, file: str, actor: str, reason: str) -> None:
        """Enter that somebody hears what was found, before a byte of it leaves."""
        self.people.check(actor, StepKind.LISTENED)
        await self._register.do(demand_id, DemandStep(StepKind.LISTENED, 0, actor, (file,), _words(reason)))

    async def note_fetched(self, demand_id: str, actor: str, sha256: str) -> None:
        """Enter that somebody fetches the package, before a byte of it leaves."""
        self.people.check(actor, Action.FETCH)
        await self._ledger.note(Note(actor, "demand.fetched", demand_id, {"sha256": sha256}))

    async def keep_time(self, tell: Callable[[str, str], None]) -> None:
        """Tell what has come due of every open demand (promise 12); call it every few seconds."""
        now_ms = await self._register.now_ms()
        for state, _ in await self._register.all(only_open=True):
            for step in due(state, now_ms):
                await self._register.do(state.demand.id, step)
                tell(*alarm_of(state, step, now_ms))

    async def _alone(self, demand_id: str, actor: str) -> bool:
        """Whether they approved it alone, and nobody else since."""
        state, _ = await self._register.of(demand_id)
        return state.alone and state.approved_by == actor

    async def _have_sound(self, demand_id: str, files: Sequence[str]) -> None:
        """Refuse to hand over what is not there: a talk without a recording is told in the protocol as a gap."""
        state, _ = await self._register.of(demand_id)
        for hit in await self.found(state):
            if hit.recording is not None and hit.recording.file in files and not hit.recording.path:
                raise ActionRefusedError(
                    f"{hit.recording.file} has no sound ({hit.recording.status.value}): leave it out"
                )

    async def _path_of(self, state: DemandState, file: str) -> str:
        found = await self.found(state)
        for hit in found:
            if hit.recording is not None and hit.recording.file == file and hit.recording.path:
                return hit.recording.path
        raise ActionRefusedError(f"no audio of {file} in the archive")


def alarm_of(state: DemandState, step: DemandStep, now_ms: int) -> tuple[str, str]:
    """The alarm's kind and its words."""
    left = time_left(state.demand.deadline_ms - now_ms)
    if step.kind is StepKind.ESCALATED:
        return AlarmKind.DEMAND_NOT_APPROVED, f"{state.demand.id}: nobody has approved yet, {left}"
    missed = now_ms >= state.demand.deadline_ms
    return AlarmKind.DEMAND_MISSED if missed else AlarmKind.DEMAND_DUE, f"{state.demand.id}: {left}"


def time_left(left_ms: int) -> str:
    """`2 h 05 min left`, or how late it is."""
    hours, minutes = divmod(abs(left_ms) // MINUTE_MS, 60)
    return f"{hours} h {minutes:02} min {'left' if left_ms > 0 else 'late'}"


def _line(text: str, what: str) -> str:
    """One line that is not empty and of a length that a person writes."""
    line = " ".join(text.split())
    if not line or len(line) > 500 or not is_plain(line):
        raise ActionRefusedError(f"{what} is missing or no line of text")
    return line


def _words(text: str) -> str:
    """One line, maybe empty: without what no eye sees, which would hide in the signed protocol or on a terminal."""
    line = " ".join(text.split())
    if not is_plain(line):
        raise ActionRefusedError("what you say is no line of text: it holds marks that cannot be seen; type it anew")
    return line


def _phone(field: str) -> str:
    """The number or numbers as written, in one line, once each is understood."""
    try:
        numbers_of(field)
    except NotUnderstoodError as error:
        raise ActionRefusedError(str(error)) from error
    return _line(one_line(field), "the phone number")


def handed_over(to: str, way: str) -> str:
    """To whom a package was handed over, and how, as the protocol's step tells it. Raises ActionRefusedError."""
    return f"to {_line(to, 'who received it')}, by {_line(way, 'the way it went')}"


def check_understood(state: DemandState) -> None:
    """Refuse to answer that there is nothing of a number that was never understood (entered before that was asked)."""
    try:
        numbers_of(state.demand.phone)
    except NotUnderstoodError as error:
        raise ActionRefusedError(f"{error}; enter the demand anew so, and withdraw {state.demand.id}") from error
