"""Holds a recording against the time connected: which stretches have no sound, and why (promise 1). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from calls.recording import EndedTalk, Gap, GapReason, SpoolFault
from recordings.audio import duration_ms
from recordings.capture.quality import slack_ms

BUFFER_MS = duration_ms(32_768)
"""What MixMonitor holds in memory: lost when Asterisk is killed, and no more than that (promise 5)."""
UNEXPLAINED = frozenset({GapReason.UNKNOWN.value})


def as_it_was(talk: EndedTalk, changed_ms: int) -> EndedTalk:
    """The talk, ended when Asterisk died: nobody was there to tell, so the raw file's last byte and a buffer do."""
    ended_ms = min(talk.ended_ms, max(changed_ms + BUFFER_MS, talk.began_ms))
    if not talk.lost or ended_ms == talk.ended_ms:
        return talk
    bridged_ms = None if talk.bridged_ms is None else max(0, talk.bridged_ms - (talk.ended_ms - ended_ms))
    return replace(talk, ended_ms=ended_ms, bridged_ms=bridged_ms)


def lacks(talk: EndedTalk, recorded_ms: int) -> bool:
    """Whether there is less sound than the two were connected; a pause has silence in its place."""
    connected_ms = talk.ended_ms - talk.began_ms if talk.bridged_ms is None and not recorded_ms else talk.bridged_ms
    if connected_ms is None:
        return False
    return connected_ms - recorded_ms > slack_ms(connected_ms)


def gaps_of(talk: EndedTalk, recorded_ms: int, faults: Sequence[SpoolFault]) -> tuple[Gap, ...]:
    """The stretches without sound: as long as the spool took no bytes, or else somewhere in the talk: nobody knows.

    Of that the detail says how much it is. Only what Asterisk held when it died is at the end.
    """
    ended_ms, died = talk.ended_ms, list[Gap]()
    if talk.lost:
        ended_ms = max(talk.began_ms, ended_ms - BUFFER_MS)
        died = [Gap(talk.call, talk.seq, ended_ms, talk.ended_ms, GapReason.ASTERISK_DIED.value)]
    if not lacks(talk, recorded_ms + talk.ended_ms - ended_ms):
        return tuple(died)
    found = []
    for fault in faults:
        from_ms, to_ms = max(fault.from_ms, talk.began_ms), min(fault.to_ms or ended_ms, ended_ms)
        if from_ms < to_ms:
            found.append(Gap(talk.call, talk.seq, from_ms, to_ms, fault.reason))
    if not found:
        began_ms = min(talk.began_ms, ended_ms - 1)
        connected_ms = ended_ms - began_ms if talk.bridged_ms is None else talk.bridged_ms
        detail = f"{max(connected_ms - recorded_ms, 0)} ms, somewhere in it" if recorded_ms else ""
        found.append(Gap(talk.call, talk.seq, began_ms, ended_ms, GapReason.UNKNOWN.value, detail=detail))
    return (*sorted(found, key=lambda gap: gap.from_ms), *died)
