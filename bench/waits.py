"""What the journal and the phones' traces say together: who waited when, and how soon a free phone rang again."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from calls.journal import Fact
from calls.journal_fields import whole
from calls.journal_lines import parse_line
from phones.legs import Leg

CLOCK_S = 0.005
"""How much the journal, cut to milliseconds, and SIPp, who notes a message once it was sent, may disagree."""


@dataclass(frozen=True, slots=True)
class Waited:
    """One caller as the journal knows it, epoch seconds: arrived, began to wait, talked with an operator."""

    call: str
    caller: str
    arrived_s: float
    queued_s: float | None = None
    talking_s: float | None = None
    operator: str | None = None


@dataclass(frozen=True, slots=True)
class Served:
    """A caller whose operator's phone is known: when it rang, was answered and was free again, epoch seconds."""

    queued_s: float
    answered_s: float
    ended_s: float
    talking_s: float
    operator: str
    caller: str

    @property
    def wait_s(self) -> float:
        """From the start of the wait to the 200 OK that leaves the operator's phone."""
        return self.answered_s - self.queued_s


def read_waits(lines: Iterable[bytes]) -> dict[str, Waited]:
    """Read the first wait and talk of each call from the journal's lines, by call id."""
    found: dict[str, Waited] = {}
    for line in lines:
        entry = parse_line(line)
        if entry is None or entry.type != "USER_DEFINED":
            continue
        said = entry.fields
        known = found.get(entry.linkedid)
        match entry.name:
            case Fact.ARRIVED:
                arrived_ms = whole(said.get("arrived_ms")) or entry.at_ms
                found[entry.linkedid] = Waited(entry.linkedid, said.get("caller", ""), arrived_ms / 1000)
            case Fact.QUEUED if known and known.queued_s is None:
                queued_ms = whole(said.get("queued_ms")) or entry.at_ms
                found[entry.linkedid] = Waited(known.call, known.caller, known.arrived_s, queued_ms / 1000)
            case Fact.TALKING if known and known.talking_s is None:
                found[entry.linkedid] = Waited(
                    known.call, known.caller, known.arrived_s, known.queued_s, entry.at_ms / 1000, said.get("operator")
                )
            case _:
                pass
    return found


def served(waits: Iterable[Waited], legs: Iterable[Leg]) -> list[Served]:
    """Join callers with the legs of their operators' phones: the leg that was up when the talk began."""
    by_operator: dict[str, list[Leg]] = {}
    for leg in legs:
        if leg.answered_at is not None and leg.ended_at is not None:
            by_operator.setdefault(leg.user.removeprefix("op"), []).append(leg)
    made = []
    for one in waits:
        if one.queued_s is None or one.talking_s is None or one.operator is None:
            continue
        for leg in by_operator.get(one.operator, ()):
            assert leg.answered_at is not None
            assert leg.ended_at is not None
            if leg.answered_at - CLOCK_S <= one.talking_s <= leg.ended_at:
                made.append(
                    Served(one.queued_s, leg.answered_at, leg.ended_at, one.talking_s, one.operator, one.caller)
                )
    return sorted(made, key=lambda each: each.queued_s)


def ring_gaps(legs: Sequence[Leg], queued_s: Sequence[float]) -> list[float]:
    """The seconds between the end of a call at a phone and the next INVITE there, while callers were waiting.

    The end is the BYE, sent or received by the phone, on the wire. `queued_s`: when each caller began to wait. A caller
    waits from then until a phone is rung; gaps that began with nobody waiting say nothing about the dispatcher.
    """
    rung = sorted(leg.invite_at for leg in legs)
    waiting_since = sorted(queued_s)
    gaps = []
    by_phone: dict[str, list[Leg]] = {}
    for leg in sorted(legs, key=lambda leg: leg.invite_at):
        by_phone.setdefault(leg.user, []).append(leg)
    for phone in by_phone.values():
        for before, after in pairwise(phone):
            if before.ended_at is None:
                continue
            waiting = bisect_right(waiting_since, before.ended_at) - bisect_right(rung, before.ended_at)
            if waiting > 0:
                gaps.append(after.invite_at - before.ended_at)
    return gaps


def set_ups(calls: Sequence[Served], operators: int) -> list[float]:
    """The waits of callers who came when a phone was idle and nobody was before them: the time to set a call up."""
    found = []
    for one in calls:
        others = [other for other in calls if other is not one]
        busy = sum(other.answered_s <= one.queued_s < other.ended_s for other in others)
        before = sum(other.queued_s <= one.queued_s < other.answered_s for other in others)
        if busy + before < operators and before == 0:
            found.append(one.wait_s)
    return found
