"""What is wrong with the hotline's own files while it runs: told in `/health`, and as an alarm once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from bailanys.site.state_files import silent_faults
from bailanys.site.tls_files import tls_findings, tls_remarks
from calls.alarms import AlarmKind
from config.ownership import name_of, strangers
from config.places import Places
from config.settings import Settings

LOOK_EVERY_S = 30.0
SHOWN = 3


def site_faults(settings: Settings, places: Places) -> tuple[str, ...]:
    """One line for each fault, without a folder: `/health` is read without a token."""
    found: list[str] = []
    if others := strangers(places.state):
        shown = [f"{path.relative_to(places.state)} ({name_of(owner)})" for path, owner in others[:SHOWN]]
        more = f" and {len(others) - SHOWN} more" if len(others) > SHOWN else ""
        found.append(f"files of the state folder belong to others: {', '.join(shown)}{more}")
    tls = (*tls_findings(settings.sip, places.state), *tls_remarks(settings.sip, places.state))
    for finding in (*silent_faults(places), *tls):
        found.append(finding.message.replace(f"{places.state}/", ""))
    return tuple(found)


class SiteWatch:
    """Looks every so often."""

    def __init__(self, settings: Settings, places: Places, alarm: Callable[[str, str], None]) -> None:
        self._settings = settings
        self._places = places
        self._alarm = alarm
        self.now: tuple[str, ...] = ()

    async def look(self) -> None:
        """Look once; what was not there at the last look is an alarm."""
        found = await asyncio.to_thread(site_faults, self._settings, self._places)
        new, self.now = [fault for fault in found if fault not in self.now], found
        for fault in new:
            with contextlib.suppress(OSError):  # a full disk: the log has it
                self._alarm(AlarmKind.SITE, fault)
