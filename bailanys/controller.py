"""The controller: everything clever, in one process that may die at any moment without a caller noticing."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial

import structlog

from bailanys import disk_watch, journal_room, reconciler
from bailanys.api import keep_api
from bailanys.audit_keeper import AuditKeeper
from bailanys.callbacks import in_hours
from bailanys.control import ControlServer
from bailanys.demands import DemandDesk
from bailanys.desk import LiveDesk
from bailanys.disk_watch import DiskWatch, disks_of
from bailanys.dispatcher import Dispatcher, Inbox
from bailanys.journal import ControllerJournal
from bailanys.journal_room import JournalRoom
from bailanys.lost_calls import LostCalls
from bailanys.menu import LanguageOf, serve_callback, serve_menu
from bailanys.reconciler import Reconciler
from bailanys.reports import LedgerBooks
from bailanys.requests import Requests
from bailanys.retaining import dispose_due
from bailanys.site import Places, Secrets
from bailanys.storing import uploader_of
from bailanys.supervising import LiveSupervision
from bailanys.target_now import target_now
from bailanys.target_watch import TargetWatch
from calls.journal import Fact
from calls.people import People
from config.settings import Settings
from dialplan import names
from ivr.plan import MenuPlan, menu_plan
from recordings.finaliser import Finaliser
from recordings.opening import no_keys
from storage.engine import open_engine
from storage.errors import LedgerUnavailableError
from storage.ledger import Ledger
from storage.migrate import upgrade
from storage.projector import Projector
from storage.register import Register
from telephony.agi import AgiServer
from telephony.agi_line import AgiLine
from telephony.ami import AmiLink

log = structlog.get_logger(__name__)

PROJECT_EVERY_S = 0.25
FINISH_EVERY_S = 1.0
UPLOAD_EVERY_S = 1.0
LOST_EVERY_S = 10.0
DEMANDS_EVERY_S = 5.0
AUDIT_EVERY_S = 60.0
RETENTION_EVERY_S = 24 * 3600.0
PAST_MS = 8 * 3_600_000
"""Two half-lives of the running rates."""
AFTER_AN_ERROR_S = 1.0
TRUTH_LOOK_S = 0.1


async def run_controller(settings: Settings, places: Places, keys: Secrets) -> None:
    """Run until SIGTERM, or until the supervisor is gone. Raises OSError when a port is taken."""
    inbox: Inbox = asyncio.Queue()
    link = AmiLink("127.0.0.1", settings.ports.ami, "bailanys", keys.ami, inbox)  # type: ignore[arg-type]  # wider queue
    journal = ControllerJournal(places.journals[1])
    engine = open_engine(places.database_url)
    ledger = Ledger(engine)
    owed = partial(ledger.owed_callbacks, settings.callback.tries, settings.callback.keep_hours)
    dispatcher = Dispatcher(settings, link, inbox, journal, say_alive, owed)
    projector = Projector(engine, list(places.journals))
    alarm = partial(raise_alarm, journal)
    ring = places.ring if settings.recordings.encrypt else no_keys
    finaliser = Finaliser(places.spool, places.archive, ledger, keys=ring, alarm=alarm)
    uploader = uploader_of(places, ledger, alarm)
    demands = DemandDesk(Register(engine), ledger, settings.hotline.time_zone, People(settings.people))
    disks = DiskWatch(disks_of(places), alarm)
    dispose = partial(dispose_due, ledger, places, settings.storage.retention_days)
    lost = LostCalls(link, journal, ledger.open_calls)
    plan = menu_plan(settings)
    menu = AgiServer("127.0.0.1", settings.ports.agi, partial(serve, settings, plan, ledger.language_of))
    target = TargetWatch(settings, dispatcher, journal, ledger.so_far)
    standing = partial(target_now, target, settings)
    desk = LiveDesk(settings, dispatcher, link, lambda: projector.in_step_ms, standing, disks.now)
    books = LedgerBooks(ledger, places.database_url, settings.hotline.time_zone)
    supervision = LiveSupervision(settings, dispatcher, link, journal)
    control = ControlServer(places.control, Requests(desk, supervision).answer)

    await menu.start()
    await control.start()
    await link.start()
    tasks = [
        asyncio.create_task(dispatcher.run()),
        asyncio.create_task(dispatcher.audit()),
        asyncio.create_task(know_past(ledger, dispatcher, settings.offers.wrap_up_s)),
        asyncio.create_task(keep_ledger(places.database_url, projector)),
        asyncio.create_task(again_and_again("finish", FINISH_EVERY_S, finaliser.finish_ready)),
        asyncio.create_task(again_and_again("journal room", journal_room.EVERY_S, JournalRoom(places.journals).keep)),
        asyncio.create_task(again_and_again("disks", disk_watch.LOOK_EVERY_S, disks.look)),
        asyncio.create_task(again_and_again("lost calls", LOST_EVERY_S, lost.look)),
        asyncio.create_task(keep_target(target, dispatcher, settings.target.every_s)),
        asyncio.create_task(again_and_again("audit log", AUDIT_EVERY_S, AuditKeeper(places, ledger, alarm).keep)),
        asyncio.create_task(again_and_again("reconcile", reconciler.EVERY_S, Reconciler(ledger, places, alarm).look)),
        asyncio.create_task(again_and_again("retention", RETENTION_EVERY_S, dispose)),
        asyncio.create_task(again_and_again("demands", DEMANDS_EVERY_S, partial(demands.keep_time, alarm))),
        asyncio.create_task(keep_api(settings, places, dispatcher, (desk, supervision, books), demands, ledger, alarm)),
    ]
    if uploader is not None:
        tasks.append(asyncio.create_task(again_and_again("upload", UPLOAD_EVERY_S, uploader.look)))
    try:
        await told_to_end()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await control.close()
        await menu.close()
        await link.close()
        engine.dispose()


async def serve(settings: Settings, plan: MenuPlan, language_of: LanguageOf, line: AgiLine) -> None:
    """Serve the session that the dialplan asks for by the path it calls us at."""
    if line.variables.get("agi_network_script") == names.CALLBACK:
        now_ms = time.time_ns() // 1_000_000
        later = not in_hours(settings.callback, settings.hotline.time_zone, now_ms)
        await serve_callback(line, settings.callback.prefixes, later=later)
    else:
        await serve_menu(line, plan, language_of)


async def know_past(ledger: Ledger, dispatcher: Dispatcher, wrap_up_s: float) -> None:
    """Let the expected waits begin with the ledger's last hours; without them a usual day stands in."""
    now_ms = time.time_ns() // 1_000_000
    try:
        dispatcher.foretelling.know(await ledger.handled_between(now_ms - PAST_MS, now_ms), wrap_up_s)
    except LedgerUnavailableError as error:
        log.warning("expected waits begin without the past", error=str(error))


