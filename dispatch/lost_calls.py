"""Ends in the ledger what Asterisk's own death ended: calls that no channel is left of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from calls.ids import CallId
from dispatch.channels import seen_channels
from dispatch.ports import Asterisk, Clock
from storage.journal.writer import ControllerJournal

log = structlog.get_logger(__name__)


class LostCalls:
    """Looks every so often; a call must be missing twice in a row, since the journal may be behind the channels."""

    def __init__(
        self,
        asterisk: Asterisk,
        clock: Clock,
        journal: ControllerJournal,
        open_calls: Callable[[], Awaitable[list[CallId]]],
    ) -> None:
        self._asterisk = asterisk
        self._clock = clock
        self._journal = journal
        self._open_calls = open_calls
        self._missing: set[CallId] = set()

    async def look(self) -> list[CallId]:
        """End what is lost, and return it. Raises TelephonyError, or what the ledger raises."""
        believed = set(await self._open_calls())
        if not believed:
            self._missing = set()
            return []
        there = {CallId(channel.uniqueid) for channel in await seen_channels(self._asterisk)}
        missing = believed - there
        lost = sorted(missing & self._missing)
        self._missing = missing - set(lost)
        for call in lost:
            self._journal.end_call(self._clock.now_ms(), call)
            log.warning("call lost with its channel", call_id=call)
        return lost
