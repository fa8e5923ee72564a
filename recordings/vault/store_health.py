"""Whether the far store takes what it is to take: when to try again, and what people are told (pure)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from calls.alarms import AlarmKind

FIRST_S, LAST_S = 1.0, 60.0
"""Back-off after a failure: doubles, so that everything moves on within a minute of the store's return."""
PATIENCE = 3
"""So many failures in a row are an alarm; one alone is a network's hiccup."""
CALM_MS = 60_000
"""Nothing waits for longer any more: the store is as fast as we are."""
BEHIND_MS = 15 * 60_000
"""A store that answers, and a recording that has been waiting for so long: it is too slow."""

AWAY, BEHIND, CAUGHT_UP = KINDS = (AlarmKind.STORE_AWAY, AlarmKind.STORE_BEHIND, AlarmKind.STORE_CAUGHT_UP)


@dataclass(frozen=True, slots=True)
class Said:
    """An alarm, or the end of one."""

    kind: str
    detail: str


@dataclass(frozen=True, slots=True)
class StoreHealth:
    """What is known of the store after the last look."""

    failures: int = 0
    """In a row."""
    again_ms: int = 0
    told: str = ""
    """The alarm in force."""

    @classmethod
    def known(cls, last_alarm: str) -> StoreHealth:
        """The standing at a start, by the last alarm of the life before."""
        return cls(told=last_alarm if last_alarm in (AWAY, BEHIND) else "")

    def rests(self, now_ms: int) -> bool:
        """Whether it is too soon to try again."""
        return now_ms < self.again_ms

    def after(self, why: str, waiting: int, oldest_ms: int | None, now_ms: int) -> tuple[StoreHealth, tuple[Said, ...]]:
        """The standing after a look, and what to tell.

        `why` the store failed, if it did; how many recordings wait, and since when the oldest one, UTC epoch ms.
        """
        if why:
            pause_s = min(LAST_S, FIRST_S * 2**self.failures)
            failed = replace(self, failures=self.failures + 1, again_ms=now_ms + round(pause_s * 1000))
            if failed.failures < PATIENCE or self.told == AWAY:
                return failed, ()
            return replace(failed, told=AWAY), (Said(AWAY, f"{why}; {waiting} recordings wait"),)
        answers = replace(self, failures=0, again_ms=0)
        waited_ms = 0 if oldest_ms is None else now_ms - oldest_ms
        if self.told and waited_ms < CALM_MS:
            return replace(answers, told=""), (Said(CAUGHT_UP, f"{waiting} recordings wait for the archive's store"),)
        if not self.told and waited_ms > BEHIND_MS:
            minutes = waited_ms // 60_000
            words = f"{waiting} recordings wait for the archive's store, the oldest for {minutes} minutes"
            return replace(answers, told=BEHIND), (Said(BEHIND, words),)
        return answers, ()
