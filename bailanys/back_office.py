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
from functools import partial

import structlog

from bailanys import reconciler
from bailanys.again import AFTER_AN_ERROR_S, again_and_again, told_to_end
from bailanys.alarming import raise_alarm
from bailanys.audit_keeper import AuditKeeper
from bailanys.demands import DemandDesk
from bailanys.journal import ControllerJournal
from bailanys.reconciler import Reconciler
from bailanys.retaining import dispose_due
from bailanys.site import Places
from bailanys.storing import uploader_of
from calls.people import People
from config.settings import Settings
from recordings.finaliser import Finaliser
from recordings.opening import no_keys
from storage.engine import open_engine
from storage.errors import LedgerUnavailableError
from storage.ledger import Ledger
from storage.migrate import upgrade
from storage.projector import Projector
from storage.register import Register

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
    engine = open_engine(places.database_url)
    ledger = Ledger(engine)
    projector = Projector(engine, list(places.journals))
    alarm = partial(raise_alarm, journal)
    ring = places.ring if settings.recordings.encrypt else no_keys
    finaliser = Finaliser(places.spool, places.archive, ledger, keys=ring, alarm=alarm)
    uploader = uploader_of(places, ledger, alarm)
    demands = DemandDesk(Register(engine), ledger, settings.hotline.time_zone, People(settings.people))
    dispose = partial(dispose_due, ledger, places, settings.storage.retention_days)
    tasks = [
        asyncio.create_task(say_how_far(projector)),
        asyncio.create_task(keep_ledger(places.database_url, projector)),
        asyncio.create_task(again_and_again("finish", FINISH_EVERY_S, finaliser.finish_ready)),
        asyncio.create_task(again_and_again("audit log", AUDIT_EVERY_S, AuditKeeper(places, ledger, alarm).keep)),
        asyncio.create_task(again_and_again("reconcile", reconciler.EVERY_S, Reconciler(ledger, places, alarm).look)),
        asyncio.create_task(again_and_again("retention", RETENTION_EVERY_S, dispose)),
        asyncio.create_task(again_and_again("demands", DEMANDS_EVERY_S, partial(demands.keep_time, alarm))),
    ]
    if uploader is not None:
        tasks.append(asyncio.create_task(again_and_again("upload", UPLOAD_EVERY_S, uploader.look)))
    try:
        await told_to_end()
    finally:
        signal.alarm(END_PATIENCE_S)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        engine.dispose()


async def keep_ledger(database_url: str, projector: Projector) -> None:
    """Bring the tables up to date, however long the database may be away, then keep the ledger in step."""
    while True:
        try:
            await asyncio.to_thread(upgrade, database_url)
            break
        except LedgerUnavailableError as error:
            projector.away = str(error)
            log.error("ledger unavailable", error=str(error))
            await asyncio.sleep(AFTER_AN_ERROR_S)
    await projector.run(PROJECT_EVERY_S)


async def say_how_far(projector: Projector) -> None:
    """Tell the controller, until cancelled, up to when the ledger holds what the journals tell, and whether it is away.

    A controller that is gone is nobody to tell.
    """
    while True:
        said = json.dumps({"in_step_ms": projector.in_step_ms, "away": projector.away})
        with contextlib.suppress(OSError):
            os.write(sys.stdout.fileno(), f"{said}\n".encode())
        await asyncio.sleep(SAY_EVERY_S)
