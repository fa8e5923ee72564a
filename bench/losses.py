"""What the phones saw against what the ledger and the archive hold: every difference is a loss."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from bench.crowd import ANNOUNCED_S, Talk, Visit
from calls.recording import Recording, RecordingStatus
from recordings.errors import RecordingError
from recordings.vault.opening import plain_sha256
from storage.ledger import CallStory

Opened = Callable[[str], BinaryIO]
"""Opens a recording by its path in the archive."""

HEARD_DBFS = -40.0
"""Both sides talk in a full tone."""
LENGTH_S = 1.0
ANSWER_MS = 500
"""The phone's clock and the journal's are the same one; the way takes milliseconds."""


@dataclass
class Losses:
    """Callers' numbers, each with what is wrong."""

    calls: dict[str, str] = field(default_factory=dict)
    recordings: dict[str, str] = field(default_factory=dict)
    ratings: dict[str, str] = field(default_factory=dict)
    cut: dict[str, str] = field(default_factory=dict)
    """Talks that ended though nobody hung up; the caller may have been served after all."""
    doubled: dict[str, str] = field(default_factory=dict)
    """Callers whose operator was rung for them while in another call."""


def losses(visits: Iterable[Visit], stories: Sequence[CallStory], opened: Opened) -> Losses:
    """Compare each caller's visit with the ledger; calls that nobody made are losses, too."""
    visits = tuple(visits)
    found = Losses(doubled=doubled(visits))
    by_number: dict[str, list[CallStory]] = {}
    for story in stories:
        by_number.setdefault(story.record.call.caller_raw or "", []).append(story)
    for visit in visits:
        number = visit.plan.number
        own = by_number.pop(number, [])
        if any(talk.seen.status == 200 and not talk.whole for talk in visit.talks):
            found.cut[number] = "a talk ended though nobody hung up"
        if len(own) != 1:
            found.calls[number] = f"{len(own)} times in the ledger"
            continue
        if trouble := call_trouble(visit, own[0]):
            found.calls[number] = trouble
        if trouble := recording_trouble(visit, own[0], opened):
            found.recordings[number] = trouble
        if trouble := rating_trouble(visit, own[0]):
            found.ratings[number] = trouble
    for number in by_number:
        found.calls[number] = "in the ledger, but nobody called"
    return found


def doubled(visits: Iterable[Visit]) -> dict[str, str]:
    """Callers for whom a phone rang that was ringing or talking for another."""
    rung = [
        (talk.operator, talk.seen.invited_at, talk.seen.ended_at, v.plan.number) for v in visits for talk in v.talks
    ]
    found: dict[str, str] = {}
    last: tuple[str, float | None] = ("", None)
    for operator, at, ended_at, number in sorted(rung, key=lambda one: one[:2]):
        if last[0] == operator and (last[1] is None or at < last[1]):
            found[number] = f"rang at {operator}, who was in a call"
        last = (operator, ended_at)
    return found


def call_trouble(visit: Visit, story: CallStory) -> str:
    """Why a call counts as lost; empty when it does not."""
    record, talk = story.record, last_talk(visit)
    if talk is None or talk.seen.answered_at is None:
        return f"not answered, though the caller stayed ({len(visit.talks)} offers)"
    if record.call.result != "answered" or record.call.ended_ms is None:
        return f"answered by {talk.operator}, in the ledger {record.call.result}"
    segments = list(record.segments.values())
    if len(segments) != 1:
        return f"{len(segments)} segments"
    if segments[0].operator_id != talk.operator:
        return f"talked to {talk.operator}, in the ledger {segments[0].operator_id}"
    if abs((segments[0].answered_ms or 0) - talk.seen.answered_at * 1000) > ANSWER_MS:
        return f"answered at {talk.seen.answered_at:.3f}, in the ledger {segments[0].answered_ms} ms"
    rung = {talk.operator for talk in visit.talks if talk.seen.status == 200}
    taken = [offer.operator_id for offer in record.offers.values() if offer.status == "ANSWER"]
    if set(taken) != rung:
        return f"phones answered: {sorted(rung)}, in the ledger {taken}"
    open_offers = [key for key, offer in record.offers.items() if offer.status is None]
    return f"offers without an end: {open_offers}" if open_offers else ""


def recording_trouble(visit: Visit, story: CallStory, opened: Opened) -> str:
    """Why a talk's recording counts as lost; empty when it does not."""
    talk = last_talk(visit)
    if talk is None:
        return ""
    offers = story.record.offers
    own = [one for one in story.recordings if offers[one.seq, one.offer].operator_id == talk.operator]
    whole = [recording for recording in own if recording.status in (RecordingStatus.OK, RecordingStatus.REPAIRED)]
    if len(whole) != 1:
        return f"{len(whole)} recordings of the talk with {talk.operator}: {[r.status.value for r in own]}"
    return file_trouble(whole[0], talk, opened)


def file_trouble(recording: Recording, talk: Talk, opened: Opened) -> str:
    """What is wrong with a finished recording; empty when nothing is."""
    assert talk.seen.answered_at is not None
    assert talk.seen.ended_at is not None
    try:
        sha256 = plain_sha256(opened(recording.path))
    except (OSError, RecordingError) as error:
        return f"{recording.path} does not open: {error}"
    if sha256 != recording.sha256:
        return f"{recording.path} is not what the ledger says"
    length_s, talk_s = recording.duration_ms / 1000, talk.seen.ended_at - talk.seen.answered_at
    if not talk_s - ANNOUNCED_S - LENGTH_S <= length_s <= talk_s + LENGTH_S:
        return f"{length_s:.1f} s recorded of a talk of {talk_s:.1f} s"
    quiet = [level for level in (recording.caller_dbfs, recording.operator_dbfs) if (level or -120.0) < HEARD_DBFS]
    return f"a side is not heard: {recording.caller_dbfs}, {recording.operator_dbfs}" if quiet else ""


def rating_trouble(visit: Visit, story: CallStory) -> str:
    """Why a rating counts as lost, or as invented; empty when neither."""
    talk = last_talk(visit)
    given = [(row.operator_id, row.score) for row in story.record.ratings.values() if row.outcome == "given"]
    wanted = [] if visit.pressed is None or talk is None else [(talk.operator, visit.pressed)]
    return "" if given == wanted else f"pressed {wanted}, in the ledger {given}"


def last_talk(visit: Visit) -> Talk | None:
    """The talk that went on until one of the two had said all; None when there was none."""
    return next((talk for talk in reversed(visit.talks) if talk.whole), None)


def counts(found: Losses) -> Mapping[str, int]:
    """The figures."""
    return {
        "calls_lost": len(found.calls),
        "recordings_lost": len(found.recordings),
        "ratings_lost": len(found.ratings),
        "talks_cut": len(found.cut),
        "operators_doubled": len(found.doubled),
    }