async def keep_target(target: TargetWatch, dispatcher: Dispatcher, every_s: float) -> None:
    """Look at the day every so often, from the moment on that the truth is known."""
    while not dispatcher.in_truth:
        await asyncio.sleep(TRUTH_LOOK_S)
    await again_and_again("target", every_s, target.look)


async def keep_ledger(database_url: str, projector: Projector) -> None:
    """Bring the tables up to date, however long the database may be away, then keep the ledger in step."""
    while True:
        try:
            await asyncio.to_thread(upgrade, database_url)
            break
        except LedgerUnavailableError as error:
            log.error("ledger unavailable", error=str(error))
            await asyncio.sleep(AFTER_AN_ERROR_S)
    await projector.run(PROJECT_EVERY_S)


async def again_and_again(name: str, every_s: float, deed: Callable[[], Awaitable[object]]) -> None:
    """Do it every so often; when it fails (the database or the disk is away), say so and go on."""
    while True:
        try:
            await deed()
        except Exception as error:  # the calls must not care; the journal and the spool keep everything
            log.error("will be tried again", what=name, error=repr(error)[:300])
            await asyncio.sleep(AFTER_AN_ERROR_S)
        await asyncio.sleep(every_s)


def raise_alarm(journal: ControllerJournal, kind: str, detail: str, at_ms: int | None = None) -> None:
    """Tell of something that a person should look at, in the log and in the ledger. Raises OSError (a full disk)."""
    log.error("alarm", kind=kind, detail=detail)
    now_ms = time.time_ns() // 1_000_000
    journal.write(Fact.ALARM, now_ms if at_ms is None else at_ms, {"kind": kind, "detail": detail})


def say_alive() -> None:
    """Tell the supervisor that the dispatcher does its work."""
    try:
        os.write(sys.stdout.fileno(), b".\n")
    except OSError:
        log.warning("no supervisor listens")


async def told_to_end() -> None:
    """Wait for SIGTERM or SIGINT, or for standard input to end because the supervisor did."""
    loop = asyncio.get_running_loop()
    end = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end.set)
    loop.add_reader(sys.stdin, partial(_supervisor_gone, loop, end))
    await end.wait()


def _supervisor_gone(loop: asyncio.AbstractEventLoop, end: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 64):
        loop.remove_reader(sys.stdin)
        end.set()
