"""Who was left idle beside a caller whom they could have served, by what both journals tell.

A caller waits from `queued` (after a transfer: from the end of the notice), or from an offer that came to nothing,
until the next offer or the hang-up. An operator is idle while the controller shows them as ready; and before that from
the instant their phone's channel ended, if they were shown as ready next, or as offered a call: so a controller that is
late to learn of a talk's end is found out, too. Callers in the safety net are `app_queue`'s, and left out.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass

from calls.journal import Entry, Fact
from calls.journal_lines import parse_line

LONGEST_MS = 100
"""How long a caller and an idle operator may be side by side: an offer under way takes some milliseconds."""

_READY, _RESERVED = "ready", ("offered", "talking")


@dataclass(frozen=True, slots=True)
class Wait:
    """A call that waited for a group, epoch milliseconds."""

    call: str
    group: str
    from_ms: int
    to_ms: int


@dataclass(frozen=True, slots=True)
class Idle:
    """An operator who was idle, epoch milliseconds."""

    operator: str
    from_ms: int
    to_ms: int


@dataclass(frozen=True, slots=True)
class Beside:
    """An operator left idle beside a call, epoch milliseconds."""

    call: str
    operator: str
    from_ms: int
    to_ms: int

    @property
    def lasted_ms(self) -> int:
        """How long, milliseconds."""
        return self.to_ms - self.from_ms


def idle_beside_waiting(
    lines: Iterable[bytes], staff: Mapping[str, Container[str]], longest_ms: int = LONGEST_MS
) -> list[Beside]:
    """Find every operator and call that were side by side for longer than that, in the order of time.

    `lines`: of both journals, in any order. `staff`: each operator's groups; everybody of a group is taken for able,
    so it is meant for centres without levels or languages that keep somebody from a call.
    """
    entries = sorted(filter(None, map(parse_line, lines)), key=_instant_ms)
    if not entries:
        return []
    until_ms = _instant_ms(entries[-1])
    idle = list(idle_times(entries, until_ms))
    found = []
    for wait in waits(entries, until_ms):
        for one in idle:
            from_ms, to_ms = max(wait.from_ms, one.from_ms), min(wait.to_ms, one.to_ms)
            if to_ms - from_ms > longest_ms and wait.group in staff.get(one.operator, ()):
                found.append(Beside(wait.call, one.operator, from_ms, to_ms))
    return sorted(found, key=lambda one: (one.from_ms, one.call, one.operator))


def waits(entries: Iterable[Entry], until_ms: int) -> Iterator[Wait]:
    """Tell the waits for our dispatcher; who still waits does so `until_ms`."""
    groups: dict[str, str] = {}
    since_ms: dict[str, int] = {}
    for entry in entries:
        call, said = entry.linkedid, entry.fields
        match entry.type, entry.name:
            case _, Fact.QUEUED:
                groups[call] = said.get("group", "")
                if said.get("via") not in ("transfer", "net", "callback"):
                    since_ms[call] = entry.at_ms
            case _, Fact.NOTICE:
                since_ms[call] = entry.at_ms
            case _, Fact.OFFER_ENDED if call in groups and said.get("operator"):
                since_ms[call] = entry.at_ms
            case (_, Fact.OFFERED | Fact.TALKING) | ("HANGUP", _) if call in since_ms:
                if entry.type != "HANGUP" or entry.uniqueid == call:
                    yield Wait(call, groups[call], since_ms.pop(call), entry.at_ms)
            case _:
                pass
    yield from (Wait(call, groups[call], at_ms, until_ms) for call, at_ms in since_ms.items())


def idle_times(entries: Iterable[Entry], until_ms: int) -> Iterator[Idle]:
    """Tell when each operator was idle; who still is, is so `until_ms`."""
    shown: dict[str, tuple[str, str]] = {}
    """State and its reason; of somebody who is offered a call or talks it is the call."""
    since_ms: dict[str, int] = {}
    for entry in entries:
        if entry.type == "HANGUP":
            operator = entry.channel.removeprefix("PJSIP/op").partition("-")[0]
            state, call = shown.get(operator, ("", ""))
            if state in _RESERVED and call == entry.linkedid:
                since_ms.setdefault(operator, entry.at_ms)
        elif entry.name == Fact.PRESENCE:
            said, at_ms = entry.fields, _instant_ms(entry)
            operator, state = said.get("operator", ""), said.get("state", "")
            before = shown.get(operator, ("", ""))[0]
            if state == _READY:
                since_ms.setdefault(operator, at_ms)
            elif operator in since_ms:
                begun_ms = since_ms.pop(operator)
                if before == _READY or state in _RESERVED:  # else a wrap-up or a pause followed the talk
                    yield Idle(operator, begun_ms, at_ms)
            shown[operator] = state, said.get("reason", "")
    yield from (Idle(one, at_ms, until_ms) for one, at_ms in since_ms.items() if shown[one][0] == _READY)


def _instant_ms(entry: Entry) -> int:
    if entry.name == Fact.PRESENCE:
        return entry.fields.whole("at_ms") or entry.at_ms
    return entry.at_ms
