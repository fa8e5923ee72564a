"""Holds what the phones of `bench.chaos` heard against the ledger and the archive."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from bench.chaos_people import CALLER_HZ, OPERATOR_HZ, Hall, Person, Visit
from bench.chaos_truth import NOTICE_HZ, Ear, ear, silent_spells, switches, told
from calls.recording import GapReason, Recording
from phones.call import Call
from recordings.errors import RecordingError
from recordings.vault.vault import Vault
from storage.ledger import CallStory

ALLOWED_S, SHARE = 1.0, 0.005
"""What a recording may be shorter than the talk (promise 2)."""
GLIMPSE_S = 0.75
"""So short a tone may be the edge of another talk."""
FORGOTTEN_S = 8.0
SAME_S = 1.5
"""The ledger's arrival and the phone's INVITE."""
BEFORE_HEARD_S = 5.0
"""So long before the two hear each other a phone may ring for the caller and the operator be told the group."""
LOOKS_APART_S = 1.0
"""Between two looks at who is free; longer: the controller was dead."""


Kept = Mapping[Recording, tuple[Ear, Ear]]
"""Every recording of a call, and its caller's and operator's sides."""
Wrong = Callable[[str], None]


@dataclass
class Verdict:
    """What was wrong, in figures and in words."""

    unrecorded_s: float = 0.0
    wrong_s: float = 0.0
    forgotten: int = 0
    unannounced: int = 0
    invented: int = 0
    heard_s: float = 0.0
    trouble: list[str] = field(default_factory=list)
    calls: set[str] = field(default_factory=set)

    def figures(self) -> Mapping[str, float]:
        """Flat."""
        return {
            "seconds_unrecorded": self.unrecorded_s,
            "seconds_under_wrong_operator": self.wrong_s,
            "callers_forgotten": self.forgotten,
            "notices_missing": self.unannounced,
            "calls_invented": self.invented,
            "seconds_heard": self.heard_s,
        }


@dataclass(frozen=True)
class Line:
    """One call of an operator's phone, and what was heard in it."""

    operator: str
    call: Call
    ear: Ear


def judge(hall: Hall, stories: Sequence[CallStory]) -> Verdict:
    """Everything; reads every recording."""
    verdict = Verdict()
    lines = [
        Line(person.number, call, ear(call.heard(), [*CALLER_HZ, *OPERATOR_HZ], call.instants.media))
        for person in hall.people
        for call in person.phone.calls
        if call.instants.media is not None
    ]
    left = list(stories)
    for visit in hall.visits:
        story = next((story for story in left if _is_of(story, visit)), None)
        if story is not None:
            left.remove(story)
        if visit.call.instants.media is not None:
            _judge_visit(hall, visit, story, lines, verdict)
    verdict.invented = len(left)
    verdict.calls |= {story.record.call.id for story in left}
    verdict.trouble += [f"nobody made the call {one.record.call.id} of {one.record.call.caller_raw}" for one in left]
    return verdict


def _is_of(story: CallStory, visit: Visit) -> bool:
    apart_s = story.record.call.arrived_ms / 1000 - visit.call.instants.invite
    return story.record.call.caller_raw == visit.number and abs(apart_s) < SAME_S


def _judge_visit(hall: Hall, visit: Visit, story: CallStory | None, lines: Sequence[Line], verdict: Verdict) -> None:
    call = visit.call
    begin, end = call.instants.media or 0.0, call.instants.ended or call.instants.invite + 3600
    heard = ear(call.heard(), [*OPERATOR_HZ, *NOTICE_HZ.values()], begin)
    named = story.record.call.id if story is not None else "not in the ledger"
    before = len(verdict.trouble)

    def wrong(what: str) -> None:
        verdict.trouble.append(f"{visit.number} ({named}), {begin:.2f} to {end:.2f}: {what}")

    kept: Kept = {} if story is None else _kept(hall, visit, story)
    for person in hall.people:
        if person.hz == visit.hz:
            continue
        own = [line for line in lines if line.operator == person.number and _during(line, begin, end)]
        _judge_pair(visit, person, heard, own, kept, story, verdict, wrong)
    for recording, (_, there) in kept.items():
        names = _names(recording, story)
        for other in hall.people:
            said_s = there.seconds(other.hz)
            if other.number not in names and said_s > GLIMPSE_S:
                verdict.wrong_s += said_s
                wrong(f"{said_s:.2f} s of {other.number} in {recording.file}, which names {sorted(names)}")
    for recording, (here, there) in kept.items():
        for hz in (one for one in CALLER_HZ if one != visit.hz):
            said_s = max(here.seconds(hz), there.seconds(hz))
            if said_s > GLIMPSE_S:
                verdict.wrong_s += said_s
                wrong(f"{said_s:.2f} s of another caller ({hz} Hz) in {recording.file}")
    together = _talks_of_three(hall, story)
    for switch in switches(heard, [hz for hz in OPERATOR_HZ if hz != visit.hz]):
        if not told(heard, switch, together):
            verdict.unannounced += 1
            wrong(f"not told before {switch[2]} Hz at {switch[1]:.2f}, somebody else till {switch[0]:.2f}")
    _judge_wait(hall, visit, story, heard, lines, verdict, wrong)
    if len(verdict.trouble) > before and story is not None:
        verdict.calls.add(named)


