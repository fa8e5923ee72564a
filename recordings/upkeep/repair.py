"""Mends what a death left of recordings, whether or not the hotline runs (promise 5).

The journals are taken in; calls that an Asterisk which is gone did not end are ended; then every raw file is finished.
Safe beside a running controller: one process at a time finishes, and the ledger takes each journal line once.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial

from config.places import Places
from config.settings import Settings
from rating.taking import take_rating
from recordings.capture import spool
from recordings.capture.finaliser import Finaliser, Finished
from recordings.vault.opening import no_keys
from recordings.vault.vault import Vault
from storage.engine import open_engine, reading
from storage.journal.projector import Projector
from storage.journal.writer import ControllerJournal, raise_alarm
from storage.ledger import Ledger
from storage.migrate import upgrade
from storage.owner import Hotline, guard, must_be_ours
from storage.transaction import in_transaction
from telephony.process import running_pid


@dataclass(frozen=True, slots=True)
class Repaired:
    """A recording that was finished, or that still waits in the spool (`status` waiting)."""

    file: str
    status: str
    duration_ms: int | None
    said: str = ""


async def repair(settings: Settings, places: Places, ours: Hotline) -> list[Repaired]:
    """Mend all that can be mended, and tell what waits.

    `ours`: whose ledger it must be. Raises LedgerUnavailableError, LedgerTakenError, JournalError, OSError.
    """
    engine = open_engine(places.database_url)
    try:
        await asyncio.to_thread(upgrade, places.database_url, Vault(places).ledger_begun)
        await in_transaction(reading(engine), lambda connection: must_be_ours(connection, ours))
        guard(engine, ours)
        ledger, journal = Ledger(engine), ControllerJournal(places.journals[1])
        alarm = partial(raise_alarm, journal)
        projector = Projector(engine, list(places.journals), take_rating, alarm)
        await _taken_in(projector)
        all_over = running_pid(places.asterisk_conf) is None
        if all_over and (left := await ledger.open_calls()):
            ended_ms = await asyncio.to_thread(last_sign_ms, places)
            for call in left:
                journal.end_call(ended_ms, call)
            await _taken_in(projector)
        ring = Vault(places).ring if settings.recordings.encrypt else no_keys
        finaliser = Finaliser(
            places.spool, places.archive, ledger.recordings, keys=ring, alarm=alarm, all_over=all_over
        )
        found: list[Repaired] = []
        while finished := await finaliser.finish_ready():
            found += [_mended(one) for one in finished]
        await _taken_in(projector)  # alarms
        return found + [_waits(one) for one in (await asyncio.to_thread(spool.look, places.spool)).values()]
    finally:
        engine.dispose()


def last_sign_ms(places: Places) -> int:
    """When Asterisk last wrote a line of its journal or a byte of a recording, UTC epoch ms. Raises OSError."""
    signs = [places.journals[0], *places.spool.iterdir()]
    return max((path.stat().st_mtime_ns for path in signs if path.is_file()), default=0) // 1_000_000


async def _taken_in(projector: Projector) -> None:
    while await projector.project_once():
        pass


def _mended(one: Finished) -> Repaired:
    made = one.recording
    return Repaired(made.file, made.status.value, made.duration_ms, ", ".join(one.remarks))


def _waits(one: spool.SpoolFile) -> Repaired:
    said = "being written" if one.being_written else "not ready, or see the errors above"
    return Repaired(one.file, "waiting", None, said)
