"""A run of journal lines folded over what is known: what the ledger must then hold. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from calls.alarms import spelt
from calls.audit import Note
from calls.journal import Entry, Fact
from calls.ratings import ImpossibleRatingError, TakeRating
from calls.recording import GapReason
from storage.journal.derive import settled
from storage.journal.facts import rating_told, with_event, with_fact, with_score
from storage.journal.operator_states import StateRow, state_of
from storage.record import CallRecord, unheard


@dataclass(frozen=True, slots=True)
class Folded:
    """What a run of lines adds up to."""

    records: dict[str, CallRecord] = field(default_factory=dict)
    """Calls that were touched, as they now are."""
    steps: list[dict[str, str | int]] = field(default_factory=list)
    alarms: list[dict[str, str | int]] = field(default_factory=list)
    states: list[StateRow] = field(default_factory=list)
    notes: list[tuple[int, Note]] = field(default_factory=list)
    """For the audit log: what supervisors changed, and when."""
    impossible: list[tuple[int, str]] = field(default_factory=list)
    """Ratings that no caller can have given: when, and why not. They are in no record."""


def call_ids(entries: Iterable[Entry]) -> set[str]:
    """The calls that these lines are about."""
    return {entry.call for entry in entries if entry.call}


def fold(entries: Iterable[Entry], known: Mapping[str, CallRecord], take: TakeRating) -> Folded:
    """What the lines make of the calls in `known`. `take` says what a rating is worth.

    CEL's own events of a call that is not known (an operator dialling a feature code) are passed over; one of our
    facts begins a record for it, so that nothing is lost with a damaged line of the arrival.
    """
    folded = Folded()
    records = folded.records
    for entry in entries:
        if entry.ours and entry.name == Fact.PRESENCE:
            state = state_of(entry)
            if state is not None:
                folded.states.append(state)
        elif entry.ours and entry.name == Fact.CHANGED:
            folded.notes.append((entry.at_ms, _note(entry)))
        elif entry.ours and entry.name == Fact.ALARM:
            folded.alarms.append(_alarm(entry))
        elif call_id := entry.call:
            record = records.get(call_id) or known.get(call_id)
            if not entry.ours:
                if record is not None:
                    records[call_id] = with_event(record, entry)
            elif entry.name in _CALL_FACTS:
                if record is None and entry.name in _NOT_ALONE:
                    continue
                record = record or unheard(call_id, entry.at_ms)
                try:
                    records[call_id] = _with(record, entry, take)
                except ImpossibleRatingError as error:
                    folded.impossible.append((entry.at_ms, f"call {call_id}: {error}"))
                if entry.name in (Fact.STEP, Fact.RETURNED, Fact.LEFT):
                    folded.steps.append(_step(entry))
                if entry.name == Fact.GAP and (note := _pause(records[call_id], entry)):
                    folded.notes.append((entry.at_ms, note))
    for call_id, record in records.items():
        if record is not known.get(call_id):
            records[call_id] = settled(record)
    return folded


def _with(record: CallRecord, entry: Entry, take: TakeRating) -> CallRecord:
    """The record after a fact. Raises ImpossibleRatingError."""
    told = rating_told(record, entry)
    score = None if told is None else take(told)
    return with_fact(record, entry) if score is None else with_score(record, entry, score)


_CALL_FACTS = frozenset(fact.value for fact in Fact) - {Fact.PRESENCE, Fact.ALARM, Fact.TARGET, Fact.CHANGED}


_NOT_ALONE = frozenset({Fact.STEP.value, Fact.LANGUAGE.value})
"""What the menu says to whoever is there makes nobody a caller: an operator's own channel may be put into its place."""


_DETAILS = ("detail", "operator", "seq")
"""What says more of a step, the first that is told."""


def _step(entry: Entry) -> dict[str, str | int]:
    return {
        "call_id": entry.linkedid,
        "at_ms": entry.at_ms,
        "step": entry.fields.name("step") or entry.name,
        "detail": entry.fields.text(next((key for key in _DETAILS if entry.fields.get(key)), ""), 200) or "",
    }


def _pause(record: CallRecord, entry: Entry) -> Note | None:
    """For the audit log: a person paused a recording, or it went on; None for any other gap."""
    told = entry.fields
    if told.get("reason") != GapReason.PAUSED:
        return None
    by, detail = (told.name(key) or "" for key in ("by", "detail"))
    seq, offer, from_ms = (told.whole(key) for key in ("seq", "offer", "from_ms"))
    made = record.offers.get((seq, offer)) if seq is not None and offer is not None else None
    file = made.file if made is not None and made.file else f"{record.call.id}-{seq}-{offer}"
    if "to_ms" not in told:
        return Note(by, "recording.paused", file, {"reason": detail, "from_ms": from_ms})
    ended_by = told.name("ended_by") or "unknown"
    facts: dict[str, str | int | None] = {"from_ms": from_ms, "to_ms": told.whole("to_ms"), "ended_by": ended_by}
    return Note(by if ended_by in ("time", "talk") else ended_by, "recording.resumed", file, facts)


def _note(entry: Entry) -> Note:
    kind, subject, by = (entry.fields.name(key) or "unknown" for key in ("kind", "subject", "by"))
    told = {key: entry.fields.text(key, 500) or "" for key in ("before", "after")}
    return Note(by, kind, subject, told)


def _alarm(entry: Entry) -> dict[str, str | int]:
    kind = spelt(entry.fields.name("kind") or "unknown")
    return {"at_ms": entry.at_ms, "kind": kind, "detail": entry.fields.text("detail", 500) or ""}
