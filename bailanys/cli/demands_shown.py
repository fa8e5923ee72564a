"""Demands as the command line shows them: tables that fit a screen for people, everything for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from bailanys.cli.context import say, show
from bailanys.cli.listing import text_of
from bailanys.cli.recordings_shown import show_hits
from calls.demand import DemandState, DemandStep, StepKind
from calls.local_day import local_time
from demands.desk import time_left
from recordings.access.hits import row_of_demand
from storage.recording_search import FoundRecording


def show_list(
    known: Sequence[tuple[DemandState, Sequence[DemandStep]]], now_ms: int, zone: str, *, as_json: bool, wide: bool
) -> None:
    """Every demand on a line."""
    if as_json:
        show([for_program(state, steps, now_ms) for state, steps in known], as_json=True)
    else:
        rows = [_line(state, now_ms, zone) for state, _ in known]
        show(rows, as_json=False, title="Demands", empty="No demand is open.", wide=wide)


def show_one(
    state: DemandState,
    steps: Sequence[DemandStep],
    found: Sequence[FoundRecording],
    now_ms: int,
    zone: str,
    *,
    as_json: bool,
) -> None:
    """One demand, what was found for it, and everything that was done."""
    if as_json:
        show([for_program(state, steps, now_ms)], as_json=True)
        return
    facts = [{"what": name.replace("_", " "), "is": value} for name, value in _facts(state, now_ms, zone).items()]
    show([fact for fact in facts if text_of(fact["is"])], as_json=False, title=state.demand.id)
    say("")
    show_hits(found, zone, state.selected)
    if found:
        say("")
    done = [_step(step, zone) for step in steps]
    show(done, as_json=False, title="What was done", empty="Nothing yet.")


def show_found(state: DemandState, found: Sequence[FoundRecording], zone: str, *, as_json: bool) -> None:
    """What a search has just found."""
    if as_json:
        rows = [row_of_demand(hit) for hit in found]
        show([{"demand": state.demand.id, "deadline_ms": state.demand.deadline_ms, "found": rows}], as_json=True)
    elif found:
        show_hits(found, zone)
    else:
        say(f"No talk found on {state.demand.day} of {state.demand.phone}: `select --none` answers so.")


def for_program(state: DemandState, steps: Sequence[DemandStep], now_ms: int) -> dict[str, Any]:
    """All that is known of a demand: what the API tells, and the clock and what is to be done in words."""
    from bailanys.api.demands import demand_now

    told = demand_now(state, steps, now_ms).model_dump(mode="json")
    return told | {"clock": clock(state, now_ms), "stands": stands(state)}


def clock(state: DemandState, now_ms: int) -> str:
    """The time that is left, or was."""
    return time_left(state.demand.deadline_ms - (state.closed_ms or now_ms))


def _facts(state: DemandState, now_ms: int, zone: str) -> dict[str, Any]:
    """All that is known of a demand, for a person."""
    demand = state.demand
    return {
        "demand": demand.id,
        "authority": demand.authority.value,
        "letter": demand.letter,
        "ground": demand.ground,
        "date": demand.day,
        "phone": demand.phone,
        "received": f"{local_time(demand.received_ms, zone):%Y-%m-%d %H:%M}",
        "deadline": f"{local_time(demand.deadline_ms, zone):%Y-%m-%d %H:%M}",
        "clock": clock(state, now_ms),
        "stands": stands(state),
        "found": len(state.found),
        "selected": None if state.selected is None else len(state.selected),
        "selected_by": state.selected_by or None,
        "approved_by": (state.approved_by and state.approved_by + (", alone" if state.alone else "")) or None,
        "package_sha256": state.package_sha256 or None,
        "in_time": state.in_time,
    }


def stands(state: DemandState) -> str:
    """What has to be done next, or how it ended."""
    if state.closed_ms is not None:
        return "withdrawn" if state.withdrawn else "delivered"
    if state.package_sha256:
        return "to be delivered"
    if state.approved_by:
        return "to be packed"
    return "to be selected" if state.selected is None else "to be approved"


def _line(state: DemandState, now_ms: int, zone: str) -> dict[str, Any]:
    demand = state.demand
    chosen = "–" if state.selected is None else str(len(state.selected))
    return {
        "demand": demand.id,
        "clock": clock(state, now_ms),
        "stands": stands(state),
        "deadline": f"{local_time(demand.deadline_ms, zone):%m-%d %H:%M}",
        "letter": demand.letter,
        "talk": f"{demand.day} {demand.phone}",
        "chosen": f"{chosen} of {len(state.found)}",
    }


def _step(step: DemandStep, zone: str) -> dict[str, Any]:
    return {
        "at": f"{local_time(step.at_ms, zone):%Y-%m-%d %H:%M:%S}",
        "who": step.actor,
        "what": step.kind.value,
        "files": len(step.files) or None,
        "said": _said(step),
    }


def _said(step: DemandStep) -> str | None:
    """The detail in words, where it is kept for programs."""
    match step.kind:
        case StepKind.SEARCHED:
            counts: dict[str, int] = json.loads(step.detail or "{}")
            return (
                ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items() if count) or "nothing"
            )
        case StepKind.ALERTED:
            hours, minutes = divmod(int(step.detail) // 60_000, 60)
            return f"{hours} h {minutes:02} min after the receipt"
        case _:
            return step.detail or None
