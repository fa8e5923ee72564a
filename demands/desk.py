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
from calls.audit import Note
from calls.demand import ActionRefusedError, Authority, Demand, DemandState, DemandStep, StepKind, due, odd_dates
from calls.local_day import local_date
from calls.machine_clock import Reading
from calls.people import Action, People
from calls.phone_field import NotUnderstoodError, numbers_of, one_line
from config.places import Places
from config.visible_text import is_plain
from demands.case_file import CaseFile, hits_of, read_case, sounding
from demands.search_report import searched
from recordings.access.copies import copy
from recordings.naming import CopyKind
from recordings.vault.vault import Vault
from storage.demands import Register, known, now_ms_of
from storage.engine import Connection
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
        found = await self.hits(demand_id)
        files = tuple(hit.recording.file for hit in found if hit.recording is not None)
        step = DemandStep(StepKind.SEARCHED, 0, actor, files, json.dumps(counts(found), sort_keys=True))
        return Entered(await self._register.do(demand_id, step), list(found))

    async def of(self, demand_id: str) -> tuple[DemandState, tuple[DemandStep, ...]]:
        """Where a demand stands, and what was done about it."""
        return await self._register.of(demand_id)

    async def now(self, demand_id: str) -> tuple[DemandState, tuple[DemandStep, ...], int]:
        """The same, and the time that counts, in one read."""
        return await self._register.ask(lambda one, clock: (*known(one, demand_id), now_ms_of(one, clock)))

    async def all(self, *, only_open: bool) -> list[tuple[DemandState, tuple[DemandStep, ...]]]:
        """Every demand, or every open one."""
        return await self._register.all(only_open=only_open)

    async def now_ms(self) -> int:
        """The time that counts."""
        return await self._register.now_ms()

    async def case(self, demand_id: str) -> CaseFile:
        """All that there is of it, in one read."""
        return await self._register.ask(lambda connection, clock: read_case(connection, demand_id, self._zone, clock))

    async def hits(self, demand_id: str) -> tuple[FoundRecording, ...]:
        """What the ledger has of the demanded date and number, in one read."""
        return await self._register.ask(lambda connection, clock: self._hits(connection, demand_id, clock)[1])

    async def searched(self, state: DemandState, places: Places) -> dict[str, Any]:
        """Where was sought, and how complete each source is at this moment."""
        return await searched(self._ledger, places, date.fromisoformat(state.demand.day), self._zone)

    async def do(
        self, demand_id: str, kind: StepKind, actor: str, files: Sequence[str] = (), detail: str = "",
        choice: int | None = None,
    ) -> DemandState:  # fmt: skip
        """Select, approve, break the glass, pack, deliver or withdraw; `choice`: see `storage.demands.do`."""
        self.people.check(actor, kind, broke_glass=kind is StepKind.DELIVERED and await self._alone(demand_id, actor))
        if kind is StepKind.SELECTED:
            check_selected(*await self._register.ask(lambda one, clock: self._hits(one, demand_id, clock)), files)
        step = DemandStep(kind, 0, actor, tuple(files), _words(detail))
        return await self._register.do(demand_id, step, choice)

    async def deliver(self, demand_id: str, to: str, way: str, actor: str) -> DemandState:
        """Say that the package was handed over, to whom and how."""
        return await self.do(demand_id, StepKind.DELIVERED, actor, detail=handed_over(to, way))

    async def listen(self, demand_id: str, file: str, actor: str, reason: str, places: Places, folder: Path) -> Path:
        """Write a copy to listen to (Opus), once the audit log holds who and why."""
        path = _path_of(await self.hits(demand_id), file)
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
        await self._ledger.audit.note(Note(actor, "demand.fetched", demand_id, {"sha256": sha256}))

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

    def _hits(
        self, connection: Connection, demand_id: str, clock: Reading
    ) -> tuple[DemandState, tuple[FoundRecording, ...]]:
        state, _ = known(connection, demand_id)
        return state, hits_of(connection, state, self._zone, clock.wall_ms)


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


def check_selected(state: DemandState, hits: Sequence[FoundRecording], files: Sequence[str]) -> None:
    """Refuse to hand over what is not there: a talk without a recording is told in the protocol as a gap."""
    for hit in hits:
        made = hit.recording
        if made is not None and made.file in files and not made.path:
            raise ActionRefusedError(f"{made.file} has no sound ({made.status.value}): leave it out")
    if not files:
        check_understood(state)


def _path_of(hits: Sequence[FoundRecording], file: str) -> str:
    for _, made in sounding(hits):
        if made.file == file:
            return made.path
    raise ActionRefusedError(f"no audio of {file} in the archive")


def check_understood(state: DemandState) -> None:
    """Refuse to answer that there is nothing of a number that was never understood (entered before that was asked)."""
    try:
        numbers_of(state.demand.phone)
    except NotUnderstoodError as error:
        raise ActionRefusedError(f"{error}; enter the demand anew so, and withdraw {state.demand.id}") from error
