"""Facts and alarms of live calls for the journal: a disk that takes nothing must not stop the calls."""

from __future__ import annotations

import structlog

from calls.journal import Fact
from dispatch.ports import Clock
from storage.journal.writer import ControllerJournal

log = structlog.get_logger(__name__)


class Notes:
    """Writes each fact with the instant at which it is told; an error is logged and no more."""

    def __init__(self, journal: ControllerJournal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock

    def note(self, fact: Fact, call: str = "", /, **fields: str | int) -> None:
        """Write a fact, of a call if there is one."""
        try:
            self._journal.write(fact, self._clock.now_ms(), fields, call)
        except OSError as error:
            log.error("journal not written", error=str(error))

    def alarm(self, kind: str, detail: str) -> None:
        """Tell of what a person should look at."""
        self.note(Fact.ALARM, kind=kind, detail=detail)
        log.error("alarm", kind=kind, detail=detail)
