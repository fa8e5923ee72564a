"""All that the ledger knows of one call, as values: one frozen row per table row, fields named as the columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from calls.recording import GapReason

ANSWERED: Final = "ANSWER"
CANCELLED: Final = "CANCEL"
"""DIALSTATUS of an offer that was taken up, and of one that ended because the caller left."""


@dataclass(frozen=True, slots=True)
class CallRow:
    """A caller at the hotline, from the INVITE to the end (rule 7)."""

    id: str
    node: str
    arrived_ms: int
    dialled: str | None = None
    caller_raw: str | None = None
    caller_name_raw: str | None = None
    caller_key: str | None = None
    language: str | None = None
    language_by: str | None = None
    language_ms: int | None = None
    group_first: str | None = None
    queued_ms: int | None = None
    answered_ms: int | None = None
    ended_ms: int | None = None
    result: str = "in_progress"
    callback_asked_ms: int | None = None
    callback_number: str | None = None
    callback_of: str | None = None
    callback_status: str | None = None
    callback_reached_ms: int | None = None
    lost: int = 0


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """One wait in a group and the talk that followed it."""

    call_id: str
    seq: int
    group_id: str | None = None
    language: str | None = None
    queued_via: str | None = None
    queued_ms: int | None = None
    rank_ms: int | None = None
    offer: int | None = None
    operator_id: str | None = None
    via: str | None = None
    answered_ms: int | None = None
    talking_ms: int | None = None
    bridged_ms: int | None = None
    notice_ms: int | None = None
    operator_left_ms: int | None = None
    transferred_ms: int | None = None
    transfer_kind: str | None = None
    transfer_to: str | None = None
    wanted: str | None = None
    also: str | None = None
    ended_ms: int | None = None
    ended_by: str | None = None


@dataclass(frozen=True, slots=True)
class OfferRow:
    """One ringing of an operator's phone, or of the safety net's queue (then the operator is known at the answer)."""

    call_id: str
    seq: int
    offer: int
    operator_id: str | None = None
    via: str | None = None
    file: str | None = None
    offered_ms: int | None = None
    ended_ms: int | None = None
    status: str | None = None


@dataclass(frozen=True, slots=True)
class LineRow:
    """A channel of an operator in the call; `seq` and `offer` are known once the talk has begun."""

    call_id: str
    uniqueid: str
    operator_id: str
    answered_ms: int | None = None
    talking_ms: int | None = None
    hung_up_ms: int | None = None
    seq: int | None = None
    offer: int | None = None


@dataclass(frozen=True, slots=True)
class BridgeRow:
    """A stretch of time the caller was connected to somebody."""

    call_id: str
    entered_ms: int
    left_ms: int | None = None


@dataclass(frozen=True, slots=True)
class RatingRow:
    """What became of an offer to rate the operator (rule 13); a score only when it was given."""

    call_id: str
    seq: int
    operator_id: str
    offered_ms: int | None = None
    rated_ms: int | None = None
    outcome: str | None = None
    score: int | None = None


@dataclass(frozen=True, slots=True)
class GapRow:
    """A stretch of a talk without a recording; see `calls.recording.Gap`."""

    call_id: str
    seq: int
    from_ms: int
    to_ms: int | None = None
    reason: str = GapReason.UNKNOWN.value
    by: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class IdentityRow:
    """Another number or name that a call is tied to; see `calls.identity`."""

    call_id: str
    source: str
    key: str
    raw: str
    arrived_ms: int


Row = CallRow | SegmentRow | OfferRow | LineRow | BridgeRow | RatingRow | GapRow | IdentityRow


@dataclass(frozen=True, slots=True)
class CallRecord:
    """A call with everything that hangs on it, each part by its key within the call."""

    call: CallRow
    segments: Mapping[int, SegmentRow] = field(default_factory=dict)
    offers: Mapping[tuple[int, int], OfferRow] = field(default_factory=dict)
    lines: Mapping[str, LineRow] = field(default_factory=dict)
    bridges: Mapping[int, BridgeRow] = field(default_factory=dict)
    ratings: Mapping[tuple[int, str], RatingRow] = field(default_factory=dict)
    gaps: Mapping[tuple[int, int], GapRow] = field(default_factory=dict)
    identities: Mapping[tuple[str, str], IdentityRow] = field(default_factory=dict)
    """By source and key."""


def talked(record: CallRecord) -> tuple[str, ...]:
    """The operators who talked in the call, in that order, each once."""
    return talked_in(
        (segment.operator_id, segment.also)
        for _, segment in sorted(record.segments.items())
        if segment.answered_ms is not None
    )


def talked_in(segments: Iterable[tuple[str | None, str | None]]) -> tuple[str, ...]:
    """The same of answered segments' `operator_id` and `also`."""
    return tuple(
        dict.fromkeys(operator for main, also in segments for operator in (main, *(also or "").split(",")) if operator)
    )


def unheard(call_id: str, at_ms: int) -> CallRecord:
    """The record of a call whose arrival has not been read (its line was damaged, or is still to come).

    The arrival is the second in the call id, which Asterisk took from the clock; failing that, `at_ms`.
    """
    node, _, rest = call_id.rpartition("-")
    seconds = rest.partition(".")[0]
    known = seconds.isascii() and seconds.isdigit() and len(seconds) <= 11
    return CallRecord(CallRow(id=call_id, node=node, arrived_ms=int(seconds) * 1000 if known else at_ms))
