"""The back office: the ledger and the archive kept in a process of their own, beside the controller (decision 16).

Journals into the ledger, recordings finished, moved on, held against each other and disposed of, the audit log signed,
demands kept on time: each of these takes seconds of Python on a busy day, and in the controller, even in a thread, a
caller would wait for them. Nothing here is needed for a call; what it alarms goes into the controller's own journal.

Run as `bailanys back-office`: it says every so often, as a line of JSON on standard output, how far the ledger is, and
ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterable
from functools import partial

import structlog

from bailanys.alarms import hook as alarm_hook
from bailanys.alarms.hook import AlarmHook
from bailanys.jobs import AFTER_AN_ERROR_S, again_and_again, told_to_end
from bailanys.loop.at_hand import give_back_memory
from bailanys.site.identity import claim_ledger, identity_or_nobody
from calls.people import People
from config.places import Places
from config.settings import Settings
from demands.desk import DemandDesk
from rating.taking import take_rating
from recordings.capture.finaliser import Finaliser
from recordings.upkeep import reconcile
from recordings.upkeep.audit_checkpoints import AuditKeeper
from recordings.upkeep.reconcile import Reconciler
from recordings.upkeep.retention import dispose_due
from recordings.vault.opening import no_keys
from recordings.vault.uploader import uploader_of
from recordings.vault.vault import Vault
from storage import owner
from storage.demands import Register
from storage.engine import Engine, open_engine
from storage.errors import IdentityLostError, LedgerAwayError, LedgerTakenError, LedgerUnavailableError
from storage.journal.projector import Projector
from storage.journal.writer import ControllerJournal, raise_alarm
from storage.ledger import Ledger
from storage.migrate import upgrade
from storage.owner import Hotline, guard
from storage.transaction import in_transaction

log = structlog.get_logger(__name__)

PROJECT_EVERY_S = 0.25
FINISH_EVERY_S = 1.0
UPLOAD_EVERY_S = 1.0
DEMANDS_EVERY_S = 5.0
AUDIT_EVERY_S = 60.0
RETENTION_EVERY_S = 24 * 3600.0
SAY_EVERY_S = 0.25
NICE = 5
"""The calls first."""
END_PATIENCE_S = 10
"""So long a database or a disk that hangs may keep us from ending."""


async def run_back_office(settings: Settings, places: Places) -> None:
    """Run until SIGTERM, or until the controller is gone."""
    os.nice(NICE)
    journal = ControllerJournal(places.journals[1])
    ours = identity_or_nobody(places)
    engine = guard(open_engine(places.database_url), ours)
    ledger = Ledger(engine)
    alarm = partial(raise_alarm, journal)
    projector = Projector(engine, list(places.journals), take_rating, alarm)
    ring = Vault(places).ring if settings.recordings.encrypt else no_keys
    finaliser = Finaliser(places.spool, places.archive, ledger.recordings, keys=ring, alarm=alarm)
    uploader = uploader_of(places, ledger, alarm)
    demands = DemandDesk(Register(engine), ledger, settings.hotline.time_zone, People(settings.people))
    dispose = partial(dispose_due, ledger, places, settings.storage.retention_days)
    over_hours = partial(look_over, Reconciler(ledger, places, alarm))
    jobs: list[Callable[[], Awaitable[None]]] = [
        partial(projector.run, PROJECT_EVERY_S),
        partial(beat_on, engine, ours),
        partial(again_and_again, "finish", FINISH_EVERY_S, finaliser.finish_ready),
        partial(again_and_again, "audit log", AUDIT_EVERY_S, AuditKeeper(places, ledger, alarm).keep),
        partial(again_and_again, "reconcile", reconcile.EVERY_S, over_hours),
        partial(again_and_again, "retention", RETENTION_EVERY_S, dispose),
        partial(again_and_again, "demands", DEMANDS_EVERY_S, partial(demands.keep_time, alarm)),
    ]
    if uploader is not None:
        jobs.append(partial(again_and_again, "upload", UPLOAD_EVERY_S, uploader.look))
    work = asyncio.create_task(keep_ours(places, projector, alarm, jobs))
    hook = AlarmHook(settings.alarms, places.journals, places.state / alarm_hook.FILE)
    always = [
        asyncio.create_task(say_how_far(projector)),
        asyncio.create_task(again_and_again("alarms", alarm_hook.EVERY_S, hook.look)),  # with the ledger away, too
    ]
    ends = [asyncio.create_task(told_to_end()), work]
    tasks = [*always, *ends]
    try:
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    finally:
        signal.alarm(END_PATIENCE_S)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        engine.dispose()
    if not work.cancelled():
        work.result()  # another hotline took the ledger over: whoever started us asks again whose it is


async def look_over(hours: Reconciler) -> None:
    """Hold the last hours' rows and files against each other; a day's worth of them is not kept afterwards."""
    await hours.look()
    await asyncio.to_thread(give_back_memory)


async def keep_ours(
    places: Places,
    projector: Projector,
    alarm: Callable[[str, str], None],
    jobs: Iterable[Callable[[], Awaitable[None]]],
) -> None:
    """Bring the tables up to date, make the ledger ours, however long that takes, and then do all that writes to it.

    Raises LedgerTakenError once another hotline has taken it over.
    """
    told = ""
    while True:
        try:
            await asyncio.to_thread(upgrade, places.database_url, Vault(places).ledger_begun)
            await asyncio.to_thread(claim_ledger, places)
            break
        except LedgerUnavailableError as error:
            projector.away = str(error)
            if isinstance(error, IdentityLostError | LedgerTakenError | LedgerAwayError) and not told:
                told = str(error)
                alarm(error.error_id, told)
            log.error("ledger unavailable", error=str(error))
            await asyncio.sleep(AFTER_AN_ERROR_S)
    try:
        async with asyncio.TaskGroup() as at_work:
            for job in jobs:
                at_work.create_task(_lasting(job))
    except ExceptionGroup as group:
        raise group.exceptions[0] from None


async def _lasting(job: Callable[[], Awaitable[None]]) -> None:
    await job()


async def beat_on(engine: Engine, ours: Hotline) -> None:
    """Say in the ledger that we are alive, until cancelled. Raises LedgerTakenError when it is ours no more."""
    while True:
        try:
            await in_transaction(engine, partial(owner.beat, ours=ours))
        except LedgerTakenError:
            raise
        except LedgerUnavailableError:
            pass  # the projector tells
        await asyncio.sleep(owner.BEAT_EVERY_S)


async def say_how_far(projector: Projector) -> None:
    """Tell the controller, until cancelled, up to when the ledger holds what the journals tell, and whether it is away.

    A controller that is gone is nobody to tell.
    """
    while True:
        said = json.dumps({"in_step_ms": projector.in_step_ms, "away": projector.away})
        with contextlib.suppress(OSError):
            os.write(sys.stdout.fileno(), f"{said}\n".encode())
        await asyncio.sleep(SAY_EVERY_S)
