"""One call's story as the API tells it; the fields are the ledger's.

The score of a rating is left out: a caller's number is never shown beside it, and the story holds the number.
"""

from __future__ import annotations

from pydantic import Field

from console.answers import Answer


class CallFacts(Answer):
    """The call as a whole."""

    id: str
    node: str
    arrived_ms: int
    dialled: str | None
    caller_key: str | None = Field(description="The caller's number, E.164 where it is one.")
    language: str | None
    group_first: str | None
    queued_ms: int | None
    answered_ms: int | None
    ended_ms: int | None
    result: str


class IdentityFacts(Answer):
    """Another number or name by which the call is found (as a possible hit)."""

    source: str = Field(
        description="`asserted`, `remote-party`, `from`, `number`, `preferred`, `diversion`, `history` or `callback`."
    )
    key: str = Field(description="E.164 where it is a number.")
    raw: str = Field(description="As it was sent.")


class SegmentFacts(Answer):
    """One wait in a group and the talk that followed it."""

    seq: int
    group_id: str | None
    language: str | None
    queued_via: str | None
    queued_ms: int | None
    operator_id: str | None
    answered_ms: int | None
    talking_ms: int | None
    notice_ms: int | None
    transferred_ms: int | None
    transfer_kind: str | None
    transfer_to: str | None
    wanted: str | None = Field(description="The operator who was named in the transfer.")
    also: str | None = Field(description="Operators who talked beside `operator_id`, by commas (three-way).")
    ended_ms: int | None
    ended_by: str | None


class OfferFacts(Answer):
    """One ringing of an operator's phone."""

    seq: int
    offer: int
    operator_id: str | None
    offered_ms: int | None
    ended_ms: int | None
    status: str | None


class RatingFacts(Answer):
    """What became of an offer to rate (rule 13)."""

    seq: int
    operator_id: str
    offered_ms: int | None
    outcome: str | None
    others: tuple[str, ...] = Field(default=(), description="Operators who talked in the same call before.")


class StepFacts(Answer):
    """Something that happened in the menu."""

    at_ms: int
    step: str
    detail: str


class RecordingFacts(Answer):
    """The recording of one talk (rule 14)."""

    seq: int
    offer: int
    status: str
    path: str = Field(description="Of the FLAC, relative to the archive; empty when there is none.")
    duration_ms: int
    bridged_ms: int | None = Field(default=None, description="How long the two were connected.")
    bytes: int
    sha256: str
    caller_dbfs: float | None = Field(default=None, description="Level where the side is heard; a full sine is 0.")
    operator_dbfs: float | None = None
    caller_active_ms: int | None = Field(default=None, description="How long the side is heard; the rest is silence.")
    operator_active_ms: int | None = None
    caller_clipped_ms: int | None = Field(default=None, description="How long the side ran into full scale.")
    operator_clipped_ms: int | None = None


class GapFacts(Answer):
    """A stretch of a talk without a recording."""

    seq: int
    from_ms: int
    to_ms: int | None = Field(description="None while it lasts.")
    reason: str = Field(description="`paused`, `disk-full`, `disk-unwritable`, `no-sound`, `asterisk-died`, `unknown`.")
    by: str = Field(description="Who made it, of a gap that a person made.")
    detail: str = Field(default="", description="Why, in that person's words.")


class Story(Answer):
    """Everything the ledger knows of one call."""

    call: CallFacts
    segments: tuple[SegmentFacts, ...]
    offers: tuple[OfferFacts, ...]
    ratings: tuple[RatingFacts, ...]
    steps: tuple[StepFacts, ...]
    recordings: tuple[RecordingFacts, ...]
    gaps: tuple[GapFacts, ...] = ()
    identities: tuple[IdentityFacts, ...] = ()