def _kept(hall: Hall, visit: Visit, story: CallStory) -> Kept:
    """Both sides of every recording of the call."""
    found = {}
    for recording in story.recordings:
        if recording.path:
            try:
                opened = Vault(hall.stage.up.places).recording(recording.path)
                left, right = (ear(opened, [*CALLER_HZ, *OPERATOR_HZ], channel=side) for side in (0, 1))
            except (OSError, RecordingError):
                continue
            found[recording] = (left, right)
    return found


def _judge_pair(
    visit: Visit,
    person: Person,
    heard: Ear,
    own: Sequence[Line],
    kept: Kept,
    story: CallStory | None,
    verdict: Verdict,
    wrong: Wrong,
) -> None:
    """What caller and operator heard of each other against what the recordings hold."""
    number, hz = person.number, person.hz
    heard_s = heard.seconds(hz)
    began_s, ended_s = visit.call.instants.media or 0.0, visit.call.instants.ended or math.inf
    back_s = sum(line.ear.seconds(visit.hz, began_s, ended_s) for line in own)
    if max(heard_s, back_s) <= GLIMPSE_S:
        return
    verdict.heard_s += heard_s
    named = {recording: sides for recording, sides in kept.items() if number in _names(recording, story)}
    paused_s = _paused_s(story, {recording.seq for recording in named})
    allowed_s = paused_s + max(1, len(named)) * ALLOWED_S + SHARE * max(heard_s, back_s)
    kept_s = sum(there.seconds(hz) for _, there in kept.values())
    kept_back_s = sum(here.seconds(visit.hz) for here, _ in named.values())
    lacks_s = max(heard_s - kept_s, back_s - kept_back_s) - allowed_s
    if lacks_s > 0:
        verdict.unrecorded_s += lacks_s
        wrong(
            f"{number} heard for {heard_s:.2f} s and recorded for {kept_s:.2f}; heard the caller for {back_s:.2f} s, "
            f"recorded for {kept_back_s:.2f} in {[one.file for one in named]}; paused for {paused_s:.2f} s"
        )


def _names(recording: Recording, story: CallStory | None) -> set[str]:
    segment = None if story is None else story.record.segments.get(recording.seq)
    if segment is None or story is None:
        return set()
    offer = story.record.offers.get((recording.seq, recording.offer))
    said = {segment.operator_id, *(segment.also or "").split(","), None if offer is None else offer.operator_id}
    return {one for one in said if one}


def _talks_of_three(hall: Hall, story: CallStory | None) -> list[set[int]]:
    """The tones of the two whom the ledger names together, for each talk of three."""
    tone_of = {person.number: person.hz for person in hall.people}
    segments = [] if story is None else story.record.segments.values()
    return [
        {tone_of[one] for one in (segment.operator_id, *segment.also.split(",")) if one in tone_of}
        for segment in segments
        if segment.also
    ]


def _paused_s(story: CallStory | None, segments: set[int]) -> float:
    gaps = [] if story is None else [gap for gap in story.record.gaps.values() if gap.seq in segments]
    paused = [gap for gap in gaps if gap.reason == GapReason.PAUSED.value and gap.to_ms is not None]
    return sum(((gap.to_ms or gap.from_ms) - gap.from_ms) / 1000 for gap in paused)


def _during(line: Line, begin: float, end: float) -> bool:
    """Whether a phone's call lay in this visit; the caller's phone has one call at a time, so their tone is theirs."""
    media = line.call.instants.media or 0.0
    return media < end and (line.call.instants.ended or end) > begin


def _judge_wait(
    hall: Hall,
    visit: Visit,
    story: CallStory | None,
    heard: Ear,
    lines: Sequence[Line],
    verdict: Verdict,
    wrong: Wrong,
) -> None:
    """Whether the caller was on the line with nobody while somebody was free."""
    call = visit.call
    queued_ms = None if story is None else story.record.call.queued_ms
    began_s = call.instants.media or 0.0
    begin = max(began_s, began_s + 10 if queued_ms is None else queued_ms / 1000)
    end = call.instants.ended or begin
    busy = []
    for line in lines:
        own = [one for one in line.ear.stretches(visit.hz) if begin <= one[1] and one[0] <= end]
        if own and line.call is not call:
            busy.append((own[0][0] - BEFORE_HEARD_S, line.call.instants.ended or end))
    for first, last in silent_spells(heard, OPERATOR_HZ, begin, end, busy):
        if (free := _free_for(hall, visit.number, first, last)) is not None:
            verdict.forgotten += 1
            wrong(f"with nobody from {first:.2f} to {last:.2f}, and {free} was free")


def _free_for(hall: Hall, but: str, first: float, last: float) -> str | None:
    """Who was free for FORGOTTEN_S on end in that time."""
    looks = [(at, free) for at, free in hall.free if first <= at <= last]
    since: dict[str, float] = {}
    for (before, _), (at, free) in pairwise(looks):
        if at - before > LOOKS_APART_S:
            since = {}
        since = {number: since.get(number, at) for number in free if number != but}
        for number, from_s in since.items():
            if at - from_s >= FORGOTTEN_S:
                return number
    return None
