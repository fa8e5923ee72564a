"""Every kind of alarm, and what alarms of some time mean together: which stand, and which are over. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum


class AlarmKind(StrEnum):
    """What a person should look at: `bailanys/alarms/words` tells it in sentences, `docs/operations.md` what to do."""

    API = "api"
    ARCHIVE_EASED = "archive-eased"
    ARCHIVE_FILLING = "archive-filling"
    ARCHIVE_FULL = "archive-full"
    ARCHIVE_QUICK = "archive-quick"
    ARCHIVE_SLOW = "archive-slow"
    ARCHIVE_UNWRITABLE = "archive-unwritable"
    ARCHIVE_WRITABLE = "archive-writable"
    AUDIT_LOG = "audit-log"
    BACK_OFFICE = "back-office"
    BUG = "bug"
    DEMAND_DUE = "demand-due"
    DEMAND_MISSED = "demand-missed"
    DEMAND_NOT_APPROVED = "demand-not-approved"
    DIALOG_NOT_OWN = "dialog-not-own"
    FORGOTTEN_CALLER = "forgotten-caller"
    HOTLINE_ID = "hotline-id"
    IDLE_BESIDE_WAITING = "idle-beside-waiting"
    KEYS_AWAY = "keys-away"
    KEYS_BACK = "keys-back"
    LEDGER_AWAY = "ledger-away"
    LEDGER_TAKEN = "ledger-taken"
    LOOP_STALLED = "loop-stalled"
    LOOP_STARVED = "loop-starved"
    MANY_ALARMS = "many-alarms"
    MISPLACED_CALLER = "misplaced-caller"
    PHONE_FAILED = "phone-failed"
    PHONE_LOST = "phone-lost"
    RANK_REFUSED = "rank-refused"
    RATING_IMPOSSIBLE = "rating-impossible"
    RECORDING_LOST = "recording-lost"
    RECORDING_MISMATCH = "recording-mismatch"
    RECORDING_MISSING = "recording-missing"
    RECORDING_NOT_PAUSED = "recording-not-paused"
    RECORDING_NOT_STORED = "recording-not-stored"
    RECORDING_SHORT = "recording-short"
    RECORDING_STILL_PAUSED = "recording-still-paused"
    RECORDINGS_OVERDUE = "recordings-overdue"
    SIGNING_KEY_AWAY = "signing-key-away"
    SIP_GUESSES = "sip-guesses"
    SITE = "site"
    SPOOL_EASED = "spool-eased"
    SPOOL_FILLING = "spool-filling"
    SPOOL_FULL = "spool-full"
    SPOOL_QUICK = "spool-quick"
    SPOOL_SLOW = "spool-slow"
    SPOOL_UNWRITABLE = "spool-unwritable"
    SPOOL_WRITABLE = "spool-writable"
    STORE_AWAY = "store-away"
    STORE_BEHIND = "store-behind"
    STORE_CAUGHT_UP = "store-caught-up"
    TALK_TAKEN_OVER = "talk-taken-over"
    TARGET_MET = "target-met"
    TARGET_MISSED = "target-missed"


_DISK_ENDS = {"full": "writable", "unwritable": "writable", "filling": "eased", "slow": "quick"}
ENDS: dict[str, str] = {
    **{f"{disk}-{kind}": f"{disk}-{end}" for disk in ("spool", "archive") for kind, end in _DISK_ENDS.items()},
    AlarmKind.STORE_AWAY: AlarmKind.STORE_CAUGHT_UP,
    AlarmKind.STORE_BEHIND: AlarmKind.STORE_CAUGHT_UP,
    AlarmKind.TARGET_MISSED: AlarmKind.TARGET_MET,
    AlarmKind.KEYS_AWAY: AlarmKind.KEYS_BACK,
}
"""By the kind of an alarm that lasts: the kind that says that it is over. All others are of an instant."""
OVER = frozenset(ENDS.values())


def spelt(kind: str) -> str:
    """A kind as it is spelt today: journals of older versions have underscores in some."""
    return kind.replace("_", "-")


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm as it was raised; UTC epoch ms."""

    at_ms: int
    kind: str
    detail: str


@dataclass(frozen=True, slots=True)
class AlarmSpan:
    """An alarm with what became of it."""

    kind: str
    detail: str
    from_ms: int
    to_ms: int | None = None
    """When it was over; None for one that stands, and for one of an instant."""
    lasts: bool = False
    """Whether anything will say that it is over."""
    times: int = 1
    """How often in a row it was told in the same words."""
    last_ms: int = 0
    """When it was told last."""

    @property
    def open(self) -> bool:
        """Whether it stands still."""
        return self.lasts and self.to_ms is None


def spans_of(told: Iterable[Alarm]) -> list[AlarmSpan]:
    """Alarms in the order of time, their ends taken to them; the same said again in a row is one."""
    found: list[AlarmSpan] = []
    last: dict[str, int] = {}
    for one in told:
        if one.kind in OVER:
            for at, known in enumerate(found):
                if known.open and ENDS[known.kind] == one.kind and _same(known, one):
                    found[at] = replace(known, to_ms=one.at_ms)
            continue
        at = last.get(one.kind, -1)
        if at >= 0 and found[at].detail == one.detail and (not found[at].lasts or found[at].open):
            found[at] = replace(found[at], times=found[at].times + 1, last_ms=one.at_ms)
            continue
        last[one.kind] = len(found)
        found.append(AlarmSpan(one.kind, one.detail, one.at_ms, lasts=one.kind in ENDS, last_ms=one.at_ms))
    return found


def _same(known: AlarmSpan, over: Alarm) -> bool:
    """Of targets each group has its own: what both begin with, up to the colon."""
    if known.kind != AlarmKind.TARGET_MISSED:
        return True
    return known.detail.partition(":")[0] == over.detail.partition(":")[0]
