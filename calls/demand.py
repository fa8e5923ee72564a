"""A demand for the recording of a talk: four hours from receipt to delivery, wall clock, day and night (rule 14).

Pure: what was registered and what was done about it (`DemandStep`s, in their order) give the state; what may be done
next, and which alerts are due, follow from the state and the time. Instants are UTC epoch ms.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from calls.local_day import local_date, local_time
from calls.machine_clock import Reading
from config.visible_text import looks

HOUR_MS = 3_600_000
TERM_MS = 4 * HOUR_MS
"""Rule 14."""
ESCALATE_MS = 2 * HOUR_MS
"""Without an approval after so long, whoever is in charge is told."""
BREAK_GLASS_MS = 3 * HOUR_MS
"""From then on one person may approve alone, in writing: two pairs of eyes must never cause a miss."""
CLOCK_WRONG_MS = 24 * HOUR_MS
ENTERED_LATE_MS = 24 * HOUR_MS
"""A letter entered later than that after its receipt has missed its term six times: most probably a typing error."""
LONG_AGO_DAYS = 365
"""A talk so many days before the receipt is asked for rarely, and a year is mistyped often."""
ALERTS_MS = (0, HOUR_MS, 2 * HOUR_MS, 3 * HOUR_MS, 3 * HOUR_MS + HOUR_MS // 2, TERM_MS)
"""After the receipt; the last one is the miss itself."""


class Also(StrEnum):
    """What a package holds beside the WAV of each recording, for an authority that asks for it."""

    MP3 = "mp3"


class Authority(StrEnum):
    """The two authorised bodies: of informatisation, and of the quality of public services."""

    INFORMATISATION = "informatisation"
    SERVICE_QUALITY = "service-quality"


class StepKind(StrEnum):
    """What can be done about a demand."""

    SEARCHED = "searched"
    SELECTED = "selected"  # the recordings that are meant, or none of them
    LISTENED = "listened"
    APPROVED = "approved"
    BROKE_GLASS = "broke-glass"  # approved by one person alone, in the fourth hour
    ALERTED = "alerted"
    ESCALATED = "escalated"
    PACKAGED = "packaged"
    DELIVERED = "delivered"
    WITHDRAWN = "withdrawn"  # by the authority itself, in writing


CLOSING = (StepKind.DELIVERED, StepKind.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class Demand:
    """What came in, as it was written."""

    id: str
    authority: Authority
    letter: str
    """Number and date of the letter."""
    ground: str
    day: str
    """The local date of the talk, `2026-11-20`."""
    phone: str
    received_ms: int
    """As the clerk entered it: the term runs from here."""
    registered_ms: int
    """When it was entered, by our own clock."""
    registered_by: str
    scan_sha256: str | None = None

    @property
    def deadline_ms(self) -> int:
        """The instant by which the recording has to be handed over."""
        return self.received_ms + TERM_MS


@dataclass(frozen=True, slots=True)
class DemandStep:
    """Something that was done. `files` are the recordings it is about, `detail` what else there is to say of it."""

    kind: StepKind
    at_ms: int
    actor: str
    files: tuple[str, ...] = ()
    detail: str = ""


@dataclass(frozen=True, slots=True)
class DemandState:
    """Where a demand stands."""

    demand: Demand
    found: tuple[str, ...] = ()
    selected: tuple[str, ...] | None = None
    """None while nobody has decided; empty when none is meant."""
    selected_by: str = ""
    approved_by: str = ""
    alone: bool = False
    """Whether the approval was a breaking of the glass."""
    package_sha256: str = ""
    alerted: frozenset[int] = frozenset()
    """Of `ALERTS_MS`, those that were told."""
    escalated: bool = False
    closed_ms: int | None = None
    withdrawn: bool = False

    @property
    def in_time(self) -> bool | None:
        """Whether it was handed over within the term; None while open or when it was withdrawn."""
        if self.closed_ms is None or self.withdrawn:
            return None
        return self.closed_ms <= self.demand.deadline_ms


class ActionRefusedError(Exception):
    """What is wanted may not be done now; the text says why and what to do instead."""

    error_id = "refused"
    retryable = False


class NoSuchDemandError(ActionRefusedError):
    """Nobody has registered it."""


def state_of(demand: Demand, steps: Iterable[DemandStep]) -> DemandState:
    """Fold the steps, in their order, into the state."""
    state = DemandState(demand)
    for step in steps:
        state = after(state, step)
    return state


def after(state: DemandState, step: DemandStep) -> DemandState:
    """The state once a step has been done."""
    match step.kind:
        case StepKind.SEARCHED:
            return replace(state, found=tuple(dict.fromkeys((*state.found, *step.files))))
        case StepKind.SELECTED:  # what was approved and packed was another choice
            return replace(
                state, selected=step.files, selected_by=step.actor, approved_by="", alone=False, package_sha256=""
            )
        case StepKind.APPROVED | StepKind.BROKE_GLASS:
            return replace(state, approved_by=step.actor, alone=step.kind is StepKind.BROKE_GLASS)
        case StepKind.PACKAGED:
            return replace(state, package_sha256=step.detail)
        case StepKind.ALERTED:
            return replace(state, alerted=state.alerted | {int(step.detail)})
        case StepKind.ESCALATED:
            return replace(state, escalated=True)
        case StepKind.DELIVERED:
            return replace(state, closed_ms=step.at_ms)
        case StepKind.WITHDRAWN:
            return replace(state, closed_ms=step.at_ms, withdrawn=True)
        case StepKind.LISTENED:
            return state


def choice_of(steps: Iterable[DemandStep]) -> int:
    """Which choice this is: it changes with every selection and approval, also when the same is chosen again."""
    return sum(step.kind in (StepKind.SELECTED, StepKind.APPROVED, StepKind.BROKE_GLASS) for step in steps)


def check(state: DemandState, step: DemandStep) -> None:
    """Raise ActionRefusedError when a step may not be done in this state, by this person, at this time."""
    if state.closed_ms is not None:
        refuse(f"{state.demand.id} is closed: it was {'withdrawn' if state.withdrawn else 'delivered'}")
    match step.kind:
        case StepKind.SELECTED:
            if unknown := sorted(set(step.files) - set(state.found)):
                refuse(f"not among what was found for {state.demand.id}: {', '.join(unknown)}; search again")
        case StepKind.LISTENED:
            if not step.detail.strip():
                refuse("say why you listen")
            if unknown := sorted(set(step.files) - set(state.found)):
                refuse(f"not among what was found for {state.demand.id}: {', '.join(unknown)}")
        case StepKind.APPROVED:
            if state.selected is None:
                refuse("nothing is selected yet: there is nothing to approve")
            if looks(step.actor) == looks(state.selected_by):  # no second person by a name typed in another way
                refuse(f"{step.actor} has selected: another person approves (alone only from the fourth hour on)")
        case StepKind.BROKE_GLASS:
            if state.selected is None:
                refuse("nothing is selected yet: there is nothing to approve")
            if step.at_ms < state.demand.received_ms + BREAK_GLASS_MS:
                refuse("the fourth hour has not begun: another person approves")
            if not step.detail.strip():
                refuse("say why nobody else can approve")
        case StepKind.PACKAGED:
            if not state.approved_by:
                refuse("not approved yet")
        case StepKind.DELIVERED:
            if not state.package_sha256:
                refuse("there is no package of the approved choice yet")
            if not step.detail.strip():
                refuse("say to whom and how it was handed over")
        case StepKind.WITHDRAWN:
            if not step.detail.strip():
                refuse("say by which letter it was withdrawn")
        case _:
            pass


def odd_dates(day: date, received_ms: int, now_ms: int, zone: str) -> str:
    """What looks like a typing error in the dates of a demand, in words for the clerk; empty when nothing does.

    A receipt in the future is none: the register refuses it.
    """
    odd = []
    if received_ms > now_ms:
        return ""
    if (late_ms := now_ms - received_ms) > ENTERED_LATE_MS:
        hours = late_ms // HOUR_MS
        ago = f"{hours} hours" if hours < 72 else f"{hours // 24} days"
        odd.append(f"a receipt at {local_time(received_ms, zone):%Y-%m-%d %H:%M}, {ago} ago")
    if (days := (local_date(received_ms, zone) - day).days) > LONG_AGO_DAYS:
        odd.append(f"a talk of {day}, {days} days before the receipt")
    return " and ".join(odd)


def due(state: DemandState, now_ms: int) -> list[DemandStep]:
    """Alerts and the escalation whose time has come and that were not told yet, the oldest first.

    What came due while nobody was running is told at once: a restart misses none.
    """
    if state.closed_ms is not None:
        return []
    since_ms = now_ms - state.demand.received_ms
    alerts = [
        DemandStep(StepKind.ALERTED, now_ms, "clock", detail=str(mark))
        for mark in ALERTS_MS
        if mark <= since_ms and mark not in state.alerted
    ]
    if since_ms >= ESCALATE_MS and not state.approved_by and not state.escalated:
        alerts.append(DemandStep(StepKind.ESCALATED, now_ms, "clock"))
    return alerts


def next_due_ms(state: DemandState) -> int | None:
    """The instant of the next alert or escalation; None when there is none to come."""
    if state.closed_ms is not None:
        return None
    marks = [mark for mark in ALERTS_MS if mark not in state.alerted]
    if not state.approved_by and not state.escalated:
        marks.append(ESCALATE_MS)
    return state.demand.received_ms + min(marks) if marks else None


def honest_now_ms(now: Reading, last_written_ms: int, first: Reading | None) -> int:
    """The time that counts: a clock that is set back wins no time.

    `first` is what was written first since the machine's start: from there on the time since that start tells, and a
    clock that was ahead and was mended loses none. Without it, what was written last was before. When either is over a
    day ahead, the clock was wrong then and was mended since.
    """
    known_ms = last_written_ms if first is None else first.wall_ms + now.up_ms - first.up_ms
    return now.wall_ms if known_ms - now.wall_ms > CLOCK_WRONG_MS else max(now.wall_ms, known_ms)


def refuse(why: str) -> None:
    """Raise ActionRefusedError."""
    raise ActionRefusedError(why)
